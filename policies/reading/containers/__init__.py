"""Containers: what they run, publish, mount and may do, whether the program declares them or its commands make them."""

from policies.reading.containers.databases import DATABASE_PORTS, config_file, is_database, server_options
from policies.reading.containers.inside import inside
from policies.reading.containers.model import (
    Container,
    Mount,
    Port,
    container_name,
    environment,
    environment_is_partial,
    is_loopback,
    is_private,
    mounts,
    networks,
    ports,
    published,
    words,
)
from policies.reading.containers.view import containers, databases, names_on_network, view

__all__ = [
    "DATABASE_PORTS",
    "Container",
    "Mount",
    "Port",
    "config_file",
    "container_name",
    "containers",
    "databases",
    "environment",
    "environment_is_partial",
    "inside",
    "is_database",
    "is_loopback",
    "is_private",
    "mounts",
    "names_on_network",
    "networks",
    "ports",
    "published",
    "server_options",
    "view",
    "words",
]
