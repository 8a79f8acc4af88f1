"""The containers of a stack, whatever declares them."""

from __future__ import annotations

from mech_infra.catalogue import NETWORK_NAME
from mech_infra.commands.containers import MANAGED
from policies.model import CONTAINER, NETWORK, UNKNOWN, Resource, Stack, Unjudged
from policies.reading.containers.databases import is_database
from policies.reading.containers.made import Reader, View
from policies.reading.containers.model import Container, container_name


def containers(stack: Stack) -> list[Container]:
    """Every container of the stack: declared, of `docker run`, of compose files, of a swarm's services."""
    return view(stack).containers


def view(stack: Stack) -> View:
    kept: View | None = stack.memo.get("containers")
    if kept is None:
        kept = stack.memo["containers"] = Reader(stack, platform(stack)).read()
    return kept


def databases(stack: Stack, kind: str = "") -> list[Container]:
    """The containers in which a database runs to stay: Redis and MongoDB, or one of them."""
    kept: list[tuple[str | None, Container]] | None = stack.memo.get("databases")
    if kept is None:
        kept = [(is_database(one), one) for one in containers(stack) if not one.once]
        kept = stack.memo["databases"] = [each for each in kept if each[0]]
    return [one for found, one in kept if kind in ("", found)]


def platform(stack: Stack) -> bool:
    """Whether the program is the platform: only there is it known what has to be there."""
    kept: bool | None = stack.memo.get("platform")
    if kept is None:
        named = any(network.props.get("name") == NETWORK_NAME for network in stack.of(NETWORK))
        kept = named or any(_ours(one) for one in stack.of(CONTAINER))
        stack.memo["platform"] = kept
    return kept


def _ours(container: Resource) -> bool:
    """Whether it bears the platform's own mark, or is on its network."""
    marks = [("networksAdvanced", "name", NETWORK_NAME), ("labels", "label", MANAGED)]
    return any(
        entry.get(key) == value
        for kind, key, value in marks
        if container.props.get(kind) is not UNKNOWN
        for entry in container.maps(kind)
    )


def names_on_network(stack: Stack, network: str) -> set[str]:
    """Every name that answers on a network: containers and their aliases. Raises Unjudged where a name is unknown."""
    names: set[str] = set()
    for one in containers(stack):
        for entry in one.maps("networksAdvanced"):
            if entry.get("name") in (network, UNKNOWN):
                if one.props.get("name") is UNKNOWN:
                    raise Unjudged(f"{one.name}.name")
                aliases = entry.get("aliases")
                names.add(container_name(one))
                names |= (
                    {alias for alias in aliases if isinstance(alias, str)}
                    if isinstance(aliases, list | tuple)
                    else set()
                )
    return names
