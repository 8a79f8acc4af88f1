"""How a service changes while it serves: the new version beside the old one, a gate, nginx switched, the old one drained.

Each version of a service is a container of its own, named by what it is made of (`slots.version`), so that the engine
makes the new one first and removes the old one when everything else is done. Two slots, blue and green, have a port each
on the host's loopback; nginx passes to the one that a file names, and reads that file at each request: no reload.

`slots.py` chooses, purely, by what the state has; `onhost.py` runs on the host (with `asking.py`) and makes room, gates, switches, watches
and drains. A version that fails is stopped and the one before goes on serving.
"""
