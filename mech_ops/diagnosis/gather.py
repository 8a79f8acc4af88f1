"""One look at everything, at once: the services through the edge, the host, the zone, Vultr."""

from __future__ import annotations

import asyncio
import concurrent.futures
import dataclasses
import datetime as dt
import functools
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from mech_infra.facts import model, wanted
from mech_infra.facts.clouds import cloudflare, ranges, vultr
from mech_infra.facts.host import program, trip
from mech_ops import hosts, pulumi, status
from mech_ops import resources as resources_of
from mech_ops.diagnosis import declared, fleet
from mech_ops.diagnosis.bundle import Bundle
from mech_ops.redaction import redacted

Json = dict[str, Any]

# Seconds. A host that says nothing, and an edge that waits for it, must not cost more than 15.
EDGE_S, HOST_ANSWERED_EDGE_S = 13.0, 8.0


Heard = Callable[[str, float, str], None]
"""Hears each source as it comes in: its name, the seconds that it took, and why it said nothing (else empty)."""


def unheard(source: str, seconds: float, silent: str) -> None:
    """For who waits without a word."""


@dataclasses.dataclass(frozen=True)
class More:
    """What somebody wants to know beside: readers of the host, and further sources, given what is declared."""

    host: Sequence[str] = ()
    sources: Mapping[str, Callable[[Json], Json]] = dataclasses.field(default_factory=dict)


def look(
    stack: str | None,
    heard: Heard = unheard,
    known: Json | None = None,
    more: More | None = None,
    begun: pulumi.Exports | None = None,
) -> Bundle:
    """`known`: what the edge has said already; `begun`: the state's exports. Raises OpsError without a state to go by."""
    begun = begun or pulumi.exports(stack)
    program.ready()  # while they run
    state = functools.partial(declared.state, stack, begun.opened)
    outline = declared.outline(begun)
    return look_at(outline, heard, known, more, state) if outline else look_at(state(), heard, known, more)


def look_at(
    resources: list[Json],
    heard: Heard = unheard,
    known: Json | None = None,
    more: More | None = None,
    state: Callable[[], list[Json]] | None = None,
) -> Bundle:
    """The same, for who has the state's resources already.

    Where those lack its secrets, `state` gets them whole meanwhile: to judge by, and to take the secrets out.
    """
    more = more or More()
    bundle = Bundle(dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), declared.declared(resources))
    began = time.monotonic()
    worth = Worth()
    members = hosts.of(resources)
    asks = _asks(bundle.declared, resources_of.accesses(resources), members, worth, more)
    if known is not None:
        asks["edge"] = lambda: {"answers": known}
    with concurrent.futures.ThreadPoolExecutor(len(asks) + 1) as pool:
        whole = pool.submit(_whole, state or (lambda: resources))
        pending = {pool.submit(ask): source for source, ask in asks.items()}
        for done in concurrent.futures.as_completed(pending):
            source, took = pending[done], time.monotonic() - began
            try:
                bundle.facts[source] = done.result()
            except model.Unreachable as error:
                bundle.silent[source] = str(error)
            bundle.seconds[source] = round(took, 2)
            worth.inside = fleet.inside(bundle, members)
            heard(source, took, bundle.silent.get(source, ""))
    resources, secrets = whole.result()
    bundle.declared = declared.declared(resources)
    fleet.judged(bundle, resources_of.sensors(resources), members)
    return scrubbed(bundle, secrets)


def _whole(state: Callable[[], list[Json]]) -> tuple[list[Json], list[str]]:
    """The state's resources and its secrets, whose encodings are known from then on: redacting waits for nothing."""
    resources = state()
    secrets = declared.secrets(resources)
    redacted("", secrets)
    return resources, secrets


@dataclasses.dataclass
class Worth:
    """How long the edge's answers are worth waiting for, in seconds. `inside`: what the host gets of each service itself."""

    inside: Json | None = None

    def __call__(self, late: Collection[str]) -> float:
        if self.inside is None:
            return EDGE_S
        # Where nginx itself gets no answer from a service, the edge has nothing to add.
        silent = [name for name in late if (self.inside.get(name) or {}).get("nginx", {}).get("code") == 0]
        return 0.0 if len(silent) == len(late) else HOST_ANSWERED_EDGE_S


def _asks(
    about: Json, accesses: list[Json], members: Sequence[hosts.Host], worth: Worth, more: More
) -> dict[str, Callable[[], Json]]:
    asks: dict[str, Callable[[], Json]] = {"edge": lambda: {"answers": answers(about["services"], worth)}}
    asked = wanted.asked(about) | {name: {} for name in more.host}
    for host in members:
        if host.access:
            asks[fleet.source(host)] = functools.partial(trip.facts, host.access, asked, fresh_s=0)
    if edge := next((access for access in accesses if "ranges" in access), None):
        asks["ranges"] = lambda: ranges.facts(edge)
    if about["zone"]:
        asks["zone"] = lambda: cloudflare.zone_facts({"zone": about["zone"]})
    if about["ids"]["instance"]:
        asks["vultr"] = lambda: {
            "attachments": vultr.attachments(about["ids"]),
            "rules": vultr.facts({"firewall_group": about["ids"]["firewall_group"]})["rules"],
            **fleet.attachments(about),
        }
    return asks | {name: functools.partial(ask, about) for name, ask in more.sources.items()}


def answers(services: Mapping[str, Json], worth: Worth) -> Json:
    """What a visitor gets of each service's health.

    Raises model.Unreachable where nobody can be asked from this machine.
    """
    urls = {name: about["url"] for name, about in services.items()}
    if why := status.not_from_here(urls.values()):
        raise model.Unreachable(why)
    return as_facts(asyncio.run(status.ask_until(urls, worth)))


def as_facts(found: Sequence[status.Health]) -> Json:
    return {
        health.service: {
            "code": health.code, "ms": health.took_ms, "status": health.state if health.reported else "",
            "error": "" if health.code else health.detail, "dependencies": health.dependencies,
        }
        for health in found
    }  # fmt: skip


def scrubbed(bundle: Bundle, secrets: list[str]) -> Bundle:
    """The same without any secret's text: it may be kept and sent."""
    return Bundle(**redacted(dataclasses.asdict(bundle), secrets))
