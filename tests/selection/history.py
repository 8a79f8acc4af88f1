"""`python -m tests.selection.history`: would this repository's own commits have run the tests that they needed?

Of each commit that changed the product and a test of the real engine that still exists: was that test chosen for the
changes of the product alone? What a commit changed is found again by the names of files and functions.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from . import touched
from .hook import PRODUCT
from .touched import Record, Tree, git

NEVER_RECORDED = "never recorded: chosen in any case, and nothing is proved"


@dataclass(frozen=True)
class Row:
    commit: str
    test: str  # a module of tests/sandbox, or a scenario's file
    by: str  # what of the commit's changes it runs; "" when nothing

    def __str__(self) -> str:
        return f"{self.commit[:7]}  {self.test.removeprefix('tests/'):52} {self.by or 'NOT CHOSEN'}"


def rows(records: dict[str, Record]) -> Iterator[Row]:
    now = Tree()
    ran = {file: _functions(file, records) for file in sorted(now.files) if _is_test(file)}
    for commit in git("rev-list", "--no-merges", "HEAD").split():
        try:
            changed = git("diff", "--name-only", "--no-renames", f"{commit}~1", commit).split()
        except subprocess.CalledProcessError:  # the first one
            continue
        tests = [file for file in changed if file in ran]
        product = [
            file for file in changed if file.endswith(".py") and file.startswith(tuple(f"{p}/" for p in PRODUCT))
        ]
        if not tests or not product:
            continue
        before, after = Tree(f"{commit}~1"), Tree(commit)
        moved = _moved(commit)
        for test in tests:
            by = _found(product, before, after, moved, ran[test], now) if ran[test] else NEVER_RECORDED
            yield Row(commit, test, by)


def _is_test(file: str) -> bool:
    return file.endswith(".py") and file.startswith(("tests/sandbox/test_", "tests/scenarios/guide/"))


def _functions(file: str, records: dict[str, Record]) -> set[tuple[str, str]]:
    """What the file's tests ran: (file, function)."""
    mine = [record for test, record in records.items() if file in touched.own(test)]
    return {(path, name.partition("#")[0]) for record in mine for path, name in record.parts}


def _moved(commit: str) -> dict[str, str]:
    """{what a file was called then: what it is called now}."""
    said = git("diff", "-M40%", "--diff-filter=R", "--name-status", commit, "HEAD").splitlines()
    return dict(line.split("\t")[1:] for line in said)


def _found(
    files: list[str], before: Tree, after: Tree, moved: dict[str, str], ran: set[tuple[str, str]], now: Tree
) -> str:
    """The first change of the product that the test runs; functions that are gone count as their files."""
    changed = False
    for file in files:
        old, new = before.parts(file), after.parts(file)
        functions = {part[1].partition("#")[0] for part in old.keys() | new.keys() if old.get(part) != new.get(part)}
        path = moved.get(file, file)
        if functions and path not in now.files:
            return f"{file}, which is gone: everything is chosen"
        known = {name.partition("#")[0] for _, name in now.parts(path)} if functions else set()
        for function in sorted(functions):
            if (path, function) in ran or (path, "") in ran:
                return f"{path}: {function}"
            if function not in known and any(one == path for one, _ in ran):
                return f"{path}: {function}, which is gone"
        changed = changed or bool(functions)
    return "" if changed else "only words: nothing runs another way"


def main() -> int:
    found = list(rows(touched.load()))
    for row in found:
        print(row)
    missed = [row for row in found if not row.by]
    never = sum(row.by == NEVER_RECORDED for row in found)
    print(
        f"{len({row.commit for row in found})} commits, {len(found)} tests changed with the product: "
        f"{len(found) - len(missed) - never} chosen, {never} never recorded, {len(missed)} not chosen"
    )
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
