"""Where nobody knows the cause: at least between which two it lies. Looked for only where nothing else explains it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from mech_ops.diagnosis.causes.model import Found, cause
from mech_ops.diagnosis.look import Look

# Codes that the edge gives by itself.
_REFUSALS = (301, 302, 403, 429)


def _broken(look: Look, outer: str, inner: str, but: Collection[int] = ()) -> Iterator[Found]:
    """Services that are down at the one view, by other codes than these, and well at the next one inwards: one finding."""
    lost = {
        name: (there, within)
        for name in sorted(look.failing)
        if (there := getattr(look.views[name], outer)).state == "down"
        and there.code not in but
        and (within := getattr(look.views[name], inner)).state == "ok"
    }
    if lost:
        how = next(iter(lost.values()))[0]
        given = {"names": ", ".join(lost), "how": f"{how.code or 'no answer'}: {how.says}"}
        shows = (f"{name}: {outer} {there.code}, {inner} {within.code}" for name, (there, within) in lost.items())
        yield Found(tuple(lost), given, tuple(shows))


@cause(
    "BETWEEN_EDGE_AND_NGINX",
    "{names}: nginx on the host answers, and the edge gets nothing of it ({how})",
    layer="between",
    visitor="52x",
    guide="Issue 1: All Services Unreachable",
    reads=("edge.answers", "host.answers"),
    fallback=True,
    fix="what lies between them: Vultr's group, UFW, other rules of iptables, the address; mech drift",
    floor="outage",
)
def edge_and_nginx(look: Look) -> Iterator[Found]:
    yield from _broken(look, "edge", "nginx", but=_REFUSALS)


@cause(
    "BETWEEN_NGINX_AND_CONTAINER",
    "{names}: the container answers, and nginx on the host does not get it ({how})",
    layer="between",
    visitor="502 or 504",
    guide="Nginx Proxy Issues",
    reads=("edge.answers", "host.answers"),
    fallback=True,
    fix="tail -20 /var/log/nginx/error.log; nginx -T | grep -A5 upstream; mech drift",
    floor="outage",
    rules=(
        "services-port-mismatch",
        "services-upstream-port",
    ),
)
def nginx_and_container(look: Look) -> Iterator[Found]:
    yield from _broken(look, "nginx", "container")


@cause(
    "IN_THE_CONTAINER",
    "{name}: its container does not answer well: {how}",
    layer="between",
    visitor="502, 503 or 524",
    guide="System Status Overview",
    reads=("edge.answers", "host.answers"),
    fallback=True,
    fix="docker logs --tail 50 {container}; mech history {name}; mech rollback {name}",
    floor="outage",
)
def in_container(look: Look) -> Iterator[Found]:
    for name in sorted(look.failing):
        inside = look.views[name].container
        if inside.state in ("down", "degraded"):
            container = look.services[name]["containers"][0]
            yield Found(
                (name,), {"name": name, "how": inside.says, "container": container}, (f"{container}: {inside.says}",)
            )


@cause(
    "EDGE_SAYS",
    "{names}: the edge says {how}, and the host could not be asked",
    layer="between",
    visitor="what it says",
    guide="Issue 1: All Services Unreachable",
    reads=(
        "edge.answers",
        "host.silent",
        "host.answers",
    ),
    fix="mech recover; Vultr's console",
    floor="outage",
    fallback=True,
)
def edge_says(look: Look) -> Iterator[Found]:
    lost = {n: v.edge for n, v in look.views.items() if n in look.failing and v.nginx.state == "unknown"}
    if lost and look.silent("host"):
        how = next(iter(lost.values()))
        yield Found(
            tuple(sorted(lost)), {"names": ", ".join(sorted(lost)), "how": f"{how.code or ''} {how.says}".strip()}
        )


@cause(
    "EDGE_REFUSES",
    "{names}: the edge itself answers {how}",
    layer="between",
    visitor="what it says",
    guide="Unauthorized Access",
    reads=(
        "edge.answers",
        "host.answers",
    ),
    fallback=True,
    fix="Cloudflare's dashboard: Security, Events",
    floor="outage",
)
def edge_refuses(look: Look) -> Iterator[Found]:
    lost = {n: v.edge for n, v in look.views.items() if n in look.failing and v.edge.code in _REFUSALS}
    if lost:
        yield Found(tuple(sorted(lost)), {"names": ", ".join(sorted(lost)), "how": str(next(iter(lost.values())).code)})
