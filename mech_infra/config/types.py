"""The small types that config is made of, each with an error that says what to write instead."""

from __future__ import annotations

import difflib
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic.alias_generators import to_camel

from mech_infra.guard.judging import CHANGES, Permission
from mech_infra.readback import cpus_text

NAMESPACE = "mech"  # of the stack's keys: the project's name
# Names of RFC 6761, 6762, 7686 and ICANN's "internal": of no registrar. (`.example` and `.test` are for trying things out.)
_NOBODYS = ("internal", "local", "localhost", "invalid", "onion", "arpa", "lan")
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
# What keeps data, or interrupts when it is made anew.
KEPT = (
    "data-block",
    "host-address",
    "host-instance",
    "datastores-redis",
    "datastores-mongodb",
    "images-redis",
    "images-mongodb",
)
_LONG = 80  # characters of a value in a sentence
LONGEST = 32_768  # characters of a value: Linux starts nothing with one of 128 KiB


class Section(BaseModel):
    """A part of the stack's config: camelCase in YAML, no unknown keys, never changed after loading."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _can_be_meant(cls, value: Any, info: ValidationInfo) -> Any:
        """What pydantic would take for something else: `true` for 1, a text with a line break for one without."""
        if isinstance(value, str) and (found := unprintable(value)):
            raise ValueError(f"it has {found} in it, which no file on the host can hold there; write it on one line")
        if isinstance(value, bool) and _is_number(cls.model_fields[str(info.field_name)].annotation):
            raise ValueError(f"{json.dumps(value)} is no number; write one")
        return value


def _is_number(annotation: Any) -> bool:
    kinds = {annotation, *get_args(annotation)} | {one for part in get_args(annotation) for one in get_args(part)}
    return bool(kinds & {int, float}) and bool not in kinds


def is_placeholder(value: str) -> bool:
    """Whether a text is plainly not filled in yet."""
    return bool(re.fullmatch(r"(?i)\s*|changeme.*|replace[-_ ]?me.*|<.*>|your[-_ ].*|xxx+|todo.*|placeholder.*", value))


def looks_like_key(text: str) -> bool:
    """A key of SSH itself, of which only the path is wanted."""
    return "PRIVATE KEY" in text or bool(re.match(r"\s*(ssh|ecdsa|sk)-\S+\s+\S", text))


def unprintable(text: str) -> str | None:
    """What of it stands in no line of a file; None when all of it does."""
    kinds = {unicodedata.category(one) for one in text}
    if "\n" in text or "\r" in text:
        return "a line break"
    return "a control character" if "Cc" in kinds else "half a character" if "Cs" in kinds else None


def wrong(what: str, *refused: Any, form: str = "") -> dict[str, Any]:
    """What goes wrong with a key, in sentences without the last full stop: `json_schema_extra=wrong("…", "bad value")`.

    `refused` are values that the loader refuses, each for docs/config.md, which has its sentence; `form` says a pattern in words.
    """
    return {"wrong": what, "refused": list(refused), **({"words": form} if form else {})}


def form(words: str, **schema: Any) -> WithJsonSchema:
    """What the type is to an editor, and in docs/config.md."""
    return WithJsonSchema({"type": "string", **schema, "words": words})


def nearest(word: str, options: Iterable[str]) -> str:
    """The end of a sentence that says what somebody may have meant."""
    words = [option for option in options if not option[:1].isdigit()]  # of two digits any is close
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def shown(value: Any) -> str:
    """A value as a sentence has it."""
    if value is None or isinstance(value, list | dict):
        return "nothing" if value is None else "a list" if isinstance(value, list) else "a map"
    text = str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, str) else str(value)
    # Not cut: half a secret is found by nobody who looks for it whole.
    return text if len(text) <= _LONG else f"a value of {len(text)} characters"


def twice(values: Sequence[str]) -> None:
    """Raises ValueError where one stands in a list a second time."""
    for place, value in enumerate(values):
        if value in values[:place]:
            raise ValueError(f"{value} stands in it twice; take one of them out")


def _domain(value: str) -> str:
    if not _DOMAIN.fullmatch(value):
        raise ValueError(
            f"{shown(value)} is not a domain name; write it in lower case without scheme or slash, as mech.is"
        )
    if (top := value.rpartition(".")[2]) in _NOBODYS:
        raise ValueError(
            f"{value!r} is under .{top}, which no public DNS has, so nobody would find it; write a domain of yours"
        )
    return value


def _port(value: Any) -> Any:
    if not re.fullmatch(r"[0-9]{1,5}", str(value)) or not 1 <= int(value) <= 65535:
        raise ValueError(f"{shown(value)} is not a TCP port; use 1 to 65535")
    return int(value)


def _cpus(value: float) -> float:
    if float(cpus_text(value)) != value:
        raise ValueError(
            f"the Docker provider reads {value:g} cores back as {cpus_text(value)}, a change for ever; "
            f"write {max(round(value, 1), 0.1):g}"
        )
    return value


def _allowed(value: Any) -> Permission:
    change, _, resource = str(value).strip().partition(" ")
    close = difflib.get_close_matches(resource, KEPT, n=1, cutoff=0.8)
    if change in CHANGES and close and resource not in KEPT:
        raise ValueError(f"there is no {resource}, so that nothing is allowed; write {change} {close[0]}")
    if change not in CHANGES or not re.fullmatch(r"[\w.-]+", resource):
        raise ValueError(
            f"{shown(value)} is not a change and a resource; write one of {', '.join(CHANGES)} and the resource's name, "
            "as `replace data-block`"
        )
    return Permission(change, resource)


def environment_text(value: Any) -> Any:
    """A number or boolean as the text that Docker makes of it; a whole number has no fraction, as the engine writes it."""
    if value is None:
        raise ValueError('it has no value; write "" for an empty one, or remove it')
    if isinstance(value, list | dict):
        what, shape = ("a list", "a,b") if isinstance(value, list) else ("a map", '{"a": 1}')
        raise ValueError(f"it is {what}, and an environment is text; write it as one text in quotes, as '{shape}'")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("it is no number that Docker has a text for; write the text that you mean in quotes")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        value = int(value)
    text = json.dumps(value) if isinstance(value, bool | int | float) else value
    if isinstance(text, str) and (found := unprintable(text)):
        raise ValueError(f"it has {found} in it, which an .env file cannot hold; write it on one line, or as base64")
    if isinstance(text, str) and len(text) > LONGEST:
        raise ValueError(
            f"it has {len(text)} characters, more than the {LONGEST} that are sure to start; put it into a file"
        )
    return text


def _contact(value: str) -> str:
    if is_placeholder(value):
        raise ValueError("it is empty or a placeholder, and nobody would be called; write who it is, or remove it")
    return value


Allowed = Annotated[
    Permission,
    BeforeValidator(_allowed),
    form(f"a change ({', '.join(CHANGES)}) and the name of its resource", pattern=rf"^({'|'.join(CHANGES)}) [\w.-]+$"),
]
# Text, also where YAML makes a number or a boolean of it.
Contact = Annotated[str, AfterValidator(_contact), form("text")]
EnvironmentText = Annotated[
    str, BeforeValidator(environment_text), form("text, numbers or booleans", type=["string", "number", "boolean"])
]
Domain = Annotated[str, AfterValidator(_domain), form("a domain name, in lower case", pattern=f"^{_DOMAIN.pattern}$")]
Port = Annotated[int, BeforeValidator(_port), form("a TCP port", type="integer", minimum=1, maximum=65535)]
Megabytes = Annotated[int, Field(ge=32, le=1_048_576)]
Cpus = Annotated[float, Field(ge=0.01, le=256, allow_inf_nan=False), AfterValidator(_cpus)]
