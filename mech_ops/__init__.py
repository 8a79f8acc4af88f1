"""Observes and heals a running stack: the `mech` command."""
