"""Facts: what is so on the host and at the two clouds. Read, declared, judged and told in one module a subject.

A subject (`host/ufw.py`, `clouds/vultr.py` …) has functions that read, a `Check` for each fact that the program declares, and
a `Watch` for each that it only tells. `model.py` says what those are; `host/trip.py` fetches all of a host's facts in one
SSH trip, by a program that `host/program.py` puts together from the subjects. Sensors (mech_infra.drift), the guard and
`mech` read the same. What takes longer to read, or is of interest only when something is wrong, is read when somebody asks
for it by name (`program.asked`, the functions of `clouds/` beside `facts`). Nothing here changes anything.
"""
