"""`mech checklist`: the guide's lists, each item checked with its evidence; only what a person must do is asked.

`model.py` says what an item is, `items/` has them, one module a list; `capacity.py` is how full everything is, `trend.py` since
when; `certificates.py` asks the edge for its certificates; `history.py` keeps each run; `report.py` (text, JSON) and `page.py`
(HTML) say it. It stands on what `mech diagnose` sees (mech_ops/diagnosis): a bundle can be checked without a host.
"""
