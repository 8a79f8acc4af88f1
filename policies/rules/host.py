"""The host: somebody gets in, and its address stays."""

from __future__ import annotations

from collections.abc import Iterator

from policies.family import Family
from policies.model import INSTANCE, RESERVED_IP, UNKNOWN, Finding, Resource, Stack
from policies.reading.cloud_config import is_cloud_config, lets_in, parts
from policies.reading.commands import decoded
from policies.reading.daemon import listens
from policies.reading.ufw import hosts

rule = Family("host")


@rule.each(
    INSTANCE,
    "host-no-ssh-key",
    title="The instance has a key",
    symptom="`Permission denied (publickey)`: nobody gets in",
    fix="set sshKeyIds (mech:host.sshPrivateKey)",
    severity="critical",
)
def no_ssh_key(instance: Resource) -> Iterator[str]:
    if instance.props.get("sshKeyIds") is UNKNOWN or instance.props.get("sshKeyIds"):
        return
    data = decoded(instance.text("userData"))
    if not any(is_cloud_config(part) and lets_in(part) for part in parts(data)) and "authorized_keys" not in data:
        yield f"instance {instance.name} has no SSH key: only its password opens it"


@rule(
    "host-no-reserved-ip",
    title="The address is reserved",
    symptom="522 after a rebuild until every record is changed",
    fix="attach a reserved IP",
    severity="medium",
)
def no_reserved_ip(stack: Stack) -> Iterator[Finding]:
    if stack.of(INSTANCE) and not stack.of(RESERVED_IP):
        yield Finding("the host's address goes with the instance", stack.of(INSTANCE)[0])


@rule(
    "host-docker-api",
    title="Docker answers nobody outside",
    symptom="whoever finds the port is root on the host",
    fix="remove tcp:// from the daemon's hosts, or set tlsverify with an authority of your own; `docker -H ssh://HOST` needs none",
    severity="critical",
)
def docker_api(stack: Stack) -> Iterator[Finding]:
    for resource, address, port in listens(stack):
        closed = [host.closed(port) for host in hosts(stack) if host.sure.enabled and host.disabled is None]
        if True not in closed:
            yield Finding(f"Docker's daemon listens on {address}:{port} for everybody, without TLS", resource)
