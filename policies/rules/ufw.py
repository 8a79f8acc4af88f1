"""UFW's commands: understood by the tool, and not the end of what the host itself asks for (guide, Issue 1)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.family import Family
from policies.model import Finding, Stack, Unjudged
from policies.reading.ufw import hosts

rule = Family("firewall")
# What the host asks the internet for: names, images, packages, the services' vendors.
_NEEDED = {"DNS (53)": ((53, "udp"), (53, "tcp")), "HTTPS (443/tcp)": ((443, "tcp"),)}
_DNS_OVER_TLS = (853, "tcp")  # asked by those alone who closed the rest


@rule(
    "firewall-outgoing-closed",
    title="The host gets out",
    symptom="`Temporary failure in name resolution`; images, packages and vendors time out",
    fix="leave `ufw default allow outgoing`, or `ufw allow out` 53, 80/tcp and 443/tcp",
    severity="high",
)
def outgoing_closed(stack: Stack) -> Iterator[Finding]:
    for host in hosts(stack):
        for what, ports in _NEEDED.items() if host.disabled is None else ():
            others = (_DNS_OVER_TLS,) if 53 in dict(ports) and host.sure.defaults["outgoing"] != "allow" else ()
            closed = [host.closed(port, proto, way="out") for port, proto in (*ports, *others)]
            if all(closed):
                yield Finding(f"UFW lets nothing out to {what}", host.defaults.get("outgoing", host.resource))
            elif False not in closed:
                raise Unjudged(f"what UFW of {host.resource.name} lets out")


@rule(
    "firewall-refused-command",
    title="UFW understands every command",
    symptom="`ERROR: Invalid syntax` or `ERROR: Bad port` in the log, and the rule is not there",
    fix="write the command as `man ufw` has it: options first (`ufw --force enable`), several ports with `/tcp` or `/udp`",
    severity="high",
)
def refused_command(stack: Stack) -> Iterator[Finding]:
    for host in hosts(stack):
        for resource, said in host.refused:
            yield Finding(f"UFW refuses `{said}`", resource)
