"""The everyday steps of the `mech` command: a room each. They go by what is declared, so that nothing drifts afterwards.

`ps`, `logs`, `ssh` and `queue` look; `restart` ends and starts what is there; `settings` and `blocked` change the stack's
config, and `pulumi up` then does the work; `mute` keeps a known cause from waking people up.
"""
