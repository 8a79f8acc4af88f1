"""The host: somebody gets in, and its address stays."""

from __future__ import annotations

from collections.abc import Iterator

from policies.family import Family
from policies.model import INSTANCE, RESERVED_IP, UNKNOWN, Finding, Resource, Stack

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
    if instance.props.get("sshKeyIds") is not UNKNOWN and not instance.props.get("sshKeyIds"):
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
