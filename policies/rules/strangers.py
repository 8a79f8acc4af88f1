"""Strangers: who reaches the databases, and whether they ask for a password."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.family import Family
from policies.model import GROUP_RULE, Finding, Resource, Stack, Unjudged, each
from policies.reading.commands import written
from policies.reading.containers import (
    Container,
    config_file,
    containers,
    databases,
    environment,
    environment_is_partial,
    is_database,
    is_loopback,
    is_private,
    ports,
    server_options,
)
from policies.reading.platform import is_platform
from policies.reading.servers import open_servers
from policies.reading.ufw import covers, hosts, ranges
from policies.rules.data import redis_settings

rule = Family("data")


@rule(
    "data-published",
    title="Databases are not published",
    symptom="strangers in Redis and MongoDB",
    fix="remove ports from the database's container",
    severity="critical",
    cis=["5.9", "5.14"],
)
def ports_published(stack: Stack) -> Iterator[Finding]:
    def judge(container: Resource) -> Iterator[str]:
        assert isinstance(container, Container)
        if container.get("publishAllPorts") is True:
            yield f"{container.label} publishes all its ports on random ones of 0.0.0.0"
        for port in ports(container):
            if not is_private(port.address):
                number = f"{port.internal} on a random port" if port.external is None else str(port.external)
                yield f"{container.label} publishes {number} {'of' if port.external is None else 'on'} {port.address}"

    yield from each(databases(stack), judge)


def _mongod_options(stack: Stack, mongo: Resource) -> str:
    """mongod's command line, and the files that commands write for it."""
    files = [text for path, text in written(stack).items() if "/mongo" in path]
    return "\n".join([server_options(mongo), *files])


def _asks(stack: Stack, database: Container) -> bool:
    """Whether it lets in only who has a password. Raises Unjudged where its options or its environment are not known."""
    there = environment(database)
    if is_database(database) == "redis":
        text = redis_settings(stack, database)
        asks = re.search(
            r"^\s*(requirepass\s+[^\s\"']|requirepass\s+[\"'][^\"']|aclfile\s|user\s+default\s.*[>#])", text, re.M
        )
        known: tuple[str, ...] = (
            "REDIS_PASSWORD",
            "REDIS_PASSWORD_FILE",
            "REDIS_ACLFILE",
            "DFLY_requirepass",
            "VALKEY_PASSWORD",
        )
    else:
        text = _mongod_options(stack, database)
        asks = re.search(r"(^|\s)(auth|keyFile\s.+|--auth\b.*)$|authorization:\s*[\"']?enabled", text, re.M)
        if re.search(r"(^|\s)(--)?noauth\b|authorization:\s*[\"']?disabled", text, re.M):
            return False
        known = tuple(
            f"{name}{file}"
            for name in ("MONGO_INITDB_ROOT_PASSWORD", "MONGODB_ROOT_PASSWORD", "MONGODB_INITDB_ROOT_PASSWORD")
            for file in ("", "_FILE")
        )
        if not asks and config_file(database) and not any("/mongo" in path for path in written(stack)):
            raise Unjudged(f"{database.name}: {config_file(database)}")
    if asks or any(there.get(name) for name in known):
        return True
    if environment_is_partial(database):
        raise Unjudged(f"{database.name}.envs")
    return False


@rule(
    "data-mongodb-auth",
    title="MongoDB asks for a password",
    symptom="whoever gets onto mech-network reads everything",
    fix="pulumi config set --secret mech:MONGODB_PASSWORD",
    severity="medium",
    level="advisory",
)
def mongodb_auth(stack: Stack) -> Iterator[Finding]:
    for mongo in databases(stack, "mongodb"):
        refused = re.search(r"(^|\s)(--)?noauth\b", server_options(mongo), re.M)
        if (refused or is_platform(stack)) and not _asks(stack, mongo):
            yield Finding("MongoDB asks nobody for a password", mongo)


@rule(
    "data-open",
    title="What is published asks for a password",
    symptom="data that are gone, and a note that asks for money in their place",
    fix="do not publish the database; else set requirepass (Redis), or MONGO_INITDB_ROOT_USERNAME and _PASSWORD",
    severity="critical",
)
def published_open(stack: Stack) -> Iterator[Finding]:
    def judge(container: Resource) -> Iterator[str]:
        assert isinstance(container, Container)
        host = container.mode("networkMode") == "host" and not re.search(
            r"^\s*bind(_ip)?\s+(127\.|localhost)", server_options(container), re.M
        )
        reached = host or container.get("publishAllPorts") is True
        if (reached or any(not is_loopback(port.address) for port in ports(container))) and not _asks(stack, container):
            yield f"{container.label} is published and asks nobody for a password"

    yield from each(databases(stack), judge)
    yield from each([one for one in containers(stack) if not one.once], _trusting)
    for resource, name, port in open_servers(stack):
        if not _is_kept(stack, port):
            yield Finding(f"{name} answers everybody on {port}, and asks nobody for a password", resource)


# Other databases, and what tells them to ask nobody.
_TRUSTING = (
    (r"postgres|postgresql|postgis|timescaledb", r"POSTGRES_HOST_AUTH_METHOD=trust|ALLOW_EMPTY_PASSWORD=(yes|true|1)"),
    (r"mysql|mariadb|percona", r"(MYSQL|MARIADB)_ALLOW_EMPTY(_ROOT)?_PASSWORD=(yes|true|1)|ALLOW_EMPTY_PASSWORD=(yes|true|1)"),
    (r"elasticsearch|opensearch", r"xpack\.security\.enabled=false|DISABLE_SECURITY_PLUGIN=true|plugins\.security\.disabled=true"),
    (r"memcached", r""),  # it has no passwords
)  # fmt: skip


def _trusting(container: Resource) -> Iterator[str]:
    assert isinstance(container, Container)
    image = container.image.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()
    told = next((told for images, told in _TRUSTING if re.fullmatch(images, image)), None)
    if told is None or not any(not is_private(port.address) for port in ports(container)):
        return
    said = [str(entry) for entry in container.items("envs")]
    if not told or any(re.fullmatch(told, entry, re.I) for entry in said):
        yield f"{container.label} is published and asks nobody for a password"


def _is_kept(stack: Stack, port: int) -> bool:
    """Whether a firewall stands before a port of the host itself."""
    walls = [host for host in hosts(stack) if host.sure.enabled and host.disabled is None]
    if any(not host.everybody(port) and host.sure.defaults["incoming"] != "allow" for host in walls):
        return True
    group = stack.of(GROUP_RULE)
    return bool(group) and not any(covers(ranges(str(one.props.get("port") or "")), port) for one in group)
