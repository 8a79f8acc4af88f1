"""`mech heal`: the healer of mech_infra.heal sent to the host and run there, and its log.

`command.py` sends it and hears it, `log.py` reads what it noted, `report.py` says both.
"""
