"""Compose files: read, put together, with their variables filled in, as Docker Compose does.

Source: the Compose specification (interpolation, merge). A variable that nothing sets has its default, else it is open.
"""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

from policies.reading.shell import HOLE, known

NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_INNERMOST = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<plain>[A-Za-z_]\w*)|\{(?P<name>\w+)(?:(?P<how>:?[-?+])(?P<other>[^{}]*))?\})"
)
_DOLLAR = "\ue001"  # stands for `$$` until all variables are filled in
# Lists of which a later file's take the place of an earlier one's; others are joined.
_REPLACED = ("command", "entrypoint", "test")


class Invalid(Exception):
    """No file that Compose would take; the text says why."""


class Unread(Exception):
    """The files are not known before the host is asked; the text names them."""


# What a file holds, by its path from the folder of the one that names it. Raises Unread.
Read = Callable[[str], str]


class _Loader(yaml.SafeLoader):
    """YAML with compose's own tags: `!reset` takes a value away, `!override` is the value itself."""


def _tagged(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    if suffix == "reset":
        return None
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


_Loader.add_multi_constructor("!", _tagged)
# In YAML 1.1 `22:22` is a number of base 60, `on` a boolean and `2026-01-01` a date: in 1.2, which compose reads, they are texts.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if not tag.endswith((":int", ":float", ":bool", ":timestamp"))]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"(true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?(0|[1-9][0-9]*)$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+\.[0-9]+([eE][-+]?[0-9]+)?$"), list("-+0123456789")
)


@functools.lru_cache(maxsize=512)
def _parsed(text: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark is not None else ""
        raise Invalid(f"it is no YAML{where}") from None


def project(texts: list[str], variables: Mapping[str, str], read: Read) -> dict[str, Any]:
    """The files as one project, with what they include and extend. Raises Invalid, Unread."""
    whole: dict[str, Any] = {}
    for text in texts:
        about = _one(text, variables)
        for path in _included(about):
            whole = _merged(whole, project([read(path)], variables, read))
        whole = _merged(whole, about)
    if not isinstance(whole.get("services"), dict) or not whole["services"]:
        raise Invalid("it has no services")
    for name in whole["services"]:
        whole["services"][name] = _extended(whole["services"], name, variables, read)
    return whole


def _one(text: str, variables: Mapping[str, str]) -> dict[str, Any]:
    """One file, its variables filled in."""
    about = _parsed(text)
    if not isinstance(about, dict):
        raise Invalid("it is no mapping")
    about = filled(copy.deepcopy(about), variables)
    if about.get("services") is None and "image" in str(text) and not {"networks", "volumes", "include"} & about.keys():
        # Version 1 had no heading.
        about = {"services": {name: value for name, value in about.items() if isinstance(value, dict)}}
    return _mapped(about)


def _included(about: Mapping[str, Any]) -> Iterator[str]:
    given = about.get("include")
    for each in given if isinstance(given, list) else ():
        path = each.get("path") if isinstance(each, dict) else each
        yield from map(str, path if isinstance(path, list) else [path])


def _extended(services: dict[str, Any], name: str, variables: Mapping[str, str], read: Read, deep: int = 0) -> Any:
    """A service over the one that it extends, of this file or of another."""
    service = services.get(name)
    base = service.get("extends") if isinstance(service, dict) else None
    if base is None or deep > 8:
        return service
    other, file = (base.get("service"), base.get("file")) if isinstance(base, dict) else (base, None)
    among = _one(read(str(file)), variables).get("services") if file else services
    if not isinstance(other, str) or not isinstance(among, dict) or other not in among:
        return service
    above: dict[str, Any] = {**service, "extends": None} if isinstance(service, dict) else {}
    return _merged(_extended(among, other, variables, read, deep + 1), above)


def filled(value: Any, variables: Mapping[str, str]) -> Any:
    """`$NAME`, `${NAME:-default}` … in every text of a value."""
    if isinstance(value, dict):
        return {key: filled(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, variables) for item in value]
    if not isinstance(value, str) or "$" not in value:
        return value
    for _ in range(8):  # defaults within defaults
        new = _INNERMOST.sub(lambda match: _variable(match, variables), value)
        if new == value:
            break
        value = new
    return value.replace(_DOLLAR, "$")


def _variable(match: re.Match[str], variables: Mapping[str, str]) -> str:
    if match["escaped"]:
        return _DOLLAR
    name, how, other = match["plain"] or match["name"], match["how"] or "", match["other"] or ""
    value = variables.get(name)
    empty = value is None or (how.startswith(":") and not value)
    if how.endswith("-"):
        return other if empty else str(value)
    if how.endswith("+"):
        return "" if empty else other
    return HOLE if value is None else value.replace("$", _DOLLAR)


def _mapped(about: dict[str, Any]) -> dict[str, Any]:
    """Environments and the like as mappings, so that files can be put over each other."""
    for service in (about.get("services") or {}).values() if isinstance(about.get("services"), dict) else ():
        if not isinstance(service, dict):
            continue
        for key in ("environment", "labels", "depends_on", "networks"):
            given = service.get(key)
            if isinstance(given, list):
                service[key] = dict(_pair(item) for item in given)
    return about


def _pair(item: object) -> tuple[str, Any]:
    name, given, value = str(item).partition("=")
    return name, value if given else None


def _merged(one: Any, other: Any, key: str = "") -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        return {
            **one,
            **{name: _merged(one[name], value, name) if name in one else value for name, value in other.items()},
        }
    if isinstance(one, list) and isinstance(other, list) and key not in _REPLACED:
        return [*one, *(item for item in other if item not in one)]
    return other


def dotenv(text: str) -> dict[str, str]:
    """The variables of a `.env` file."""
    found = {}
    for line in text.splitlines():
        name, given, value = line.strip().removeprefix("export ").partition("=")
        if given and not name.startswith("#"):
            found[name.strip()] = value.strip().strip("\"'") if known(value) else HOLE
    return found
