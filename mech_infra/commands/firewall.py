"""UFW in one trip that cannot lock us out, and the guard that keeps Docker's published ports behind it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from mech_infra.commands.script import program, room, script

STATE = "/var/lib/mech/firewall"
WEB = ("80", "443")  # where the edge comes in
_ROOM = room(__file__)
_BEGIN, _END = "# BEGIN mech: published ports", "# END mech: published ports"


@dataclass(frozen=True)
class Allow:
    """One accepted port or range (`3001:3010`), of TCP unless it says UDP; `source` is a CIDR, or empty for everybody."""

    port: str
    source: str = ""
    proto: str = "tcp"

    @property
    def sender(self) -> str:
        """The source as UFW keeps it: one address has no prefix."""
        return self.source.removesuffix("/128" if ":" in self.source else "/32")

    @property
    def rule(self) -> str:
        """As `ufw show added` prints it, so that present and wanted rules compare as text."""
        if self.source:
            return f"allow from {self.sender} to any port {self.port} proto {self.proto}"
        return f"allow {self.port}/{self.proto}"


# Containers ask each other by nginx on the host, at 80 (commands.nginx). Docker takes its networks' addresses from these:
# https://docs.docker.com/engine/network/#automatic-subnet-allocation.
INSIDE = (Allow("80", "172.16.0.0/12"), Allow("80", "192.168.0.0/16"))


def closing(ports: Sequence[str]) -> str:
    """A regular expression (POSIX extended) for rules of INPUT that close one of these ports to everybody.

    Such a rule stands before UFW's own chains and undoes what is declared. One that names a source (fail2ban's, say)
    is somebody else's decision about somebody, and does not match.
    """
    singles = {str(port) for text in ports for port in _range(text)} | set(ports)
    match = rf"-p tcp (-m (tcp|multiport) )?(--dports? ({'|'.join(sorted(singles))}) )?"
    return rf"^-A INPUT ({match})?-j (DROP|REJECT)"


def _range(text: str) -> range:
    first, _, last = text.partition(":")
    return range(int(first), int(last or first) + 1)


def rules(
    ssh_from: Sequence[str], service_ports: str | None, web_from: Sequence[str] | None = None
) -> tuple[Allow, ...]:
    """SSH first, then HTTP and HTTPS (`web_from`: CIDRs, None for everybody), then the guide's service range if it is
    exposed (guide, Issue 1)."""
    sources = [""] if "0.0.0.0/0" in ssh_from else list(ssh_from)
    wanted = [Allow("22", source) for source in sources]
    wanted += [Allow(port, source) for port in WEB for source in ([""] if web_from is None else web_from)]
    return (*wanted, Allow(service_ports)) if service_ports else tuple(wanted)


def docker_guard(service_ports: str | None) -> str:
    """Rules for Docker's DOCKER-USER chain: what comes from outside to a published port is dropped unless declared.

    Docker's own DNAT happens before UFW's INPUT chain and so passes it by (findings §3; chaifeng/ufw-docker);
    --ctorigdstport is the port that the client asked for, not the container's.
    """
    lines = [
        _BEGIN,
        "*filter",
        ":DOCKER-USER - [0:0]",
        "-A DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN",
        "-A DOCKER-USER -i docker0 -j RETURN",
        "-A DOCKER-USER -i br-+ -j RETURN",
    ]
    if service_ports:
        lines.append(f"-A DOCKER-USER -p tcp -m conntrack --ctorigdstport {service_ports} -j RETURN")
    return "\n".join([*lines, "-A DOCKER-USER -j DROP", "COMMIT", _END]) + "\n"


def fingerprint(wanted: Sequence[Allow], guard: str) -> str:
    return hashlib.sha256("\n".join([*(allow.rule for allow in wanted), guard]).encode()).hexdigest()[:16]


def apply(wanted: Sequence[Allow], guard: str, rollback_after_s: int, only_declared: bool = False) -> str:
    """Converge UFW. Changes nothing, and says so, when the host is already as wanted.

    Before the first change a timer is armed that restores the old rules after `rollback_after_s` seconds;
    `confirm`, which needs a new SSH session, disarms it.
    """
    return script(
        _ROOM / "apply.sh",
        STATE,
        fingerprint(wanted, guard),
        rollback_after_s,
        "yes" if only_declared else "no",
        closing([allow.port for allow in wanted]),
        put={
            f"{STATE}/wanted": ("644", "".join(f"ufw {allow.rule} comment 'mech'\n" for allow in wanted)),
            f"{STATE}/guard": ("644", guard),
            f"{STATE}/rollback": ("700", program(_ROOM / "rollback.sh", STATE)),
        },
    )


def confirm(mark: str) -> str:
    """In a new SSH session, whose coming in is the proof: keep what `apply` did. Fails when it was rolled back."""
    return script(_ROOM / "confirm.sh", STATE, mark)
