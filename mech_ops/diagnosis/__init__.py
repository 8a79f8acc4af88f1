"""`mech diagnose`: everything that can be looked at, in parallel, and then the cause, not the list.

`declared.py` takes from the stack's state what should be there; `gather.py` looks at the edge, the host and the two clouds at
once and keeps what it found as a bundle (`bundle.py`); `look.py` is a bundle as causes read it; `causes/` is the table of
them, one module a layer; `ranking.py` puts the true one first; `report.py` says it. From a bundle the same comes out without a
host: that is how each cause is tested.
"""
