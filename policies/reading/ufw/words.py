"""What the words of a `ufw` command ask for: the tool's own grammar, with its odd corners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from policies.reading.shell import known
from policies.reading.ufw.rule import Refused, Unclear
from policies.reading.ufw.ruling import Order, route, stated

RULES = ("allow", "limit", "deny", "reject", "insert", "delete", "prepend")
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
        return stated(words) if group == "rule" else route(words)
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
