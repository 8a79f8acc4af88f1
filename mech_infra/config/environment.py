"""What stands in a service's environment: names, values, what the program sets itself, and what is a secret."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from mech_infra import catalogue
from mech_infra.config.types import NAMESPACE

SECRETS = "serviceSecrets"  # the section of those that the catalogue does not know
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")
_SOUNDS_SECRET = re.compile(
    r"(?:^|[_.-])(?:KEY|APIKEY|TOKEN|SECRET|PASSWORD|PASSWD|PASS|PWD|CREDENTIALS?|PRIVATE)(?:_(?:BASE64|B64|JSON))?$",
    re.I,
)
_OPEN = re.compile(r"PUBLIC|PUBLISHABLE", re.I)
# Keys by their vendors' beginnings, as those know them (and as secret scanners do).
LOOKS_SECRET = re.compile(
    r"(?<![A-Za-z0-9])(?:sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}|A[KS]IA[A-Z0-9]{16}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,}|(?:sk|rk)_live_\w{10,}|AIza[\w-]{35}|SG\.[\w-]{16,}\.[\w-]{16,}|hf_[A-Za-z0-9]{20,}"
    r"|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,})|PRIVATE KEY-----"
)
# Of a secret's name, what is none: a number, a switch, a path, nothing.
_NO_SECRET = re.compile(r"|true|false|-?\d+(\.\d+)?|(\.{0,2}|~)/[\w./-]+", re.I)


@dataclass(frozen=True)
class Server:
    """What the program tells a service the address of; `port` is 0 where the scheme's is meant."""

    what: str
    host: str
    port: int
    schemes: tuple[str, ...]
    password: str = ""  # the secret's name


_SERVERS = {
    "REDIS_URL": Server("Redis", "redis", 6379, ("redis", "rediss"), "REDIS_PASSWORD"),
    "MONGODB_URI": Server("MongoDB", "mongodb", 27017, ("mongodb", "mongodb+srv"), "MONGODB_PASSWORD"),
    **{
        f"{name.upper()}_URL": Server(f"the service {name}", f"{name}.mech.internal", 80, ("http", "https"))
        for name in {callee for service in catalogue.SERVICES.values() for callee in service.calls}
    },
}


def sounds_secret(name: str) -> bool:
    return bool(_SOUNDS_SECRET.search(name)) and not _OPEN.search(name)


def looks_secret(value: str) -> bool:
    """A key by its vendor's beginning, or an address with a password."""
    try:
        return bool(LOOKS_SECRET.search(value)) or ("://" in value and bool(urlsplit(value).password))
    except ValueError:
        return False


def own(service: str, secrets: Mapping[str, str]) -> dict[str, str]:
    """Of the stack's secrets those that stand in this service's environment under their own names (SERVICE.NAME)."""
    return {key.partition(".")[2]: value for key, value in secrets.items() if key.partition(".")[0] == service}


def mistakes(
    service: catalogue.Service,
    port: int,
    plain: Mapping[str, str],
    secrets: Mapping[str, str],
    places: Mapping[str, str],
) -> Iterator[str]:
    """A sentence for each that is wrong; none has a value in it.

    `port` is the service's, `secrets` the stack's, `places` the keys of the config under which those of services stand.
    """
    hidden = own(service.name, secrets)
    for name, value in [*plain.items(), *hidden.items()]:
        secret = name in hidden
        open_ = f"{NAMESPACE}:services.{service.name}.environment.{name}"
        place = places.get(f"{service.name}.{name}", open_) if secret else open_
        if not _NAME.fullmatch(name):
            yield f"{place}: {name!r} is no name of a variable; write letters, digits and _, as LOG_LEVEL"
        elif name in catalogue.SECRETS:
            yield (
                f"{place} is not read: {name} is a secret of its own; take it out, and set it with: "
                f"pulumi config set --secret {NAMESPACE}:{name}"
            )
        elif secret and name in plain:
            yield f"{place} stands at {open_}, too; take it out there"
        elif found := _given(name, value, service, port, secrets):
            yield f"{place}: {found}"
        elif secret and not value.strip():
            yield f"{place} is empty; set it: {set_secret(service.name, name)}"
        elif not secret and looks_secret(value):
            yield f"{place}: its value looks like a key or has a password in it, and {_stands_open(service.name, name)}"
        elif not secret and sounds_secret(name) and not _NO_SECRET.fullmatch(value):
            yield f"{place}: its name says that it is a secret, and {_stands_open(service.name, name)}"


def set_secret(service: str, name: str) -> str:
    """The command that asks for it."""
    return f"pulumi config set --secret --path {NAMESPACE}:{SECRETS}.{service}.{name}"


def _stands_open(service: str, name: str) -> str:
    place = f"{NAMESPACE}:services.{service}.environment.{name}"
    return (
        "an environment stands in plain text in the stack's file, plan, state and history; take it out there, and set it "
        f"encrypted: pulumi config rm --path {place} && {set_secret(service, name)}"
    )


def _given(name: str, value: str, service: catalogue.Service, port: int, secrets: Mapping[str, str]) -> str | None:
    """What is wrong with one that stands in the place of the program's own, as the end of a sentence."""
    if name == "SERVICE_NAME" and value != service.name:
        return f"the program sets it to {service.name}, by which its logs and its diagnosis know it; take it out"
    if name == "PORT" and value != str(port):
        return (
            f"the service would listen where nobody asks: the program sets it to {port}; take it out, and set "
            f"{NAMESPACE}:services.{service.name}.port"
        )
    server = _SERVERS.get(name)
    return _address(server, value, server.password in secrets) if server else None


def _address(server: Server, value: str, asks: bool) -> str | None:
    """`asks`: our own server wants a password."""
    scheme, there, rest = value.partition("://")
    if not there or scheme.lower() not in server.schemes:
        return f"it is no address of {server.what}, which begins with {server.schemes[0]}://; take it out: the program sets it"
    user, known, places = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")
    for place in places.split(","):
        host, port = _parts(place)
        if _is_loopback(host):
            return (
                f"in a container localhost is the container itself, and {server.what} is not in it; take it out: the program "
                f"sets it to {server.schemes[0]}://{server.host}"
            )
        if host == server.host and port not in ("", str(server.port)):
            return (
                f"{server.what} is at {server.host}:{server.port}, not at that port; take it out: the program sets it"
            )
        if host == server.host and asks and not (known and user):
            return (
                f"{NAMESPACE}:{server.password} is set, and this address has no password, so that {server.what} would refuse it; "
                "take it out: the program sets it"
            )
    return None


def _parts(place: str) -> tuple[str, str]:
    """(host in lower case, port as it is written) of HOST:PORT."""
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(.*))?", place)
    return (found[1].strip("[]").lower(), found[2] or "") if found else (place, "")


def _is_loopback(host: str) -> bool:
    if host in ("", "localhost") or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
