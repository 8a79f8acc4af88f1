"""Commands about a rule: what stands before its clauses, in the tool's own grammar."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from policies.reading.shell import known
from policies.reading.ufw.clauses import long, short, with_interface
from policies.reading.ufw.rule import Refused, Rule, Unclear

_ACTIONS = ("allow", "deny", "reject", "limit")


@dataclass(frozen=True)
class Order:
    """A command that the tool understands; `what` names it, the rest is what it needs."""

    what: str  # rule, delete (by number), default, app, logging, enable, disable, reload, reset, look
    words: tuple[str, ...] = ()
    rule: Rule | None = None
    family: str = "both"  # both, v4, v6
    remove: bool = False
    position: int = 0  # 0 appends, -1 prepends
    force: bool = False
    dry: bool = False


def route(words: list[str]) -> Order:
    """A command about a rule for what the host passes on. Raises Refused, Unclear."""
    if words[0] != "route":
        raise Refused("route is not spelled so")
    if "delete" in words:
        after = words[words.index("delete") + 1 :]
        if not after or _is_int(after[0]):
            raise Refused("route rules are deleted by `delete NUMBER`")
    text, other, name = " ".join(words), "", ""
    if " in on " in text and " out on " in text:
        other = "out" if words.index("in") < words.index("out") else "in"
        at = words.index(other)
        if len(words) <= at + 2:
            raise Refused("an interface is missing")
        name = words[at + 2]
        words = words[:at] + words[at + 3 :]
    elif (
        not re.search(r" (in|out) on ", text)
        and not re.search(r" app (in|out) ", text)
        and re.search(" (in|out) ", text)
    ):
        raise Refused("route rules need an interface")
    found = stated(["rule", *words[1:]])
    if found.rule is None:
        return found
    rule = replace(found.rule, forward=True)
    return replace(found, rule=with_interface(rule, other, name) if other else rule)


def _is_int(word: str) -> bool:
    try:
        int(word)
    except ValueError:
        return False
    return True


def stated(words: list[str]) -> Order:
    """A command about a rule: added, inserted, deleted. Raises Refused, Unclear."""
    if words[0].lower() == "rule":
        words = words[1:]
    words, remove, position = list(words), False, 0
    verb = words[0].lower() if words else ""
    if verb == "delete" and words[1:]:
        if not known(words[1]):
            raise Unclear("which rule is deleted")
        if _is_int(words[1]):
            return Order("delete", (words[1],))
        remove, words = True, words[1:]
    elif verb == "insert":
        if len(words) < 4:
            raise Refused("insert what?")
        if not known(words[1]):
            raise Unclear("where a rule is inserted")
        if not words[1].isdecimal() or words[1] == "0":
            raise Refused(f"{words[1]} is no position")
        position, words = int(words[1]), words[2:]
    elif verb == "prepend":
        position, words = -1, words[1:]
    if words and not known(words[0]):
        raise Unclear("whether a rule allows or denies")
    if len(words) < 2 or words[0] not in _ACTIONS:
        raise Refused("allow, deny, reject or limit what?")
    if remove and not known(*words):
        raise Unclear("which rule is deleted")
    return _clauses(words, Order("rule", remove=remove, position=0 if remove else position))


def _clauses(words: list[str], asked: Order) -> Order:
    """The rule itself: direction, interface, log and comment taken off, then the short or the long form."""
    direction, has_interface = "in", False
    if words[1].lower() in ("in", "out"):
        direction = words[1].lower()
        if len(words) > 2 and words[2] != "on":
            del words[1]
    if len(words) > 1 and ("in" in words or "out" in words):
        if words[1].lower() not in ("in", "out") or len(words) < 3 or words[2].lower() != "on":
            raise Refused("an interface stands where none may")
        del words[2]
        has_interface = True
    log, at = "", 3 if has_interface and len(words) > 3 and words[3].lower() in ("log", "log-all") else 1
    if len(words) > max(at, 2) and words[at].lower() in ("log", "log-all"):
        log = words.pop(at).lower()
    if "log" in words or "log-all" in words:
        raise Refused("log stands where it may not")
    comment = ""
    if "comment" in words:
        at = words.index("comment")
        if at + 1 == len(words) or "'" in words[at + 1]:
            raise Refused("a comment may not be so")
        comment = words[at + 1]
        del words[at : at + 2]
    if not 2 <= len(words) <= 13:
        raise Refused("wrong number of words")
    rule = Rule(words[0], direction=direction, log=log, comment=comment)
    if len(words) == 2:
        return replace(asked, rule=short(rule, words[1]))
    rule, family = long(rule, words)
    return replace(asked, rule=rule, family=family)
