"""Reads what a program says in text: UFW's rules and nginx's config inside commands, ports, environments."""
