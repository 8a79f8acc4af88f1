"""Single changes of the shipped program's resources."""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from policies.model import Resource, Stack

Resources = list[Resource]
Change = Callable[[Resources], Resources]


def stack(resources: Resources) -> Stack:
    return Stack(resources)


def edit(name: str, change: Callable[[dict[str, Any]], Any]) -> Change:
    """Change the properties of the resources whose names match."""

    def run(resources: Resources) -> Resources:
        hit, out = 0, []
        for resource in resources:
            if re.fullmatch(name, resource.name):
                props = copy.deepcopy(dict(resource.props))
                change(props)
                hit += 1
                resource = replace(resource, props=props)
            out.append(resource)
        assert hit, f"no resource is called {name}"
        return out

    return run


def unpinned(**props: Any) -> Change:
    """The data volume without its ignore_changes, with these properties."""

    def run(resources: Resources) -> Resources:
        return [replace(r, ignored=(), props={**r.props, **props}) if r.name == "data-block" else r for r in resources]

    return run


def put(name: str, key: str, value: Any) -> Change:
    return edit(name, lambda props: props.__setitem__(key, value))


def drop(name: str, key: str) -> Change:
    return edit(name, lambda props: props.pop(key, None))


def gone(name: str) -> Change:
    def run(resources: Resources) -> Resources:
        left = [resource for resource in resources if not re.fullmatch(name, resource.name)]
        assert len(left) < len(resources), f"no resource is called {name}"
        return left

    return run


def sub(name: str, pattern: str, new: str, key: str = "create") -> Change:
    """Change the text of a command."""

    def change(props: dict[str, Any]) -> None:
        text, count = re.subn(pattern, new, props[key], flags=re.M)
        assert count, f"{pattern} is not in {name}"
        props[key] = text

    return edit(name, change)


def written(name: str, path: str, pattern: str, new: str) -> Change:
    """Change the text of a file that a command writes from stdin."""

    def change(props: dict[str, Any]) -> None:
        lines, hit = [], 0
        for line in props["stdin"].splitlines():
            where, _, content = line.partition(" ")
            if where.endswith(path):
                text = base64.b64decode(content).decode()
                text, hit = re.subn(pattern, new, text, flags=re.M)
                content = base64.b64encode(text.encode()).decode()
            lines.append(f"{where} {content}")
        assert hit, f"{pattern} is not in {path}"
        props["stdin"] = "".join(f"{line}\n" for line in lines)

    return edit(name, change)


def env(name: str, variable: str, value: str | None) -> Change:
    """Set or remove one variable of a container."""

    def change(props: dict[str, Any]) -> None:
        entries = [entry for entry in props["envs"] if not entry.startswith(f"{variable}=")]
        props["envs"] = entries + ([f"{variable}={value}"] if value is not None else [])

    return edit(name, change)


def port(name: str, **fields: Any) -> Change:
    return edit(name, lambda props: props["ports"][0].update(fields))


def setting(name: str, value: str) -> Change:
    return put(f"edge-{name}", "value", value)


def more(type: str, /, **props: Any) -> Change:
    """One resource more."""
    return lambda resources: [*resources, Resource(type, "another", props, "urn:another", secrets=frozenset())]


def at_edge(type: str, /, **props: Any) -> Change:
    """One resource of the zone more, whole: the real plugin refuses one without its zone."""
    return more(f"cloudflare:index/{type}", zoneId="0" * 31 + "1", **props)


def ruleset(phase: str, expression: str, action: str = "block", **parameters: Any) -> Change:
    rule = {"action": action, "expression": expression, "enabled": True, "actionParameters": parameters}
    return at_edge("ruleset:Ruleset", phase=phase, kind="zone", name="another", rules=[rule])


def bare(entry: str) -> Change:
    """A variable in plain, of a container that has no secret one: the engine keeps a list that holds one secret as a whole."""
    return put(CACHE, "envs", [entry])


def both(*changes: Change) -> Change:
    def run(resources: Resources) -> Resources:
        for change in changes:
            resources = change(resources)
        return resources

    return run


NGINX, UFW, REDIS = "proxy-nginx", "firewall-apply", "datastores-redis-conf"


def service(name: str) -> str:
    """The container of a service's version."""
    return f"services-{name}-[0-9a-f]{{8}}"


LLM, QUEUE, STORAGE, INDEXER = map(service, ("llm", "queue", "storage", "indexer"))
MONGO, CACHE, HOST = "datastores-mongodb", "datastores-redis", "host-instance"


def conf(pattern: str, new: str) -> Change:
    return written(NGINX, "mech.conf", pattern, new)
