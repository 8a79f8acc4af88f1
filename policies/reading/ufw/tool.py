"""The `ufw` command: what it does with a table, and whether it refuses."""

from __future__ import annotations

from collections.abc import Sequence

from policies.reading.shell import known
from policies.reading.ufw.applications import expanded
from policies.reading.ufw.names import is_profile_name
from policies.reading.ufw.rule import Refused, Rule, Unclear
from policies.reading.ufw.ruling import Order
from policies.reading.ufw.table import Table
from policies.reading.ufw.words import order


class Aborted(Exception):
    """The tool asks first, and nobody says yes: it does nothing, and ends as if all were well."""


def run(table: Table, argv: Sequence[str], stdin: str | None = None, under_ssh: bool = True) -> None:
    """Does in the table what `ufw …` would do. Raises Refused (and Aborted) as the tool would, Unclear.

    `under_ssh`: whether a session of sshd runs it, in which it asks before it enables.
    """
    asked = order(argv)
    kept = table.copy() if asked.dry and asked.what not in ("enable", "disable", "reset") else None
    try:
        _do(table, asked, stdin, under_ssh)
    finally:
        if kept is not None:
            table.rules, table.rules6, table.defaults, table.new_profiles = (
                *(kept.rules, kept.rules6, kept.defaults, kept.new_profiles),
            )
        table.rules, table.rules6 = ([rule.reread() for rule in rules] for rules in (table.rules, table.rules6))


def _do(table: Table, asked: Order, stdin: str | None, under_ssh: bool) -> None:
    if asked.what == "rule":
        assert asked.rule is not None
        table.apply(table.named(asked.rule, asked.remove), asked.family, asked.remove, asked.position)
    elif asked.what == "delete":
        rule = table.number(int(asked.words[0]))
        _ask(asked.force, stdin)
        table.apply(rule, "v6" if rule.v6 else "v4", True, 0)
    elif asked.what == "default":
        table.defaults[asked.words[1]] = asked.words[0]
    elif asked.what == "app":
        _application(table, asked)
    elif asked.what == "enable":
        _ask(asked.force or not under_ssh, stdin)
        table.enabled = True
    elif asked.what == "disable":
        table.enabled = False
    elif asked.what == "reset":
        _ask(asked.force, stdin)
        table.enabled, table.rules, table.rules6 = False, [], []


def _ask(skipped: bool, stdin: str | None) -> None:
    if skipped:
        return
    first = (stdin or "").split("\n")[0]
    if not known(first):
        raise Unclear("what is answered")
    if first.lower().strip() not in ("y", "yes"):
        raise Aborted


def _application(table: Table, asked: Order) -> None:
    verb, name = asked.words
    if asked.force:
        raise Refused("the tool takes no --force here")
    if verb == "list":
        return
    if verb == "default":
        table.new_profiles = name
        return
    if verb == "info":
        if name != "all" and (not is_profile_name(name) or name not in table.profiles):
            raise Refused(f"there is no profile {name}")
        return
    for each in sorted(table.profiles) if name == "all" else [name]:
        _update(table, each)
    if verb == "update-with-new":
        if name == "all":
            raise Refused("all cannot be added")
        if table.new_profiles != "skip":
            run(table, ["ufw", table.new_profiles, name])


def _update(table: Table, profile: str) -> None:
    """The rules of a profile as it is now, in the place of the old ones."""
    for v6 in (False, True):
        made: list[Rule] = []
        last: tuple[str, ...] = ()
        for rule in table.rules6 if v6 else table.rules:
            if profile not in (rule.dapp, rule.sapp):
                made.append(rule)
            elif rule.application != last:
                last = rule.application
                template = Rule(**{**vars(rule), "proto": "any", "dport": rule.dapp or rule.dport,
                                   "sport": rule.sapp or rule.sport})  # fmt: skip
                made += [new.normal() for new in expanded(template, table.profiles)]
        if v6:
            table.rules6 = made
        else:
            table.rules = made
