"""Firewalls that are not UFW: iptables, nftables and firewalld, as UFW's table would have them."""
