"""Our sentence in place of a plugin's error, where there is a better one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pulumi
from pulumi.runtime import mocks, settings
from pulumi.runtime.proto import resource_pb2

Explain = Callable[[Mapping[str, Any], str], str | None]
"""From a resource's inputs and the plugin's error to a sentence for people; None where there is none, or it is said already."""


def on_error(name: str, explain: Explain) -> pulumi.ResourceHookBinding | None:
    """For ResourceOptions.hooks; None where nobody would call it."""
    # Mocks (`mech policy check`) have no engine that calls back; a CLI older than the SDK may not know such hooks.
    known = settings.monitor_supports_feature(resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS)
    if not known or isinstance(settings.get_monitor(), mocks.MockMonitor):
        return None

    def hook(args: pulumi.ErrorHookArgs) -> bool:
        if said := explain(args.new_inputs or {}, args.errors[0]):
            raise pulumi.RunError(said)
        return False  # no second try, and the plugin's own error stands

    return pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook(name, hook)])
