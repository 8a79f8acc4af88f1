"""The small types that config is made of, each with an error that says what to write instead."""

from __future__ import annotations

import ipaddress
import json
import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

from mech_infra.guard.judging import CHANGES, Permission

NAMESPACE = "mech"  # of the stack's keys: the project's name
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


class Section(BaseModel):
    """A part of the stack's config: camelCase in YAML, no unknown keys, never changed after loading."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


def wrong(what: str) -> dict[str, Any]:
    """What goes wrong with a key, in sentences without the last full stop: `json_schema_extra=wrong("…")`."""
    return {"wrong": what}


def _form(words: str, **schema: Any) -> WithJsonSchema:
    """What the type is to an editor, and in docs/config.md."""
    return WithJsonSchema({"type": "string", **schema, "words": words})


def _cidr(value: Any) -> str:
    try:
        return str(ipaddress.ip_network(str(value), strict=True))
    except ValueError as error:
        raise ValueError(
            f"{value!r} is not a CIDR ({error}); write an address with its prefix, as 203.0.113.0/24"
        ) from None


def _address_or_cidr(value: Any) -> str:
    text = str(value)
    if "/" in text:
        return _cidr(text)
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(f"{text!r} is neither an IP address nor a CIDR; write 203.0.113.7 or 203.0.113.0/24") from None


def _domain(value: str) -> str:
    if not _DOMAIN.fullmatch(value):
        raise ValueError(f"{value!r} is not a domain name; write it in lower case without scheme or slash, as mech.is")
    return value


def _port(value: Any) -> Any:
    if isinstance(value, bool) or not str(value).isdigit() or not 1 <= int(value) <= 65535:
        raise ValueError(f"{value!r} is not a TCP port; use 1 to 65535")
    return int(value)


def cpus_text(cpus: float) -> str:
    """Cores as pulumi-docker reads them back from Docker: any other text for the same number is a change for ever.

    Source: terraform-provider-docker 4.5.0, nanoInt64ToDecimalString: 1 is "1.0", 10 is "10.", 0.25 is "0.25"; with nine
    zeros among its digits a number is cut to one decimal, so that 0.05 comes back as "0.1".
    """
    exact = f"{Decimal(str(cpus)):.9f}"
    if exact.count("0") == 9:
        return str(Decimal(exact).quantize(Decimal("0.1"), ROUND_HALF_UP))
    return exact.rstrip("0")


def _cpus(value: float) -> float:
    if float(cpus_text(value)) != value:
        raise ValueError(
            f"the Docker provider reads {value:g} cores back as {cpus_text(value)}, a change for ever; "
            f"write {max(round(value, 1), 0.1):g}"
        )
    return value


def _allowed(value: Any) -> Permission:
    change, _, resource = str(value).strip().partition(" ")
    if change not in CHANGES or not re.fullmatch(r"[\w.-]+", resource):
        raise ValueError(
            f"{value!r} is not a change and a resource; write one of {', '.join(CHANGES)} and the resource's name, "
            "as `replace data-block`"
        )
    return Permission(change, resource)


def _environment_text(value: Any) -> Any:
    """A number or boolean as the text that Docker makes of it; a whole number has no fraction, as the engine writes it."""
    if value is None:
        raise ValueError('it has no value; write "" for an empty one, or remove it')
    if isinstance(value, list | dict):
        what, shape = ("a list", "a,b") if isinstance(value, list) else ("a map", '{"a": 1}')
        raise ValueError(f"it is {what}, and an environment is text; write it as one text in quotes, as '{shape}'")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        value = int(value)
    return json.dumps(value) if isinstance(value, bool | int | float) else value


Allowed = Annotated[
    Permission,
    BeforeValidator(_allowed),
    _form(f"a change ({', '.join(CHANGES)}) and the name of its resource", pattern=rf"^({'|'.join(CHANGES)}) [\w.-]+$"),
]
# Text, also where YAML makes a number or a boolean of it.
EnvironmentText = Annotated[
    str, BeforeValidator(_environment_text), _form("text, numbers or booleans", type=["string", "number", "boolean"])
]
Cidr = Annotated[str, BeforeValidator(_cidr), _form("a CIDR")]
AddressOrCidr = Annotated[str, BeforeValidator(_address_or_cidr), _form("an address or a CIDR")]
Domain = Annotated[str, AfterValidator(_domain), _form("a domain name, in lower case", pattern=f"^{_DOMAIN.pattern}$")]
Port = Annotated[int, BeforeValidator(_port), _form("a TCP port", type="integer", minimum=1, maximum=65535)]
Megabytes = Annotated[int, Field(ge=32, le=1_048_576)]
Cpus = Annotated[float, Field(gt=0, le=256), AfterValidator(_cpus)]
