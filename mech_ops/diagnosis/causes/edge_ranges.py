"""Where only Cloudflare's edge is let in: a range of it that is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mech_ops.diagnosis.causes.firewall import entrance, of_the_edge
from mech_ops.diagnosis.causes.model import Found, cause
from mech_ops.diagnosis.look import Look


def _refused(look: Look) -> tuple[str, ...]:
    """Services to which the edge gets no connection: one range of many shuts out only those who come by it."""
    return tuple(name for name, view in look.views.items() if view.edge.code in (521, 522))


def _some(texts: Sequence[str]) -> str:
    return ", ".join(texts[:3]) + (f" and {len(texts) - 3} more" if texts[3:] else "")


@cause(
    "EDGE_RANGE_SHUT_OUT",
    "UFW does not let Cloudflare's edge in at {port}/tcp from {ranges}: {there}",
    layer="firewall",
    visitor="522 after 19 s, for those whom the edge serves from there",
    guide="public reports: an origin that lets in Cloudflare alone",
    reads=("drift.ufw-rule",),
    fix="pulumi up",
    key="mech:firewall.webFrom",
    rules=("firewall-edge-shut-out",),
)
def edge_shut_out(look: Look) -> Iterator[Found]:
    by: dict[tuple[str, str], list[str]] = {}
    for item in look.drift("ufw-rule"):
        if of_the_edge(item):
            by.setdefault((item.label.partition("/")[0], item.there), []).append(item.about["source"])
    for (port, there), sources in by.items():
        harmed = _refused(look) if port == entrance(look) else ()
        shown = tuple(f"UFW: {port}/tcp from {source} {there}" for source in sources[:3])
        yield Found(harmed, {"port": port, "there": there, "ranges": _some(sources)}, shown)


@cause(
    "EDGE_RANGES_OLD",
    "the firewall does not know where Cloudflare's edge comes from by now: {what}",
    layer="firewall",
    visitor="522 after 19 s, for those whom the edge serves from there",
    guide="public reports: an origin that lets in Cloudflare alone",
    reads=("drift.edge-ranges-new", "drift.edge-ranges-given-up"),
    fix="pulumi up",
    key="mech:firewall.webFrom",
    rules=("firewall-edge-shut-out",),
)
def edge_ranges_old(look: Look) -> Iterator[Found]:
    for item in look.drift("edge-ranges-new", source="ranges"):
        yield Found(_refused(look), {"what": f"it publishes {item.there}, too"}, (f"GET /ips: {item.there}",))
    for item in look.drift("edge-ranges-given-up", source="ranges"):
        yield Found((), {"what": f"{item.there} is not its own any more"}, (f"not in GET /ips: {item.there}",))
