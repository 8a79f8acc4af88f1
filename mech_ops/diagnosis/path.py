"""The way of a request, hop by hop: what is known of each of them, and never more than was looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from mech_ops.diagnosis.causes import TABLE
from mech_ops.diagnosis.causes.model import Severity
from mech_ops.diagnosis.look import View
from mech_ops.diagnosis.ranking import Diagnosis, Named

Mark = Literal["ok", "warning", "broken", "unknown"]
_WORST: tuple[Mark, ...] = ("broken", "warning", "unknown", "ok")
_MARKS: dict[Severity, Mark] = {"outage": "broken", "data": "broken", "degraded": "warning", "risk": "warning"}
_DATABASES = ("redis", "mongodb")
# Nobody knows where between them it breaks: neither may pass for well.
_BETWEEN = {
    "BETWEEN_EDGE_AND_NGINX": ("vultr", "ufw"),
    "BETWEEN_NGINX_AND_CONTAINER": ("nginx", "containers"),
    "EDGE_REFUSES": ("edge",),
}


@dataclass(frozen=True)
class Hop:
    """`says` is for people; `codes` are the causes that lie here, the worst first."""

    key: str
    name: str
    mark: Mark
    says: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Path:
    """A request's own way, outside the host and on it, and what the host itself rests on."""

    outside: tuple[Hop, ...]
    host: tuple[Hop, ...]
    beside: tuple[Hop, ...]

    @property
    def whole(self) -> bool:
        """Whether everything could be looked at."""
        return all(hop.mark != "unknown" for hop in (*self.outside, *self.host, *self.beside))


def path(found: Diagnosis) -> Path:
    views = list(found.look.views.values())
    return Path(
        outside=(
            _visitor(views),
            _hop(found, "dns", "DNS", "the records are as declared", ("dns",)),
            _hop(found, "edge", "Cloudflare edge", "answers, set as declared", ("edge",), _edge),
            _hop(found, "vultr", "Vultr firewall", "group, instance and address as declared", ("vultr",)),
        ),
        host=(
            _hop(found, "ufw", "UFW", "its rules are as declared", ("firewall",)),
            _hop(found, "nginx", "nginx", "answers for every service", ("nginx", "certificate"), _nginx),
            _hop(
                found, "containers", "Containers", "every service is well",
                ("forwarding", "docker", "swarm", "container", "service", "vendor"), _containers,
            ),
            _hop(found, "databases", "Databases", "Redis and MongoDB run as declared", ("datastores",), _databases),
        ),
        beside=(
            _hop(found, "ssh", "SSH", "answers", ("ssh",), lambda _: _ssh(found)),
            _hop(found, "machine", "Machine", "disk, memory and clock are well", ("machine",)),
        ),
    )  # fmt: skip


_Seen = Iterator[tuple[Mark, str]]


def _nothing(_: list[View]) -> _Seen:
    return iter(())


def _hop(
    found: Diagnosis,
    key: str,
    name: str,
    well: str,
    layers: tuple[str, ...],
    seen: Callable[[list[View]], _Seen] = _nothing,
) -> Hop:
    """The worst of what its causes, the services' answers and the causes that nobody could look for say."""
    views = list(found.look.views.values())
    here = [named for named in found.named if named.cause.layer in layers or key in _BETWEEN.get(named.code, ())]
    said = [(_mark(named), _short(named)) for named in here if named.severity != "notice"]
    said += [*_not_looked_for(found, layers, _passing(key, views)), *seen(views)]
    mark, says = min(said, key=lambda one: _WORST.index(one[0]), default=("ok", well))
    return Hop(key, name, mark, says, tuple(named.code for named in here))


def _mark(named: Named) -> Mark:
    """Red is where it breaks: what only follows from another cause, or lies somewhere between two hops, is yellow."""
    mark = _MARKS[named.severity]
    return "warning" if named.after or named.code.startswith("BETWEEN_") else mark


def _short(named: Named) -> str:
    if named.code.startswith("BETWEEN_"):
        return "nothing found here, but requests get lost on this stretch"
    return "suffers from another cause" if named.after else named.sentence


def _not_looked_for(found: Diagnosis, layers: tuple[str, ...], passing: str) -> _Seen:
    layers = tuple(layer for layer in layers if layer != "swarm" or found.look.hosts)
    here = {code for code, about in TABLE.items() if about.layer in layers and not about.fallback}
    for codes in found.skipped.values():
        if missed := here & set(codes):
            some = "not looked at" if missed == here else f"{len(missed)} of {len(here)} checks could not be made"
            yield "unknown", "; ".join(part for part in (some, passing) if part)


def _passing(key: str, views: list[View]) -> str:
    """That requests come through is worth knowing where nobody could look; it does not make the hop green."""
    count = sum(view.edge.state == "ok" for view in views)
    return f"requests of {count} services pass" if count and key not in ("ssh", "machine", "databases") else ""


def _visitor(views: list[View]) -> Hop:
    bad = [view.edge for view in views if view.edge.state in ("down", "degraded")]
    if bad:
        codes = Counter(str(edge.code or "no answer") for edge in bad).most_common()
        how = codes[0][0] if len(codes) == 1 else ", ".join(f"{count}× {code}" for code, count in codes)
        mark: Mark = "broken" if any(edge.state == "down" for edge in bad) else "warning"
        return Hop("visitor", "Visitor", mark, f"{len(bad)} of {len(views)} services fail: {how}")
    unknown = sum(view.edge.state == "unknown" for view in views)
    if unknown or not views:
        return Hop("visitor", "Visitor", "unknown", f"{unknown} of {len(views)} services could not be asked")
    return Hop("visitor", "Visitor", "ok", f"all {len(views)} services answer")


def _edge(views: list[View]) -> _Seen:
    if not any(view.edge.code for view in views):
        yield "unknown", "no HTTP answer came from it"


def _nginx(views: list[View]) -> _Seen:
    silent = [view.name for view in views if view.nginx.state == "down" and not view.nginx.code]
    if silent:
        yield "broken", f"does not answer for {len(silent)} of {len(views)} services"
    if any(view.nginx.state == "unknown" for view in views):
        yield "unknown", "not asked for every service"


def _containers(views: list[View]) -> _Seen:
    marks: dict[str, Mark] = {"down": "broken", "degraded": "warning", "unknown": "unknown"}
    for state, mark in marks.items():
        names = [view.name for view in views if view.container.state == state]
        if names:
            word = "not asked" if state == "unknown" else state
            yield mark, f"{word}: {', '.join(names[:3])}" + (f" and {len(names) - 3} more" if names[3:] else "")


def _databases(views: list[View]) -> _Seen:
    for name in _DATABASES:
        if lost := [view.name for view in views if name in view.needs]:
            yield "warning", f"{', '.join(lost)} miss {name}"


def _ssh(found: Diagnosis) -> _Seen:
    if "host" not in found.look.bundle.facts:
        yield "unknown", found.look.bundle.silent.get("host", "not tried")
    for name, part in found.look.bundle.members.items():
        if "host" not in part["facts"]:
            yield "unknown", f"{name}: {part['silent'].get('host', 'not tried')}"
