"""What the words of a `ufw` command ask for: the tool's own grammar, with its odd corners."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from policies.reading.shell import known
from policies.reading.ufw.clauses import long, short, with_interface
from policies.reading.ufw.rule import Refused, Rule, Unclear

RULES = ("allow", "limit", "deny", "reject", "insert", "delete", "prepend")
_ACTIONS = ("allow", "deny", "reject", "limit")
# The tool's groups of commands, in the order in which it looks a word up.
_GROUPS = {
    "basic": ("enable", "disable", "help", "--help", "-h", "version", "--version", "reload", "reset"),
    "app": ("list", "info", "default", "update"),
    "logging": ("on", "off", "low", "medium", "high", "full"),
    "default": ("allow", "deny", "reject"),
    "status": ("status", "verbose", "numbered"),
    "show": ("raw", "before-rules", "user-rules", "after-rules", "logging-rules", "builtins", "listening", "added"),
    "rule": RULES,
    "route": RULES,
}
_CHAINS = {"incoming": "incoming", "input": "incoming", "outgoing": "outgoing", "output": "outgoing",
           "routed": "routed", "forward": "routed"}  # fmt: skip


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


def order(argv: Sequence[str]) -> Order:
    """What `ufw …` asks for. Raises Refused for what the tool does not understand, Unclear."""
    words = list(argv[1:])
    first = 1 if words[:1] and words[0].lower() == "--dry-run" else 0
    # Only here is it settled that `allow` is a rule's and not a default's: `ufw --force allow 80` is no command.
    if len(words) > 1 and words[first:] and words[first].lower() in RULES:
        words.insert(first, "rule")
    if not words or ("--dry-run" in words and len(words) < 2):
        raise Refused("not enough words")
    dry = words[0].lower() == "--dry-run"
    words = words[1:] if dry else words
    force = bool(words) and words[0].lower() in ("--force", "-f")
    words = words[1:] if force else words
    if not words:
        raise Refused("not enough words")
    if not known(words[0]):
        raise Unclear("what ufw shall do")
    return replace(_grouped(words), force=force, dry=dry)


def _grouped(words: list[str]) -> Order:
    first, second = words[0].lower(), words[1].lower() if words[1:] else ""
    if first in _GROUPS and first != "status" and not known(second) and first != "rule":
        raise Unclear(f"what {first} is set to")
    if second and second in _GROUPS.get(first, ()):
        group = first
    else:
        group = next((name for name, commands in _GROUPS.items() if first in commands and name != "route"), "rule")
        if first not in _GROUPS[group]:
            raise Refused(f"{first} is no command")
    if group in ("rule", "route"):
        return _rule(words) if group == "rule" else _route(words)
    return _other(group, words)


def _other(group: str, words: list[str]) -> Order:
    lower = [word.lower() for word in words]
    if group == "basic":
        if len(words) != 1:
            raise Refused(f"{lower[0]} takes no words")
        return Order(lower[0] if lower[0] in ("enable", "disable", "reload", "reset") else "look")
    if group == "default":
        if len(words) < 2 or lower[1] not in ("allow", "deny", "reject"):
            raise Refused("default what?")
        if words[2:] and not known(lower[2]):
            raise Unclear("which default is set")
        if words[2:] and lower[2] not in _CHAINS:
            raise Refused(f"{words[2]} is no direction")
        return Order("default", (lower[1], _CHAINS[lower[2]] if words[2:] else "incoming"))
    if group == "logging":
        if len(words) < 2 or lower[1] not in _GROUPS["logging"]:
            raise Refused("logging what?")
        return Order("logging", (lower[1],))
    if group == "app":
        return _app(words)
    if group == "show" and (len(words) < 2 or lower[1] not in _GROUPS["show"]):
        raise Refused("show what?")
    if group == "status" and words[1:] and lower[1] not in ("verbose", "numbered"):
        raise Refused("status takes no such word")
    return Order("look")


def _app(words: list[str]) -> Order:
    if words[0] != "app":
        raise Refused("app is not spelled so")
    verb, rest = words[1].lower(), words[2:]
    if verb in ("info", "update"):
        new = len(rest) > 1 and rest[0] == "--add-new"
        if not rest:
            raise Refused("which profile?")
        return Order("app", (verb + "-with-new" * new, rest[1 if new else 0].strip("[']")))
    if verb == "list":
        if rest:
            raise Refused("list takes no words")
        return Order("app", (verb, ""))
    if not rest or rest[0].lower() not in ("allow", "deny", "reject", "skip"):
        raise Refused("default what?")
    return Order("app", ("default", rest[0].lower()))


def _route(words: list[str]) -> Order:
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
    found = _rule(["rule", *words[1:]])
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


def _rule(words: list[str]) -> Order:
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
    return _stated(words, Order("rule", remove=remove, position=0 if remove else position))


def _stated(words: list[str], asked: Order) -> Order:
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
