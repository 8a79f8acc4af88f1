"""The healer: restarts what is ill of the platform's containers and only that, and says why where it does not.

`program.py` puts one text together for the host: the readers of the facts that it goes by (mech_infra.facts), and the
modules here that run there. `deciding.py` (with `elsewhere.py`) chooses, purely, by the facts, by what is declared
(`orders.py`) and by what was done before (`audit.py`); `acting.py` does it, and `onhost.py` is the run: look, decide, note,
act, look again, three times at most.
"""
