"""Which containers are databases, and how they are told to run."""

from __future__ import annotations

import re

from policies.model import UNKNOWN, Resource, Unjudged
from policies.reading.containers.model import words

DATABASE_PORTS = (6379, 27017)
_IMAGES = {
    "redis": r"redis|redis-stack|redis-stack-server|redis-cluster|valkey|keydb|dragonfly|eqalpha_keydb|redis-server",
    "mongodb": r"mongo|mongodb|mongodb-community-server|mongodb-enterprise-server|percona-server-mongodb|mongodb-atlas-local",
}
_NAMES = {"redis": r"redis|valkey", "mongodb": r"mongo(?:db)?"}
_CLIENTS = re.compile(
    r"(.*/)?(redis-(cli|benchmark|sentinel|check\w*)|valkey-cli|mongo|mongosh|mongo(dump|restore|export|import|top|stat)|mongos"
    r"|sh|bash|sleep|tail|echo|true|date|chown|cat|ls)"
)


def is_database(resource: Resource) -> str | None:
    """ "redis", "mongodb" or None, by the container's image, else by its name; a client of one is none."""
    if _is_client(resource):
        return None
    image = resource.props.get("image")
    last = re.sub(r"[:@].*", "", str(image).rpartition("/")[2].lower()) if image is not UNKNOWN else ""
    for kind, images in _IMAGES.items():
        if re.fullmatch(images, last):
            return kind
    for kind, names in _NAMES.items():
        pattern = rf"(.*[-_.])?({names})([-_]?\d+|[-_](server|db|data|master|primary|main|prod))?"
        if any(re.fullmatch(pattern, str(name).lower()) for name in (resource.props.get("name"), resource.name)):
            return kind
    return None


def _is_client(resource: Resource) -> bool:
    try:
        said = words(resource)
    except Unjudged:
        return False
    return bool(said and _CLIENTS.fullmatch(said[0]))


def server_options(resource: Resource) -> str:
    """What a database's server is told on its command line, as `name value` lines. Raises Unjudged."""
    text = " ".join(words(resource))
    for entry in resource.items("envs"):
        if str(entry).startswith("REDIS_ARGS="):
            text += " " + str(entry).partition("=")[2]
    return "\n".join(re.split(r"\s--", " " + text.replace("=", " ") if "mongod" in text else " " + text))


def config_file(resource: Resource) -> str:
    """The file that the command line names for the server's settings; "" for none."""
    said = words(resource)
    for at, word in enumerate(said):
        if re.search(r"\.(conf|cfg)$", word):
            return word.rpartition("=")[2]
        if word in ("--config", "-f") and said[at + 1 :]:
            return said[at + 1]
    return ""
