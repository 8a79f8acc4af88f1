"""`mech alert`: the diagnosis again, and whoever is to know hears of each new and each cleared cause once.

`seen.py` takes from a diagnosis what is worth telling; `memory.py` is what was told; `judging.py` compares the two;
`message.py` says it; `sending.py` posts it by Apprise; `command.py` puts them together.
"""
