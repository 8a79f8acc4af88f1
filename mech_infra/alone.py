"""The services of a platform of one host: containers behind its nginx. Its counterpart is fleet.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pulumi

from mech_infra.components import draining
from mech_infra.components.proxy import Proxy, ProxyArgs
from mech_infra.components.services import Services, ServicesArgs
from mech_infra.config import PlatformConfig
from mech_infra.ground import First, Outside
from mech_infra.state import State


class Alone:
    """Declares them. `running` are the services, `entrances` what is in front of them; `ready` is to be waited for by who is to
    find them answering."""

    def __init__(
        self,
        platform: PlatformConfig,
        secrets: Mapping[str, str],
        before: State,
        first: First,
        outside: Outside,
        leaving: bool,
    ) -> None:
        """`leaving`: they run in a fleet until now."""
        services, installed = platform.resolved_services(), first.certificates.installed
        exposed = platform.firewall.expose_service_ports
        passing = ProxyArgs(platform.proxy, platform.domain, services, exposed, first.host, installed, outside.edge)
        needs = ServicesArgs(services, secrets, platform.rollout, before, first.host, first.runtime, first.ready)
        if leaving:
            pulumi.log.info(draining.told("one host", "the tasks and the other hosts", platform.rollout.drain_s))
            # nginx passes to the fleet's tasks until these serve.
            self.running = Services("services", needs)
            proxy = Proxy("proxy", replace(passing, after=self.running.ready))
        else:
            # Before the services: it knows both slots, and they are let in one by one.
            proxy = Proxy("proxy", passing)
            self.running = Services("services", replace(needs, ready=[*first.ready, proxy.installed]))
        self.entrances: list[pulumi.Resource] = [proxy.installed, first.firewall.confirmed]
        self.ready = [*self.running.ready, *self.entrances]

    @property
    def records(self) -> dict[str, pulumi.Output[str]]:
        """No host beside the first one has visitors sent to it."""
        return {}
