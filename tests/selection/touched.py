"""The recorded map: what each test ran and read when it last passed, with digests, and how long it took."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from . import blocks
from .hook import PACKAGES

ROOT = Path(__file__).resolve().parents[2]
FILE = Path(__file__).with_name("touched.json")
FOLDERS = tuple(f"{package.replace('.', '/')}/" for package in PACKAGES)
# Read by the engine, by Go or by everything: a change in one of these is a change for every test.
ALL = ("engine/", "requirements.lock", "Pulumi.yaml", "Pulumi.sandbox.yaml", "__main__.py", "pyproject.toml")

Part = tuple[str, str]  # (file, block); the block is "" for the whole file, "/" for a folder's list


@dataclass
class Record:
    """`setup_s` is what its module and those whom it shares with need first; `parts` have the digests of then."""

    seconds: float
    setup_s: float
    parts: dict[Part, str] = field(default_factory=dict)


class Tree:
    """The files as they are now, or as they were at a commit."""

    def __init__(self, commit: str = "") -> None:
        self._commit = commit
        self._known: dict[str, dict[str, str]] = {}
        listed = ["ls-tree", "-r", "--name-only", commit] if commit else ["ls-files", "-co", "--exclude-standard"]
        self.files = {name for name in git(*listed).splitlines() if commit or (ROOT / name).exists()}

    def digest(self, part: Part) -> str | None:
        """None when there is no such part."""
        path, name = part
        if name == "/":
            inside = sorted({one[len(path) :].partition("/")[0] for one in self.files if one.startswith(path)})
            return _digest("\n".join(inside).encode())
        if path not in self._known:
            self._known[path] = self._read(path) if path in self.files else {}
        return self._known[path].get(name)

    def parts(self, path: str) -> dict[Part, str]:
        """The file's blocks, or the file as a whole where it has none."""
        self.digest((path, ""))
        found = {(path, name): digest for name, digest in self._known[path].items()}
        return found if len(found) == 1 or not path.startswith(FOLDERS) else {k: v for k, v in found.items() if k[1]}

    def of_all(self) -> list[str]:
        """Files that count as run by each test. Who reads a host's script is known, as Python reads it."""
        data = {n for n in self.files if n.startswith(FOLDERS[:4]) and not n.endswith((".py", ".md", ".sh"))}
        return sorted(data | {name for name in self.files if name.startswith(ALL)})

    def _read(self, path: str) -> dict[str, str]:
        raw = git("show", f"{self._commit}:{path}").encode() if self._commit else (ROOT / path).read_bytes()
        if path == "pyproject.toml":  # the rest is the linters'
            raw = json.dumps(tomllib.loads(raw.decode())["project"], sort_keys=True).encode()
        if not path.endswith(".py"):
            return {"": _digest(raw)}
        found = blocks.digests(raw.decode())
        return {**found, "": _digest(repr(found).encode())}  # a program that is read as a text, too, is what it does


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:10]


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def own(test: str) -> list[str]:
    """The files that a test stands in, by pytest's name of it: of a scenario, its page of the guide as well."""
    path, _, name = test.partition("::")
    found = [path, f"{path.rpartition('/')[0]}/conftest.py"]
    if name.startswith("test_scenario["):
        found.append(f"tests/scenarios/guide/{name[len('test_scenario[') : -1].replace('-', '_')}.py")
    return found


def load(file: Path = FILE) -> dict[str, Record]:
    """{test: its record}; nothing where nothing was recorded."""
    if not file.exists():
        return {}
    whole = json.loads(file.read_text())
    parts = [((path, name), digest) for path, names in whole["parts"] for name, digest in names]
    found = {}
    for test, (seconds, setup_s, ran) in whole["tests"].items():
        bits = int(ran, 16)
        found[test] = Record(seconds, setup_s, dict(part for number, part in enumerate(parts) if bits >> number & 1))
    return found


def save(records: dict[str, Record], file: Path = FILE) -> None:
    """A line for each file and each test, so that a person sees in a diff what was recorded anew."""
    every = sorted({(part, digest) for record in records.values() for part, digest in record.parts.items()})
    numbers = {entry: number for number, entry in enumerate(every)}
    paths: dict[str, list[list[str]]] = {}
    for (path, name), digest in every:
        paths.setdefault(path, []).append([name, digest])
    tests = {
        test: [
            round(record.seconds, 1),
            round(record.setup_s, 1),
            f"{_bits(numbers[e] for e in record.parts.items()):x}",
        ]
        for test, record in sorted(records.items())
    }
    lines = ['{"parts": [', ",\n".join(json.dumps(one) for one in paths.items()), '], "tests": {']
    lines += [",\n".join(f"{json.dumps(test)}: {json.dumps(about)}" for test, about in tests.items()), "}}"]
    file.write_text("\n".join(lines) + "\n")


def _bits(numbers: Iterable[int]) -> int:
    return sum(1 << number for number in set(numbers))
