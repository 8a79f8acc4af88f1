"""Backups of what the platform must not lose, each proved by restoring it; runs on the host as one file.

`onhost.py` is the command there. `taking.py` makes a snapshot: dumps (`mongodb.py`, `redis.py`) and files (`files.py`) in a
folder, with a manifest (`manifest.py`) of what is in them, by restic (`restic.py`). `proving.py` fetches the newest one, starts
it in containers without a network (`scratch.py`) and compares. `restoring.py` puts one that is meant (`selecting.py`, `choosing.py`) into
what serves (`putting.py`, `swapping.py`), with the services stopped (`services.py`); `journal.py` mends what a killed one left.
What went well, and when, is kept in `status.py`; `faults.py` has a sentence for whatever fails.

Standard library only: `mech_infra/packing.py` packs it with what it imports from here.
"""
