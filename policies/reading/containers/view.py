"""The containers of a stack, whatever declares them."""

from __future__ import annotations

from policies.model import UNKNOWN, Stack, Unjudged
from policies.reading.containers.databases import is_database
from policies.reading.containers.made import Reader, View
from policies.reading.containers.model import Container, container_name
from policies.reading.platform import is_platform


def containers(stack: Stack) -> list[Container]:
    """Every container of the stack: declared, of `docker run`, of compose files, of a swarm's services."""
    return view(stack).containers


def view(stack: Stack) -> View:
    kept: View | None = stack.memo.get("containers")
    if kept is None:
        kept = stack.memo["containers"] = Reader(stack, is_platform(stack)).read()
    return kept


def databases(stack: Stack, kind: str = "") -> list[Container]:
    """The containers in which a database runs to stay: Redis and MongoDB, or one of them."""
    kept: list[tuple[str | None, Container]] | None = stack.memo.get("databases")
    if kept is None:
        kept = [(is_database(one), one) for one in containers(stack) if not one.once]
        kept = stack.memo["databases"] = [each for each in kept if each[0]]
    return [one for found, one in kept if kind in ("", found)]


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
