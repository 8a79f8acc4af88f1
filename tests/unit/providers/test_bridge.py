"""Rules common to bridged providers, and that each table agrees with its official SDK class."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import pytest

from sandbox.providers.bridge import Bridged, camel, coerce, empty, set_changes, snake
from sandbox.providers.cloudflare.provider import Cloudflare
from sandbox.providers.values import UNKNOWN
from sandbox.providers.vultr.provider import Vultr


@pytest.mark.parametrize(
    ("kind", "given", "wanted"),
    [("int", "80", 80), ("int", 80.0, 80), ("str", 80, "80"), ("bool", "true", True), ("str", True, "true"),
     ("float", "1.5", 1.5), ("int", UNKNOWN, UNKNOWN), ("list", [UNKNOWN], [UNKNOWN])],
)  # fmt: skip
def test_values_become_their_fields_type(kind: Any, given: Any, wanted: Any) -> None:
    assert coerce(kind, given) == wanted


@pytest.mark.parametrize(("kind", "given"), [("int", "x"), ("int", 1.5), ("int", True), ("bool", "yes"), ("list", "a")])
def test_what_cannot_be_converted_is_refused(kind: Any, given: Any) -> None:
    with pytest.raises(ValueError, match="must be"):
        coerce(kind, given)


def test_empty_is_one_thing() -> None:
    assert all(empty(value) for value in (None, "", [], {}, False, 0))
    assert not any(empty(value) for value in (UNKNOWN, "0", True, 1, [0]))


@pytest.mark.parametrize("name", ["mainIp", "v6MainIp", "sizeGb", "osId", "attachedToInstance", "originalDnshost"])
def test_names_go_round(name: str) -> None:
    assert camel(snake(name)) == name


def test_sets_point_at_what_really_changed() -> None:
    assert set_changes("tags", ["x", "mech"], ["mech"]) == {"tags[0]": "delete"}
    assert set_changes("tags", ["a"], ["b", "a"]) == {"tags[0]": "add"}
    assert set_changes("tags", ["a"], ["b"]) == {"tags[0]": "update"}
    assert set_changes("tags", ["a"], [UNKNOWN]) == {"tags[0]": "update"}
    assert set_changes("tags", ["a", "b"], ["b", "a"]) == {}


def _sdk(token: str) -> tuple[set[str], set[str], set[str]]:
    """(inputs, required inputs, outputs) of the official class, by its Python signature."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ediri_vultr
        import pulumi_cloudflare
    package = ediri_vultr if token.startswith("vultr") else pulumi_cloudflare
    cls = getattr(package, token.rsplit(":", 1)[-1])
    inputs = set(inspect.signature(cls._internal_init).parameters) - {"resource_name", "opts", "__props__", "args"}
    required = set()
    for line in inspect.getsource(cls._internal_init).splitlines():
        if "Missing required property" in line:
            required.add(line.split("'")[1])
    state = set(inspect.signature(cls.get).parameters) - {"resource_name", "id", "opts"}
    return inputs, required, state


@pytest.mark.parametrize("resource", [*Vultr.resources, *Cloudflare.resources], ids=lambda r: r.token)
def test_table_agrees_with_the_official_sdk(resource: type[Bridged]) -> None:
    inputs, required, state = _sdk(resource.token)
    fields = resource.fields
    assert {snake(name) for name, field in fields.items() if field.role != "output"} == inputs - {"self", "__self__"}
    assert {snake(name) for name in fields} == state
    assert {snake(n) for n, f in fields.items() if f.role == "required" and not f.autoname} == required
