"""The Cloudflare plugin: its configuration and what it covers."""

from __future__ import annotations

import os
from typing import Any

from sandbox.providers.cloudflare import functions
from sandbox.providers.cloudflare.client import CloudflareApi
from sandbox.providers.cloudflare.dns import DnsRecord
from sandbox.providers.cloudflare.ruleset import OriginCaCertificate, Ruleset
from sandbox.providers.cloudflare.zone import (
    AuthenticatedOriginPulls,
    AuthenticatedOriginPullsSettings,
    Zone,
    ZoneSetting,
)
from sandbox.providers.contract import Context, Provider, ProviderError


class Cloudflare(Provider):
    name = "cloudflare"
    version = "6.23.1"
    resources = (
        DnsRecord,
        ZoneSetting,
        Zone,
        Ruleset,
        OriginCaCertificate,
        AuthenticatedOriginPullsSettings,
        AuthenticatedOriginPulls,
    )
    secret_config = frozenset({"apiToken", "apiKey", "apiUserServiceKey"})

    def __init__(self) -> None:
        super().__init__()
        self.api = CloudflareApi("")
        self._zone_names: dict[str, str] = {}

    def configure(self, ctx: Context, config: dict[str, Any]) -> None:
        def setting(name: str, variable: str) -> str:
            value = config.get(name)
            return value if isinstance(value, str) and value else os.environ.get(variable, "")

        self.api = CloudflareApi(
            setting("apiToken", "CLOUDFLARE_API_TOKEN"),
            setting("baseUrl", "CLOUDFLARE_BASE_URL"),
            setting("email", "CLOUDFLARE_EMAIL"),
            setting("apiKey", "CLOUDFLARE_API_KEY"),
        )

    def zone_name(self, zone_id: str) -> str:
        """The zone's domain, "" when it cannot be asked for; asked once."""
        if zone_id not in self._zone_names:
            try:
                self._zone_names[zone_id] = str(self.api.result("GET", f"zones/{zone_id}")["name"]).lower()
            except ProviderError:
                return ""
        return self._zone_names[zone_id]

    def invoke(self, ctx: Context, token: str, args: dict[str, Any]) -> dict[str, Any]:
        return functions.invoke(self.api, token, args)

    def cancel(self) -> None:
        self.api.cancelled.set()


def main() -> None:
    import signal

    from sandbox.providers.rpc import serve

    # The engine's way to close a plugin: it kills after 5 s. Ctrl-C does not come here (a process group of its own).
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    serve(Cloudflare())
