"""`python -m tests.parity.record [--plugins docker,command,vultr] [--to FOLDER] FILE…`: the engine's log as test data.

FILE is what `PULUMI_DEBUG_GRPC=FILE pulumi …` wrote. Kept are the calls to the named plugins, which must be the official
ones; addresses and keys are replaced. Exit codes: 0 written, 1 a file cannot be read, 2 refused (a secret remains, or a
plugin is a stand-in).
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sandbox.providers import install
from tests.parity.recordings import FOLDER, PLUGINS, Json

METHODS = frozenset(
    {"CheckConfig", "DiffConfig", "Configure", "Check", "Diff", "Create", "Read", "Update", "Delete", "Invoke"}
)
# A public key of nobody, in a form that every reader of keys takes.
PUBLIC = "AAAAC3NzaC1lZDI1NTE5AAAAIHJlY29yZGVkIGtleSBvZiBub2JvZHk6IGEgc3RhbmQt"
_REPLACED = (
    (re.compile(r"\b10\.77\.\d{1,3}\.(\d{1,3})\b"), r"10.77.0.\1"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----\n?", re.S), "PRIVATE-KEY"),
    (re.compile(r"\bssh-ed25519 AAAA[A-Za-z0-9+/=]+"), f"ssh-ed25519 {PUBLIC}"),
)
_ERROR = "rpc error: code = Unknown desc = "
# What a text of the finished data must not hold, and what to call it.
_LOOKS_SECRET = (
    (re.compile(r"PRIVATE KEY-----"), "a private key"),
    (re.compile(r"\b(sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|pul-[0-9a-f]{20,}|AKIA[A-Z0-9]{12,})"), "a vendor's key"),
    (re.compile(r"(?i)\b(bearer|token) [A-Za-z0-9._~+/-]{20,}"), "a token"),
    (re.compile(r"\b\w*(?:PASSWORD|SECRET|TOKEN|API_KEY|ACCESS_KEY)\w*=(?!recorded-|[\w-]*KEY\b)[^\s\"'\\$]{6,}"), "a secret setting"),
    (re.compile(r"(rediss?|mongodb)://[^/\s:@]*:(?!recorded-)[^/\s@]+@"), "a password in an address"),
)  # fmt: skip


class Refused(Exception):
    """The data may not be kept; the text is for people."""


def lines(path: Path) -> Iterator[Json]:
    """The log's entries. Raises ValueError with the line where it is not such a log."""
    with path.open() as file:
        for number, line in enumerate(file, 1):
            try:
                yield json.loads(line)
            except ValueError as error:
                raise ValueError(f"{path}:{number} is not a line of PULUMI_DEBUG_GRPC: {error}") from None


def secrets(entries: list[Json]) -> dict[str, str]:
    """The stack's config secrets, text -> name: the engine gives them to the program in plain."""
    found: dict[str, str] = {}
    for entry in entries:
        request = entry.get("request") or {}
        for key in request.get("configSecretKeys") or []:
            text = (request.get("config") or {}).get(key)
            if text and len(text) >= 4:
                found[text] = key.rsplit(":", 1)[-1]
    return found


def recorded(entries: list[Json], plugins: tuple[str, ...], hidden: dict[str, str]) -> list[Json]:
    """The calls as test data, without what is `hidden`. Raises Refused where a secret remains."""
    found = []
    for entry in entries:
        service, _, method = str(entry.get("method")).rpartition("/")
        meta = entry.get("metadata") or {}
        finished = entry.get("progress") == "response_completed"
        if service != "/pulumirpc.ResourceProvider" or method not in METHODS or not finished:
            continue
        if meta.get("mode") != "client" or meta.get("name") not in plugins:
            continue
        call = {
            "call": method, "plugin": meta["name"], "request": entry["request"], "response": entry.get("response"),
            **({"errors": [text.removeprefix(_ERROR) for text in entry["errors"]]} if entry.get("errors") else {}),
        }  # fmt: skip
        call = _replaced(call, hidden)
        _refuse(call, hidden)
        found.append(call)
    return found


def _replaced(value: Any, hidden: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: "recordedPassword" if key == "defaultPassword" and isinstance(item, str) else _replaced(item, hidden)
            for key, item in value.items()
            if key != "__internal"  # the engine's own
        }
    if isinstance(value, list):
        return [_replaced(item, hidden) for item in value]
    if not isinstance(value, str):
        return value
    for text in sorted(hidden, key=len, reverse=True):
        value = value.replace(text, f"recorded-{hidden[text]}")
    for pattern, replacement in _REPLACED:
        value = pattern.sub(replacement, value)
    return value


def _refuse(call: Json, hidden: dict[str, str]) -> None:
    for text in _texts(call):
        what = next((f"the config secret {name}" for secret, name in hidden.items() if secret in text), "")
        what = what or next((name for pattern, name in _LOOKS_SECRET if pattern.search(text)), "")
        if what:
            where = call["request"].get("urn") or call["request"].get("tok")
            raise Refused(
                f"{call['plugin']} {call['call']} {where}: {what} remains; teach tests/parity/record.py to replace it"
            )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value


def _official(name: str) -> None:
    """Raises Refused where $PULUMI_HOME does not hold the official plugin: the log does not say which one spoke."""
    home = install.default_home()
    kind = next(plugin.kind for plugin in install.found(home) if plugin.name == name)
    if kind == "stand-in":
        raise Refused(f"the plugin {name} in {home} is the stand-in: name the official ones with --plugins")
    if kind == "missing":
        raise Refused(f"there is no plugin {name} in {home}: set PULUMI_HOME to the one that the log was made with")


def write(calls: list[Json], path: Path) -> None:
    """Compressed, and the same bytes for the same calls."""
    text = "".join(json.dumps(call, sort_keys=True) + "\n" for call in calls)
    with path.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
        packed.write(text.encode())


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.parity.record", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--plugins", default=",".join(PLUGINS), help="which of them were the official ones")
    parser.add_argument("--to", type=Path, default=FOLDER)
    parser.add_argument("files", nargs="+", type=Path)
    chosen = parser.parse_args(arguments)
    plugins = tuple(chosen.plugins.split(","))
    try:
        for name in plugins:
            if name not in PLUGINS:
                raise Refused(f"{name} is not one of {', '.join(PLUGINS)}")
            _official(name)
        logs = {path: list(lines(path)) for path in chosen.files}
        # A destroy runs no program, so its log does not say what is secret: those beside it do.
        hidden = {text: name for entries in logs.values() for text, name in secrets(entries).items()}
        for path, entries in logs.items():
            calls = recorded(entries, plugins, hidden)
            if not calls:
                raise Refused(f"{path} holds no call to {', '.join(plugins)}")
            target = chosen.to / f"{path.name.split('.')[0]}.jsonl.gz"
            write(calls, target)
            print(f"{target}: {len(calls)} calls")
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    except Refused as refusal:
        print(f"refused: {refusal}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
