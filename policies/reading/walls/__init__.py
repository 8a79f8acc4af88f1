"""Firewalls that are not UFW: iptables, nftables and firewalld, as UFW's table would have them."""

from policies.reading.walls.packets import rule_of
from policies.reading.walls.wall import Wall, others

__all__ = ["Wall", "others", "rule_of"]
