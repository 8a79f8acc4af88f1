"""`mech drill`: the disaster exercise. A host from nothing beside the running one, its data restored, measured, removed again.

`place.py` is a stack of its own, with a state, a config and a passphrase of its own, that nothing of the real one can be harmed
by; `command.py` goes through the exercise; `removal.py` takes all of it away by its name alone, whatever was left;
`history.py` keeps what came of each, `page.py` and `report.py` show that.
"""
