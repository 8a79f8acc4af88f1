"""Drift of what lives on the host: read in one SSH trip, judged in words, put right by the commands that made it.

A command has no read (findings §1), so each part of the host has a *sensor*: a resource whose state is what
the host says (`sensor.HostState`). When that is not what is declared, the sensor's `generation` moves, and the command
that has it among its triggers, the *actuator*, runs again.

`checks.py` says what is looked at; `probe.py` runs on the host and reads; `reading.py` fetches, `clouds.py` asks the two
APIs; `judging.py` turns facts into words, `watching.py` names what is not ours; `sensor.py` is the resource, `engine.py`
its way to the engine's log. `watchdog.py` and, on the host, `vigil.py` end what hangs. Nothing here changes a host.
"""
