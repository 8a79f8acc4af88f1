"""What counts as a change of which block: who ran it is told, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.selection import blocks

SOURCE = '''
"""What it is."""
from shop import price, tax as duty
import plugins

LIMIT = 3

def ask(item, times=LIMIT):
    """Says it."""
    if times > LIMIT:
        raise ValueError(item)
    total = price(item)
    for _ in range(times):
        try:
            total += duty(item)
        except KeyError:
            continue
    return total

class Shelf:
    size: int = 4

    def room(self):
        return self.size
'''


def changed(before: str, after: str, source: str = SOURCE) -> set[str]:
    assert before in source
    old, new = blocks.digests(source), blocks.digests(source.replace(before, after))
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("    total = price(item)\n", "    # a comment\n    total = price( item )\n", set()),
        ('"""Says it."""', '"""Says something else."""', set()),
        ("raise ValueError(item)", "raise KeyError(item)", {"ask#1"}),
        ("total = price(item)", "total = price(item) + 1", {"ask#2"}),
        ("continue", "break", {"ask#5"}),
        ("except KeyError", "except LookupError", {"ask#3"}),
        ("if times > LIMIT", "if times >= LIMIT", {"ask#0"}),
        ("times=LIMIT", "times=2", {"ask#0"}),
        ("    return total\n", "", {"ask#2", "ask#6"}),
        ("LIMIT = 3", "LIMIT = 4", {"<module>#0"}),
        ("size: int = 4", "size: int = 5", {"Shelf#0"}),
        ("return self.size", "return 1", {"Shelf.room#0"}),
        # An import is of those who use what it brings, or of all if nobody here does.
        ("from shop import price,", "from market import price,", {"ask#2", "ask#4"}),
        ("import plugins", "import others", {"<module>#0"}),
        # Nobody ran it yet, and who will run it has changed as well.
        ("class Shelf", "def new():\n    return 1\n\nclass Shelf", {"new#0"}),
    ],
)
def test_a_change_is_one_of_its_blocks(before: str, after: str, says: set[str]) -> None:
    assert changed(before, after) == says


def test_what_is_added_where_nothing_was_is_a_change_of_what_leads_there() -> None:
    source = "def f(a):\n    if a:\n        g()\n"
    assert changed("        g()\n", "        g()\n    h()\n", source) == {"f#0", "f#2"}
    assert changed("        g()\n", "        g()\n    else:\n        h()\n", source) == {"f#0", "f#2"}


def test_a_method_that_is_added_may_stand_in_for_an_inherited_one() -> None:
    assert "A#0" in changed(
        "def f(self): pass", "def f(self): pass\n    def g(self): pass", "class A(B):\n    def f(self): pass\n"
    )


def test_a_marked_file_does_the_same_and_says_what_ran() -> None:
    source = SOURCE.replace("from shop import price, tax as duty\nimport plugins\n", "price = duty = len\n")
    tree, names = blocks.marked(source, "marks")
    scope: dict[str, Any] = {"marks": bytearray(len(names))}
    exec(compile(tree, "shop.py", "exec"), scope)
    assert scope["__doc__"] == "What it is."
    assert scope["ask"].__doc__ == "Says it."
    assert scope["ask"]("ab", 2) == 6
    ran = {name for name, mark in zip(names, scope["marks"], strict=True) if mark}
    assert ran == set(names) - {"ask#1", "ask#5", "Shelf.room#0"}
