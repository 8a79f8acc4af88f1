"""`mech drift`: one plain preview of the engine, told in the program's own terms. Unless asked, it repairs nothing.

`events.py` reads what the engine says, `words.py` names things, `values.py` says what they are, `report.py` judges,
`render.py` shows; `visitors.py` asks for what visitors get; `check.py` runs it all, `repair.py` runs `pulumi up` where that
only puts right what drifted.
"""
