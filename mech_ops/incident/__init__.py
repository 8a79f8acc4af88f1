"""`mech incident`: what the guide wants to be sent when somebody else is asked for help, as one archive without a secret.

`onhost.py` runs on the host and reads what the guide's commands say; `trip.py` fetches that in one SSH trip; `gathering.py`
puts the diagnosis, the deployments and, where asked, the drift beside it; `escalation.py` applies the guide's rules of whom to
call; `index.py` is the first page; `archive.py` writes it and keeps it only when no secret is found in what was written.
"""
