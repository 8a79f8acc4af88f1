"""`mech backup`: the host's own program (mech_infra.backup) asked from here, and retention, which the host may not do.

`command.py` asks the host and hears it, `restore.py` has it restore, `retention.py` forgets old snapshots, `report.py` says both.
"""
