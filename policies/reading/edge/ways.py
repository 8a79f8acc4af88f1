"""Other ways from the edge to a host than its public ports: a tunnel of Cloudflare's, a load balancer of Vultr's."""

from __future__ import annotations

from policies.model import Stack, Unjudged
from policies.reading.edge.records import Record, records

_TUNNELS = ("cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared", "cloudflare:index/tunnel:Tunnel")
_BALANCER = "vultr:index/loadBalancer:LoadBalancer"
_NAME = ".cfargotunnel.com"


def by_tunnel(record: Record) -> bool:
    """Whether a record leads into a tunnel. An unknown one does not, as far as is known."""
    try:
        return record.type == "CNAME" and record.content.rstrip(".").lower().endswith(_NAME)
    except Unjudged:
        return False


def only_tunnels(stack: Stack) -> bool:
    """Whether visitors come by tunnels alone: no port of a host has to be open for them."""
    proxied = [one for one in records(stack) if one.resource.props.get("proxied") is True]
    into = [one for one in proxied if by_tunnel(one)]
    declared = any(stack.of(kind) for kind in _TUNNELS)
    return bool(into or declared) and all(one in into or _is_unknown(one, declared) for one in proxied)


def _is_unknown(record: Record, declared: bool) -> bool:
    """An alias that is not known yet is the tunnel's, where one is declared."""
    return declared and record.type == "CNAME" and not record.is_known


def balanced(stack: Stack) -> bool:
    """Whether a balancer stands between the edge and the host, which it reaches in the private network."""
    return any(one.props.get("vpc") or one.props.get("attachedInstances") for one in stack.of(_BALANCER))


def balancers(stack: Stack) -> list[str]:
    """The addresses of balancers that are known."""
    found = [one.props.get(key) for one in stack.of(_BALANCER) for key in ("ipv4", "ipv6")]
    return [one for one in found if isinstance(one, str) and one]
