"""Reads what a program says in text: UFW's rules and nginx's config inside remote commands, ports, environments."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.model import CONTAINER, UNKNOWN, Resource, Stack, Unjudged

_ALLOW = re.compile(
    r"^\s*(?:sudo )?ufw (?:--force )?allow (?:from (?P<source>\S+) to any port (?P<from_port>[\d:,]+)(?: proto \w+)?"
    r"|(?:in )?(?P<port>[\d:,]+|any|OpenSSH|ssh|http|https)(?:/(?P<proto>tcp|udp))?)",
    re.M,
)
_NAMED = {"OpenSSH": "22", "ssh": "22", "http": "80", "https": "443", "any": "1:65535"}
_ENABLE = re.compile(r"\bufw (?:--force )?enable\b")
_DEFAULT = re.compile(r"\bufw (?:--force )?default (\w+) incoming\b")
DATABASE_PORTS = (6379, 27017)


def ranges(port: str) -> list[range]:
    """`80`, `3001:3010`, `80,443` as ranges; [] for what is none."""
    found = []
    for part in _NAMED.get(port, port).split(","):
        low, _, high = part.replace("-", ":").partition(":")
        if low.isdecimal() and (high or low).isdecimal() and len(low) < 6 and len(high) < 6:
            found.append(range(int(low), int(high or low) + 1))
    return found


def covers(opened: list[range], port: int) -> bool:
    return any(port in each for each in opened)


@dataclass(frozen=True)
class Ufw:
    """What the firewall command does: ports allowed in, where it allows SSH and enables, the default for the rest."""

    resource: Resource
    text: str

    @property
    def opened(self) -> list[range]:
        return [
            part for match in _ALLOW.finditer(self.text) for part in ranges(match["port"] or match["from_port"] or "")
        ]

    @property
    def enabled_at(self) -> int | None:
        match = _ENABLE.search(self.text)
        return match.start() if match else None

    @property
    def ssh_at(self) -> int | None:
        for match in _ALLOW.finditer(self.text):
            if covers(ranges(match["port"] or match["from_port"] or ""), 22):
                return match.start()
        return None

    @property
    def default(self) -> str | None:
        match = _DEFAULT.search(self.text)
        return match[1] if match else None

    @property
    def guarded(self) -> list[range] | None:
        """Ports that DOCKER-USER lets in from outside, None where there is no guard that drops the rest."""
        if not re.search(r"-A DOCKER-USER (?:-\S+ \S+ )*-j DROP", self.text):
            return None
        allowed = re.findall(r"-A DOCKER-USER .*--ctorigdstport ([\d:,]+) -j (?:RETURN|ACCEPT)", self.text)
        return [part for port in allowed for part in ranges(port)]


def ufw(stack: Stack) -> Ufw | None:
    """The command that configures UFW, None where there is none. Raises Unjudged where a command is unknown."""
    found: Ufw | None = _first(stack, lambda resource, text: Ufw(resource, text) if _is_ufw(text) else None)
    return found


def _is_ufw(text: str) -> bool:
    return bool(_ALLOW.search(text) or _ENABLE.search(text) or _DEFAULT.search(text))


def _first(stack: Stack, make: Any) -> Any:
    unknown = None
    for resource in stack.commands():
        try:
            found = make(resource, resource.text("create"))
        except Unjudged as what:
            unknown = what
            continue
        if found is not None:
            return found
    if unknown is not None:
        raise unknown
    return None


def files(resource: Resource) -> dict[str, str]:
    """Files that a command writes from its stdin (`PATH BASE64` a line), by path."""
    found = {}
    for line in resource.text("stdin").splitlines():
        path, _, content = line.partition(" ")
        try:
            found[path] = base64.b64decode(content, validate=True).decode("utf-8", "replace")
        except (ValueError, binascii.Error):
            continue
    return found


@dataclass(frozen=True)
class Nginx:
    """nginx's config and the command that puts it in place."""

    resource: Resource
    command: str
    text: str

    @property
    def servers(self) -> list[str]:
        """The server blocks, each as text."""
        found, depth, start = [], 0, None
        for match in re.finditer(r"\bserver\s*\{|[{}]", self.text):
            word = match[0]
            if word.startswith("server") and start is None:
                start, depth = match.start(), 1
            elif start is not None:
                depth += -1 if word == "}" else 1
                if depth == 0:
                    found.append(self.text[start : match.end()])
                    start = None
        return found

    @property
    def names(self) -> set[str]:
        named = re.findall(r"^\s*server_name\s+([^;]+);", self.text, re.M)
        return {name for names in named for name in names.split() if name != "_"}

    @property
    def tls_names(self) -> set[str]:
        """The names that visitors ask for by HTTPS."""
        return {
            name for server in self.servers if re.search(r"^\s*listen\s+[^;]*\bssl\b", server, re.M)
            for names in re.findall(r"^\s*server_name\s+([^;]+);", server, re.M) for name in names.split() if name != "_"
        }  # fmt: skip

    @property
    def upstreams(self) -> list[list[set[int]]]:
        """For each place that requests are passed to, the ports of it: one set, or a choice of them where a variable names it.

        A server that is only a `backup` may be away.
        """
        groups = {
            match[1]: {
                int(port) for port in
                re.findall(r"^\s*server\s+(?:127\.0\.0\.1|localhost):(\d{1,5})(?![^;]*\bbackup\b)", match[2], re.M)
            }
            for match in re.finditer(r"^\s*upstream\s+(\S+)\s*\{([^}]*)\}", self.text, re.M)
        }  # fmt: skip
        found = []
        for server in self.servers:
            for target in re.findall(r"^\s*proxy_pass\s+https?://([^;/\s]+)", server, re.M):
                direct = re.fullmatch(r"(?:127\.0\.0\.1|localhost):(\d{1,5})", target)
                named = re.findall(rf"\bset\s+{re.escape(target)}\s+(\S+)\s*;", server) if "$" in target else [target]
                choice = [{int(direct[1])}] if direct else [groups[name] for name in named if name in groups]
                if choice and choice not in found:
                    found.append(choice)
        return found

    def body_mb(self) -> list[float]:
        """client_max_body_size of each block that sets it, in MB; 0 means no limit, nginx's default is 1."""
        scale = {"": 1 / 2**20, "k": 1 / 1024, "m": 1.0, "g": 1024.0}
        found = re.findall(r"client_max_body_size\s+(\d+)([kKmMgG]?)\s*;", self.text)
        return [float("inf") if int(n) == 0 else int(n) * scale[unit.lower()] for n, unit in found]


def nginx(stack: Stack) -> Nginx | None:
    """The proxy's config, None where there is none. Raises Unjudged."""

    def make(resource: Resource, command: str) -> Nginx | None:
        if "nginx" not in command:
            return None
        config = "\n".join(text for path, text in files(resource).items() if path.startswith("/etc/nginx/"))
        return Nginx(resource, command, config) if config else None

    found: Nginx | None = _first(stack, make)
    return found


def container_name(resource: Resource) -> str:
    return resource.text("name") or resource.name


def environment(resource: Resource) -> dict[str, str]:
    """Environment of a container, by name; unknown entries are left out. Raises Unjudged if all of it is unknown."""
    found = {}
    for entry in resource.items("envs"):
        if isinstance(entry, str):
            name, _, value = entry.partition("=")
            found[name] = value
    return found


def environment_is_partial(resource: Resource) -> bool:
    value = resource.props.get("envs")
    return value is UNKNOWN or (isinstance(value, list | tuple) and any(item is UNKNOWN for item in value))


def published(resource: Resource) -> Iterator[tuple[str, int, str]]:
    """(address, host's port, protocol) of each published port; the address defaults to everywhere, as Docker's."""
    for port in resource.maps("ports"):
        value = port.get("external")
        if value is UNKNOWN or port.get("ip") is UNKNOWN:
            raise Unjudged(f"{resource.name}.ports")
        if isinstance(value, int | float) and not isinstance(value, bool) and value == value and 0 < value < 65536:
            ip = port.get("ip")
            protocol = port.get("protocol")
            yield (
                ip if isinstance(ip, str) and ip else "0.0.0.0",  # noqa: S104 - Docker's default, not ours
                int(value),
                protocol if isinstance(protocol, str) else "tcp",
            )


def is_loopback(address: str) -> bool:
    return address.startswith("127.") or address in ("::1", "localhost")


def names_on_network(stack: Stack, network: str) -> set[str]:
    """Every name that answers on a network: containers and their aliases."""
    names: set[str] = set()
    for resource in stack.of(CONTAINER):
        attached = [entry for entry in resource.maps("networksAdvanced") if entry.get("name") in (network, UNKNOWN)]
        for entry in attached:
            names.add(container_name(resource))
            aliases = entry.get("aliases")
            names.update(alias for alias in aliases if isinstance(alias, str)) if isinstance(
                aliases, list | tuple
            ) else None
    return names


def image_of(stack: Stack, resource: Resource) -> str:
    """A word for what a container runs: its name, and its image where that is a name."""
    image = resource.props.get("image")
    return f"{container_name(resource)} {image if isinstance(image, str) and not image.startswith('sha256:') else ''}"


def is_database(resource: Resource) -> str | None:
    """ "redis", "mongodb" or None, by the container's name or image."""
    word = f"{resource.props.get('name')} {resource.props.get('image')} {resource.name}".lower()
    if re.search(r"\bredis\b", word):
        return "redis"
    return "mongodb" if re.search(r"\bmongo(db)?\b", word) else None


def labels(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
