"""What an item of a list is, and what its check says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mech_ops.checklist.history import Run
from mech_ops.diagnosis.look import Look, Missing
from mech_ops.diagnosis.ranking import Diagnosis

State = Literal["ok", "wrong", "skipped", "ask"]
LISTS = ("daily", "weekly", "monthly")
ODD = (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError)
"""What comes of facts that are odder than anybody thought."""


def not_understood(error: Exception) -> str:
    return f"its facts were not understood ({type(error).__name__}: {error})"


@dataclass(frozen=True)
class Seen:
    """What a check goes by: the diagnosis with its look, and the runs before, the oldest first."""

    found: Diagnosis
    past: Sequence[Run] = ()

    @property
    def look(self) -> Look:
        return self.found.look


@dataclass(frozen=True)
class Checked:
    """`says` is one sentence; for what was skipped it is the reason. `do` is what to do, where there is more to say than the item."""

    state: State
    says: str
    evidence: tuple[str, ...] = ()
    do: str = ""


@dataclass
class Notes:
    """What a check gathers: what is wrong comes before what could not be read, and that before well."""

    wrong: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    do: list[str] = field(default_factory=list)

    def fact(self, look: Look, name: str) -> Any:
        """None where it could not be read, which is noted."""
        try:
            return look.fact(name)
        except Missing as why:
            self.unread.append(str(why))
            return None

    def causes(self, found: Diagnosis, codes: Iterable[str]) -> None:
        """Those that are named are wrong, except for notices, which are told; those that were skipped are unread."""
        codes = set(codes)
        for named in found.named:
            if named.code in codes:
                self.evidence.append(f"{named.severity} {named.code}: {named.sentence}")
                if named.severity != "notice":
                    self.wrong.append(named.sentence)
                    self.do.append(named.fix)
        self.unread += [why for why, skipped in found.skipped.items() if codes & set(skipped)]

    def checked(self, well: str) -> Checked:
        unread = tuple(dict.fromkeys(self.unread))
        evidence = (*self.evidence, *(f"not looked at, because {why}" for why in unread if self.wrong))
        if self.wrong:
            more = f" (and {len(self.wrong) - 1} more)" if self.wrong[1:] else ""
            return Checked("wrong", self.wrong[0] + more, evidence, "; ".join(dict.fromkeys(self.do)))
        if unread:
            return Checked("skipped", f"because {'; '.join(unread)}", evidence)
        return Checked("ok", well, evidence)


@dataclass(frozen=True)
class Item:
    """A row of a list. One with a question (`asks`) is a person's to answer, and its check says what is known of it."""

    key: str
    which: str  # of the lists
    title: str
    do: str
    check: Callable[[Seen], Checked]
    asks: str = ""


ITEMS: dict[str, Item] = {}
"""By key, in the guide's order."""


def item(key: str, **about: Any) -> Callable[[Callable[[Seen], Checked]], Item]:
    """Marks the function that checks it."""

    def mark(check: Callable[[Seen], Checked]) -> Item:
        ITEMS[key] = made = Item(key=key, check=check, **about)
        return made

    return mark


def check(one: Item, seen: Seen) -> Checked:
    """Where its facts are odd, the other items are checked all the same."""
    try:
        return one.check(seen)
    except Missing as why:
        return Checked("skipped", f"because {why}")
    except ODD as error:
        return Checked("skipped", f"because {not_understood(error)}")
