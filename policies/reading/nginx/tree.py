"""nginx's language: a text as directives with their words and blocks, by crossplane."""

from __future__ import annotations

import functools
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from policies.reading.shell import HOLE

_CODE = re.compile(r"_by_lua|^(?:perl|js)_")  # their blocks are another language
_ALONE = re.compile(rf"(?m)^\s*{HOLE}\s*$")
_WORDS = {
    "location": "/ ",
    "if": "($host) ",
    "upstream": "u ",
    "limit_except": "GET ",
    "map": "$a $b ",
}  # a block needs some
_DEEP = 10  # files that include each other


@dataclass(frozen=True)
class Directive:
    """`name args;`, or with a block; `file` and `line` are where it stands."""

    name: str
    args: tuple[str, ...]
    file: str
    line: int
    block: tuple[Directive, ...] = ()
    opens: bool = False  # whether it has a block, even an empty one

    def of(self, *names: str) -> list[Directive]:
        """The directives of these names that stand directly in it."""
        return [inner for inner in self.block if inner.name in names]

    def all(self, *names: str) -> Iterator[Directive]:
        """The directives of these names in it, however deep."""
        for inner in self.block:
            if inner.name in names:
                yield inner
            yield from inner.all(*names)

    @property
    def value(self) -> str:
        """Its first word, "" where it has none."""
        return self.args[0] if self.args else ""


@dataclass(frozen=True)
class Text:
    """A file's directives, and the sentences in which nginx would refuse it."""

    directives: tuple[Directive, ...]
    faults: tuple[str, ...] = ()


Find = Callable[[str, tuple[str, ...]], Sequence[Text] | None]  # (pattern, context)


@functools.lru_cache(maxsize=512)
def parsed(text: str, file: str, context: tuple[str, ...] = ("http",)) -> Text:
    """A file's text as it is read within these blocks; `include` stands in it as a directive."""
    import crossplane  # type: ignore[import-untyped] # no program without a text of nginx's waits for it

    head = "".join(f"{name} {_WORDS.get(name, '')}{{" for name in context)
    with tempfile.TemporaryDirectory(prefix="mech-nginx-") as folder:
        at = Path(folder) / "text"
        # What stands alone on a line and is not known may be any number of directives: none of them the next one.
        at.write_text(f"{head}{_ALONE.sub(HOLE + ';', text)}\n{'}' * len(context)}\n")
        found = crossplane.parse(str(at), single=True)["config"][0]
        if any("unexpected" in error["error"] for error in found["errors"]):
            # A brace too many closes the block around the text: by itself it tells where it is.
            at.write_text(f"{text}\n")
            found["errors"] = crossplane.parse(str(at), single=True, check_ctx=False)["config"][0]["errors"]
    inner = found["parsed"]
    for _ in context:
        inner = inner[0].get("block", []) if inner else []
    faults = tuple(
        f"{file}:{min(error['line'] or 1, text.count(chr(10)) + 1)}: "
        + (str(error["error"]).partition(f" in {at}")[0] or "unexpected end of file")
        for error in found["errors"]
    )
    return Text(tuple(_directives(inner, file)), faults)


def _directives(parsed: Sequence[dict[str, Any]], file: str) -> Iterator[Directive]:
    for one in parsed:
        inner = () if _CODE.search(one["directive"]) else tuple(_directives(one.get("block", ()), file))
        yield Directive(one["directive"], tuple(one["args"]), file, one["line"], inner, "block" in one)


def included(
    directives: Sequence[Directive], find: Find, context: tuple[str, ...], depth: int = 0
) -> tuple[tuple[Directive, ...], tuple[str, ...], tuple[str, ...]]:
    """(the directives with what they include in its place, the patterns of which `find` knows nothing, faults)."""
    out: list[Directive] = []
    unknown: list[str] = []
    faults: list[str] = []
    for one in directives:
        if one.name == "include" and one.args and context[-1:] not in (("map",), ("types",)):
            texts = find(one.args[0], context) if depth < _DEEP else None
            if texts is None:
                unknown.append(one.args[0])
            for text in texts or ():
                inner, more, wrong = included(text.directives, find, context, depth + 1)
                out += inner
                unknown += more
                faults += [*text.faults, *wrong]
        elif one.block:
            inner, more, wrong = included(one.block, find, (*context, one.name), depth)
            out.append(replace(one, block=inner))
            unknown += more
            faults += wrong
        else:
            out.append(one)
    return tuple(out), tuple(unknown), tuple(faults)
