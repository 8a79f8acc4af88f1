"""What looks like a secret that stands in plain in a text: what kind it is and on which line, never itself."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policies.reading.shell import HOLE, Act, Trace

MARK = "4dabf18193072939515e22adb298388d"  # how Pulumi marks what is special on the wire
SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270"  # … and of that, secrets  # noqa: S105 - no secret
_NAMED = (
    r"(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_KEY|SECRET_KEY|PRIVATE_KEY|ENCRYPTION_KEY|AUTH_KEY|SECRET_ACCESS_KEY"
    r"|MASTER_KEY|SIGNING_KEY|JWT_KEY)"
)
_SHAPES = (
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----\s*(?:\\n)?[A-Za-z0-9+/=\s\\]{64}")),
    ("an API key (sk-…)", re.compile(r"(?<![A-Za-z0-9])sk[-_][A-Za-z0-9_-]{20,}")),
    ("a token of GitHub or GitLab", re.compile(r"\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}|\bglpat-[\w-]{20,}")),
    ("a key of AWS", re.compile(r"(?<![A-Z0-9])A[KS]IA(?![A-Z0-9]*EXAMPLE)[A-Z0-9]{16}(?![A-Z0-9])")),
    ("a token of Slack", re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}")),
    ("a JSON Web Token", re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}")),
)  # fmt: skip
# (what, a regular expression whose group is what may be a secret)
_VALUES = (
    ("a password in an address", re.compile(r"\b[a-z][a-z0-9+.]*://[^\s/\"'<>@:]{0,64}:([^\s/\"'<>@]{3,200})@")),
    ("a header that lets somebody in", re.compile(
        r"\b(?:authorization|x-api-key|x-auth-token)[\"']?\s*[:=]?\s+[\"']?(?:(?:bearer|basic|token)\s+)?([\w.~+/=-]{8,})", re.I)),
    ("a password in a statement", re.compile(r"\b(?:IDENTIFIED\s+BY|PASSWORD)\s+'([^']{3,})'", re.I)),
    ("a password of Redis", re.compile(r"^\s*(?:requirepass|masterauth)\s+\"?([^\s\"]{3,})", re.M)),
)  # fmt: skip
_VARIABLE = re.compile(
    rf"(?<![A-Za-z0-9$])((?:[A-Z][A-Z0-9]*_)*{_NAMED})[\"']?\s*[=:]\s*(?:\"([^\"\n]*)\"|'([^'\n]*)'|([^\s\"'`;&|,)]+))"
)
_FIELD = re.compile(
    r"(?<![\w$.])(?:[a-z]+[_-])*(?:password|passwd|secret|token|api[_-]?key)[\"']?\s*[=:]\s*(?:\"([^\"\n]*)\"|'([^'\n]*)'|([^\s\"'`;&|,)]+))"
)
_PLACEHOLDER = re.compile(
    r"(x+|\*+|\.+|<.*>|\[.*\]|%.*|change-?_?me.*|todo|tbd|none|null|nil|true|false|yes|no|your[-_ ].*|my[-_](password|secret|token)"
    r"|.*placeholder.*|.*example.*|secret|password|pass|token|redacted|\(.*|replace.*|dummy.*|prompt|required|optional|string|env|auto|random)",
    re.I,
)
_HASH = re.compile(
    r"\$(?:1|2[abxy]?|5|6|7|y|apr1|argon2\w*|scrypt|pbkdf2[\w-]*)\$|\{S?SHA|SCRAM-SHA|(?:sha\d+|md5):", re.I
)
# Programs that take a password as a word of theirs: by option (its value, or glued to it), or by place.
_OPTIONS: Mapping[str, Sequence[str]] = {
    "mysql": ("-p*", "--password="), "mysqldump": ("-p*", "--password="), "mysqladmin": ("-p*", "--password="),
    "mariadb": ("-p*", "--password="), "redis-cli": ("-a", "--pass"), "sshpass": ("-p", "-p*"), "mongo": ("-p", "--password"),
    "mongosh": ("-p", "--password"), "mongodump": ("-p", "--password"), "docker": ("--password",), "rclone": ("--password",),
    "restic": ("--password",), "wget": ("--password=", "--http-password="),
}  # fmt: skip


@dataclass(frozen=True)
class Plain:
    """A secret in plain: what it is, and the line of the text (from 1)."""

    what: str
    line: int


def is_secret(value: str) -> bool:
    """Whether a value that is called a secret is one: no variable, no path, no placeholder, no hash of one."""
    text = value.strip().strip("\"'")
    return not (
        len(text) < 4 or HOLE in text or re.search(r"\$[\w({!@*#?]|\{\{|[\\^]|\.\*", text) or _HASH.search(text)
        or re.match(r"(\.{0,2}|~)/", text) or re.search(r"\.(pem|key|txt|crt|json|env)$", text) or _PLACEHOLDER.fullmatch(text)
    )  # fmt: skip


@functools.lru_cache(maxsize=4096)
def in_text(text: str) -> tuple[Plain, ...]:
    """The secrets that stand in a text, of a shell or of a config. Comments are left out."""
    if not _may(text):
        return ()
    bare = re.sub(r"(?m)^\s*#(?!!).*$", "", text)
    return tuple(Plain(what, bare.count("\n", 0, at) + 1) for what, at in _found(bare))


def _may(text: str) -> bool:
    folded = text.lower()
    return any(sign in folded for sign in ("pass", "secret", "token", "key", "://", "auth", "identified", "sk-", "sk_", "gh",
                                           "akia", "asia", "xox", "eyj", "glpat"))  # fmt: skip


def _found(text: str) -> Iterator[tuple[str, int]]:
    for what, shape in _SHAPES:
        for found in shape.finditer(text):
            yield what, found.start()
    for what, shape in _VALUES:
        for found in shape.finditer(text):
            if is_secret(found[1]):
                yield what, found.start()
    for found in _VARIABLE.finditer(text):
        if is_secret(found[2] or found[3] or found[4] or ""):
            yield f"the value of {found[1]}", found.start()
    for found in _FIELD.finditer(text):
        value = found[1] or found[2] or found[3] or ""
        # In lower case these are words of code and prose, too: what is a word itself is none.
        if is_secret(value) and re.search(r"\d", value) and re.search(r"[A-Za-z]", value) and len(value) >= 8:
            yield "a password or token by its name", found.start()


def in_words(trace: Trace, hidden: Collection[str] = ()) -> Iterator[Plain]:
    """Passwords that are words of commands, after the shell has put its variables in; `hidden` are in no text."""
    for act in trace.acts:
        if any(is_secret(value) and value not in hidden for value in _given(act.name, act.argv[1:])):
            yield Plain(f"a password for {act.name}", act.line)
        if (
            _keeps(act)
            and is_secret(act.stdin or "")
            and not any(value and value in (act.stdin or "") for value in hidden)
        ):
            yield Plain("a secret of the swarm", act.line)
        if act.name == "chpasswd" and act.stdin and any(
            is_secret(line.partition(":")[2]) for line in act.stdin.splitlines() if "-e" not in act.argv
        ):  # fmt: skip
            yield Plain("a password for chpasswd", act.line)


def _keeps(act: Act) -> bool:
    """Whether it makes a secret of its standard input."""
    return act.name in ("docker", "podman") and act.argv[1:3] == ("secret", "create") and act.argv[-1] == "-"


def _given(name: str, words: Sequence[str]) -> Iterator[str]:
    for option in _OPTIONS.get(name, ()):
        for at, word in enumerate(words):
            if option.endswith(("*", "=")):
                begin = option.rstrip("*")
                if word.startswith(begin) and word.startswith("--") is begin.startswith("--") and word != begin:
                    yield word.removeprefix(begin)
            elif word == option and at + 1 < len(words):
                yield words[at + 1]
    if name == "docker" and "login" in words:
        yield from (words[at + 1] for at, word in enumerate(words[:-1]) if word == "-p")
    # What a container runs is told in the same words.
    yield from (words[at + 1] for at, word in enumerate(words[:-1]) if word in ("--requirepass", "--masterauth"))
    if name == "curl":
        for at, word in enumerate(words[:-1]):
            if word in ("-u", "--user") and ":" in words[at + 1]:
                yield words[at + 1].partition(":")[2]
    if name == "htpasswd" and any(re.fullmatch(r"-[a-zA-Z]*b[a-zA-Z]*", word) for word in words) and len(words) > 2:
        yield words[-1]


def marked(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of what Pulumi marks as secret, in properties as they are on the wire."""
    if isinstance(value, Mapping):
        if value.get(MARK) == SECRET_MARK:
            yield path
            return
        for key, inner in value.items():
            yield from marked(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for at, inner in enumerate(value):
            yield from marked(inner, (*path, at))
