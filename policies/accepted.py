"""The entries of policies/exceptions.yaml: read, checked, and written for a team that takes the pack."""

from __future__ import annotations

import datetime
import fnmatch
from collections.abc import Collection, Iterable
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from policies.model import ExceptionsProblem, Finding, Rule

LONGEST_DAYS = 366  # what is accepted for longer is a rule that should be changed


class Accepted(BaseModel):
    """One entry of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: str
    resource: str = Field(min_length=1)
    because: str = Field(min_length=8)
    by: str = Field(min_length=2)
    until: datetime.date
    stack: str = "*"

    def accepts(self, stack: str, rule: Rule, finding: Finding) -> bool:
        """Whether this is the finding that it is about; a finding on the stack as a whole is `resource: stack`."""
        name = finding.resource.name if finding.resource else "stack"
        return self.rule == rule.id and fnmatch.fnmatch(stack, self.stack) and fnmatch.fnmatch(name, self.resource)

    def __str__(self) -> str:
        where = "" if self.stack == "*" else f" of stack {self.stack}"
        return f"{self.rule} on {self.resource}{where}"


def read(file: Path, rules: Collection[str] = (), today: datetime.date | None = None) -> list[Accepted]:
    """The entries of a file that is there. Raises ExceptionsProblem."""
    day = today or datetime.datetime.now(datetime.UTC).date()
    try:
        entries = yaml.safe_load(file.read_text()) or []
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ExceptionsProblem(f"{file.name} cannot be read: {str(error).splitlines()[0]}") from None
    if not isinstance(entries, list):
        raise ExceptionsProblem(
            f"{file.name} is not a list of entries, each with rule, resource, because, by and until"
        )
    return [_entry(file.name, number, entry, rules, day) for number, entry in enumerate(entries, 1)]


def _entry(file: str, number: int, entry: object, rules: Collection[str], today: datetime.date) -> Accepted:
    place = f"{file}, entry {number}"
    try:
        accepted = Accepted.model_validate(entry)
    except ValidationError as error:
        raise ExceptionsProblem(f"{place}: {_said(error)}") from None
    if rules and accepted.rule not in rules:
        raise ExceptionsProblem(f"{place}: there is no rule {accepted.rule!r} (docs/policies.md has them all)")
    if accepted.until > today + datetime.timedelta(days=LONGEST_DAYS):
        raise ExceptionsProblem(
            f"{place}: until {accepted.until} is more than {LONGEST_DAYS} days away; name a nearer day"
        )
    return accepted


def _said(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    key = ".".join(map(str, first["loc"])) or "the entry"
    kind = first["type"]
    if kind == "missing":
        return f"{key} is missing; an entry says rule, resource, because, by and until"
    if kind == "extra_forbidden":
        return f"{key} is no key of an entry; those are rule, resource, stack, because, by and until"
    if kind.startswith("date"):
        return f"{key} is not a day; write it as 2027-03-31"
    if kind == "string_too_short":
        return f"{key} says too little"
    return f"{key} is not a text"


def baseline(stack: str, found: Iterable[tuple[Rule, Finding]], by: str, until: datetime.date) -> list[Accepted]:
    """Entries that accept what a program has on the day on which its team takes the pack."""
    because = "there when the policies were taken on; to be put right"
    entries = [
        Accepted(rule=rule.id, resource=finding.resource.name if finding.resource else "stack", because=because,
                 by=by, until=until, stack=stack)
        for rule, finding in found
    ]  # fmt: skip
    return list(dict.fromkeys(entries))


def written(entries: Iterable[Accepted]) -> str:
    """Entries as the file has them."""
    rows = [
        {
            key: getattr(entry, key)
            for key in ("rule", "resource", "stack", "because", "by", "until")
            if key != "stack" or entry.stack != "*"
        }
        for entry in entries
    ]
    return yaml.safe_dump(rows, sort_keys=False, allow_unicode=True, width=120) if rows else "[]\n"
