"""The command plugin: three resources and one function."""

from __future__ import annotations

from typing import Any, ClassVar

from sandbox.providers.contract import Context, Provider, ProviderError
from sandbox.providers.values import Secret

from .copy import CopyToRemote
from .local import LocalCommand, run_local
from .remote import RemoteCommand


class Command(Provider):
    name = "command"
    version = "1.2.1"
    compares_config = False
    stamp: ClassVar[dict[str, str]] = {"__pulumi-go-provider-version": "v1.5.0"}  # the framework it is written in
    resources = (LocalCommand, RemoteCommand, CopyToRemote)
    # `connection` is secret as a whole, but an error that hides which host failed helps nobody.
    public_keys = frozenset({"host", "user", "hostKey", "agentSocketPath"})

    def invoke(self, ctx: Context, token: str, args: dict[str, Any]) -> dict[str, Any]:
        if token != "command:local:run":  # noqa: S105 - a function token
            return super().invoke(ctx, token, args)
        if "command" not in args:
            raise ProviderError("command:local:run needs `command`")
        # Runs at preview too, as the official function does.
        return {**args, **run_local(ctx, args["command"], args, {})}

    def secret_invoke_outputs(self, token: str, result: dict[str, Any], secret_args: bool) -> dict[str, Any]:
        if not secret_args:
            return result
        return {key: Secret(item) if key in ("stdout", "stderr") else item for key, item in result.items()}
