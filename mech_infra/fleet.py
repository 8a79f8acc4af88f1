"""A fleet's part of the platform: the hosts beside the first one, the swarm that all are, and the services in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ediri_vultr as vultr
import pulumi

from mech_infra.components.certificates import Certificates, CertificatesArgs
from mech_infra.components.draining import Draining, DrainingArgs
from mech_infra.components.firewall import Firewall, FirewallArgs
from mech_infra.components.host import Host, HostArgs
from mech_infra.components.private_network import PrivateNetwork, PrivateNetworkArgs
from mech_infra.components.proxy import Proxy, ProxyArgs
from mech_infra.components.swarm import Swarm, SwarmArgs
from mech_infra.components.tasks import Tasks, TasksArgs
from mech_infra.config import PlatformConfig
from mech_infra.config.fleet import Member
from mech_infra.ground import First, Outside
from mech_infra.guard import judging
from mech_infra.guard.program import Guard
from mech_infra.state import State

_SERVICE = "docker:index/service:Service"
_ALONE = f"mech:platform:Service${judging.CONTAINER}::"  # in the URNs of services' containers
_HOST = "host-instance"


def had(before: State) -> bool:
    """Whether the stack is a fleet now."""
    return any(found["type"] == _SERVICE for found in before.values())


def _alone(before: State) -> bool:
    """Whether services run as containers of the first host, to which its nginx passes."""
    return any(about["type"] == judging.CONTAINER and _ALONE in urn for urn, about in before.items())


def _tell_of_both(before: State, members: Sequence[Member], first: str) -> None:
    """For the plan: hosts that go are told nothing any more, so they do not know those that come."""
    there = {judging.member(urn) for urn, about in before.items() if about["type"] == judging.INSTANCE}
    going = sorted(f"{first}-{mark}" for mark in there - {member.mark for member in members})
    coming = sorted(member.name for member in members if member.mark not in there)
    if going and coming:
        pulumi.log.warn(
            f"{', '.join(coming)} come while {', '.join(going)} go: until they are gone, visitors who are sent to these get 502 "
            "from services whose tasks moved to those. Nobody does with an `up` for more hosts, and then one for fewer"
        )


def private_network(platform: PlatformConfig, before: State, guard: Guard) -> vultr.Vpc | None:
    """What the hosts speak on; a host that runs and is put onto it is restarted, which the guard tells or refuses."""
    if not (platform.is_fleet or platform.fleet.network):
        return None
    running = (
        found for urn, found in before.items() if found["type"] == judging.INSTANCE and urn.endswith(f"::{_HOST}")
    )
    guard.restart(_HOST, next(running, {}).get("outputs"))
    return PrivateNetwork("private", PrivateNetworkArgs(platform.host)).vpc


class Fleet:
    """Declares it. `running` are the services, `entrances` what is in front of them; `ready` is to be waited for by who is to
    find them answering."""

    def __init__(
        self,
        platform: PlatformConfig,
        secrets: Mapping[str, str],
        before: State,
        first: First,
        outside: Outside,
        private: vultr.Vpc,
    ) -> None:
        self._platform, self._outside, self._first = platform, outside, first
        members = platform.members()
        _tell_of_both(before, members, platform.host.hostname)
        self.hosts: dict[Member, Host] = {members[0]: first.host}
        self.hosts |= {member: self._host(member, private) for member in members[1:]}
        firewalls = {member: first.firewall if member.first else self._firewall(member) for member in members}
        confirmed = [firewall.confirmed for firewall in firewalls.values()]
        certificates = {
            member: first.certificates if member.first else self._certificates(member) for member in members
        }
        about = SwarmArgs(self.hosts, platform.fleet.encrypted, first.runtime.provider, confirmed, first.volume.mounted)
        swarm = Swarm("swarm", about)
        swarm.databases([first.datastores.redis.id, first.datastores.mongodb.id], first.network.repair)
        # Into a fleet, the first one's nginx goes on passing to what serves now until the tasks are well. The others know a new
        # member before a task is there, and one that goes until it has none.
        late = [members[0]] if _alone(before) else []
        early = [self._proxy(member, certificates[member], swarm, []) for member in members if member not in late]
        services = platform.resolved_services()
        self.running = Tasks(
            "tasks",
            TasksArgs(
                services, secrets, platform.rollout, len(platform.takers()),
                {service.name: first.images.digests[service.name] for service in services},
                first.host, first.runtime.provider, swarm.network,
                [*first.ready, *swarm.ready, *(proxy.installed for proxy in early), *confirmed],
            ),
        )  # fmt: skip
        vacated = swarm.vacated(self.running.ready)
        proxies = [*(self._proxy(member, certificates[member], swarm, [vacated]) for member in late), *early]
        # One edge a resource where one says all: who waits for these waits for all that they wait for. The SDK walks the whole graph
        # for each edge.
        passing = [proxy.settled([vacated]) for proxy in proxies]
        held = DrainingArgs(self.hosts, platform.rollout.drain_s, passing, self.running.ready, _alone(before))
        draining = Draining("draining", held)
        self.entrances: list[pulumi.Resource] = draining.leaving
        self.ready = self.entrances

    @property
    def records(self) -> dict[str, pulumi.Output[str]]:
        """The addresses of those beside the first one that visitors are sent to, by their marks."""
        return {m.mark: host.address for m, host in self.hosts.items() if not m.first and not m.drained}

    def _host(self, member: Member, private: vultr.Vpc) -> Host:
        about = HostArgs(self._platform.host, private=private, member=member, first=self._first.host)
        return Host(f"host-{member.mark}", about)

    def _firewall(self, member: Member) -> Firewall:
        outside, config = self._outside, self._platform.firewall
        about = FirewallArgs(config, outside.allowed, outside.ports, self.hosts[member], outside.edge)
        return Firewall(f"firewall-{member.mark}", about)

    def _certificates(self, member: Member) -> Certificates:
        about = CertificatesArgs(self._platform.certificate, self._platform.domain, self.hosts[member])
        return Certificates(f"certificates-{member.mark}", about)

    def _proxy(
        self, member: Member, certificates: Certificates, swarm: Swarm, after: Sequence[pulumi.Resource]
    ) -> Proxy:
        platform = self._platform
        about = ProxyArgs(
            platform.proxy, platform.domain, platform.resolved_services(), platform.firewall.expose_service_ports,
            self.hosts[member], certificates.installed, self._outside.edge,
            [host.private for host in self.hosts.values()], swarm.addresses, after,
        )  # fmt: skip
        return Proxy(f"proxy{member.mark and '-'}{member.mark}", about)
