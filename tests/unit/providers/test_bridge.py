"""Rules common to bridged providers, and that each table agrees with its official SDK class."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sandbox.providers.bridge import Bridged, camel, coerce, empty, set_changes, snake
from sandbox.providers.cloudflare.provider import Cloudflare
from sandbox.providers.docker.provider import Docker
from sandbox.providers.fields import Field
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
        import pulumi_docker
    package = {"vultr": ediri_vultr, "cloudflare": pulumi_cloudflare, "docker": pulumi_docker}[token.split(":")[0]]
    cls = getattr(package, token.rsplit(":", 1)[-1])
    inputs = set(inspect.signature(cls._internal_init).parameters) - {"resource_name", "opts", "__props__", "args"}
    required = set()
    for line in inspect.getsource(cls._internal_init).splitlines():
        if "Missing required property" in line:
            required.add(line.split("'")[1])
    state = set(inspect.signature(cls.get).parameters) - {"resource_name", "id", "opts"}
    return inputs, required, state


@pytest.mark.parametrize(
    "resource", [*Vultr.resources, *Cloudflare.resources, *Docker.resources], ids=lambda r: r.token
)
def test_table_agrees_with_the_official_sdk(resource: type[Bridged]) -> None:
    inputs, required, state = _sdk(resource.token)
    fields = resource.fields
    assert {snake(name) for name, field in fields.items() if field.role != "output"} == inputs - {"self", "__self__"}
    assert {snake(name) for name in fields} == state
    assert {snake(n) for n, f in fields.items() if f.role == "required" and not f.autoname} == required


def _parts(owner: str, fields: Mapping[str, Field]) -> Iterator[tuple[str, set[str], set[str], set[str]]]:
    """(class, our names, the SDK's names, those that it requires) of every object inside, at any depth."""
    import pulumi_docker._inputs as sdk

    for name, field in fields.items():
        if field.parts is None or field.role == "output":
            continue
        cls = _inner(getattr(sdk, owner, None) or getattr(__import__("pulumi_docker"), owner), snake(name))
        parameters = inspect.signature(getattr(sdk, cls).__init__).parameters
        # `global_` in Python, where `global` is a word of the language
        known = {key.rstrip("_"): item for key, item in parameters.items() if key not in ("self", "__self__")}
        required = {key for key, item in known.items() if item.default is inspect.Parameter.empty}
        yield cls, {snake(part) for part in field.parts}, set(known), required
        yield from _parts(cls, field.parts)


def _inner(owner: Any, name: str) -> str:
    """The class of an object that an argument takes, by the argument's annotation."""
    call = owner.__init__ if owner.__name__.endswith("Args") else owner._internal_init
    return re.findall(r"([A-Z]\w+Args)(?!Dict)\b", str(inspect.signature(call).parameters[name].annotation))[0]


@pytest.mark.parametrize("resource", Docker.resources, ids=lambda r: r.token)
def test_objects_inside_agree_with_the_official_sdk(resource: type[Bridged]) -> None:
    for cls, ours, theirs, required in _parts(resource.token.rsplit(":", 1)[-1], resource.fields):
        assert ours == theirs, cls
        assert required <= ours
