"""The Vultr plugin: its configuration and what it covers."""

from __future__ import annotations

import os
from typing import Any

from sandbox.providers.contract import Context, Provider, ProviderError
from sandbox.providers.vultr import functions
from sandbox.providers.vultr.block import BlockStorage
from sandbox.providers.vultr.client import VultrApi
from sandbox.providers.vultr.instance import Instance
from sandbox.providers.vultr.simple import FirewallGroup, FirewallRule, ReservedIp, SSHKey, StartupScript
from sandbox.providers.vultr.vpc import Vpc


class Vultr(Provider):
    name = "vultr"
    version = "2.27.1"
    resources = (Instance, SSHKey, FirewallGroup, FirewallRule, ReservedIp, StartupScript, BlockStorage, Vpc)
    secret_config = frozenset({"apiKey"})
    sdk_v2 = True

    def __init__(self) -> None:
        super().__init__()
        self.api = VultrApi("")

    def configure(self, ctx: Context, config: dict[str, Any]) -> None:
        """Keeps the key; a missing one is an error only when the API is called, so that `destroy` of nothing works."""
        key = config.get("apiKey")
        key = key if isinstance(key, str) and key else os.environ.get("VULTR_API_KEY", "")
        self.api = VultrApi(key, _number(config, "rateLimit", 500), _number(config, "retryLimit", 3))

    def invoke(self, ctx: Context, token: str, args: dict[str, Any]) -> dict[str, Any]:
        return functions.invoke(self.api, token, args)

    def cancel(self) -> None:
        self.api.cancelled.set()


def _number(config: dict[str, Any], name: str, default: int) -> int:
    value = config.get(name, default)
    try:
        number = int(value) if isinstance(value, int | str) else default
    except ValueError:
        raise ProviderError(f"vultr:{name} must be a whole number, not {value!r}") from None
    if number < 0:
        raise ProviderError(f"vultr:{name} must not be negative, it is {number}")
    return number


def main() -> None:
    import signal

    from sandbox.providers.rpc import serve

    # The engine's way to close a plugin: it kills after 5 s. Ctrl-C does not come here (a process group of its own).
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    serve(Vultr())
