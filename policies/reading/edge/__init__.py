"""Cloudflare's zone as a program declares it, whichever version of the provider's resources it uses."""

from policies.reading.edge.expression import holds
from policies.reading.edge.records import Record, records
from policies.reading.edge.rules import Acting, acting
from policies.reading.edge.settings import Setting, setting, settings
from policies.reading.edge.ways import balanced, balancers, by_tunnel, only_tunnels

__all__ = [
    "Acting",
    "Record",
    "Setting",
    "acting",
    "balanced",
    "balancers",
    "by_tunnel",
    "holds",
    "only_tunnels",
    "records",
    "setting",
    "settings",
]
