"""The everyday steps of `mech`, without a host: what they ask it, and what they make of its answers."""
