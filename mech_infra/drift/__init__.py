"""Drift of what lives on the host: facts (mech_infra.facts) as resources, put right by the commands that made them.

A command has no read (findings §1), so each part of the host has a *sensor*: a resource whose state is what
the host says (`sensor.HostState`). When that is not what is declared, the sensor's `generation` moves, and the command
that has it among its triggers, the *actuator*, runs again.

`sensor.py` is the resource, `engine.py` its way to the engine's log. `watchdog.py` and, on the host, `vigil.py` end what
hangs. Nothing here changes a host.
"""
