"""Section 5 (containers) of the CIS Docker Benchmark 1.6.0: which rule judges what, and what none can know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policies.model import Rule

_SUBJECTS = {
    "5.1": "swarm mode", "5.2": "AppArmor", "5.3": "SELinux", "5.4": "capabilities", "5.5": "privileged containers",
    "5.6": "the host's folders", "5.7": "sshd in containers", "5.8": "ports below 1024", "5.9": "only needed ports",
    "5.10": "the host's network", "5.11": "memory", "5.12": "CPU", "5.13": "read-only root", "5.14": "published on one address",
    "5.15": "restart policy", "5.16": "the host's processes", "5.17": "the host's IPC", "5.18": "the host's devices",
    "5.19": "ulimits", "5.20": "mount propagation", "5.21": "the host's UTS namespace", "5.22": "seccomp",
    "5.23": "docker exec --privileged", "5.24": "docker exec as root", "5.25": "control groups", "5.26": "new privileges",
    "5.27": "health checks", "5.28": "images' versions", "5.29": "limit of processes", "5.30": "the default bridge",
    "5.31": "the host's user namespace", "5.32": "Docker's socket",
}  # fmt: skip
_NOT_JUDGED = {
    "5.1": "whether a swarm is needed is its owner's to say; its services are judged as containers are",
    "5.7": "what runs in an image is not in the program",
    "5.8": "80 and 443 are what a web server is for; a port of the host's own is services-port-collision",
    "5.15": "it wants at most five restarts; here a service comes back for as long as it is declared (services-no-restart)",
    "5.19": "which limits a service needs is its owner's to say",
    "5.20": "not read yet",
    "5.23": "a command that a person runs is not in the program",
    "5.24": "a command that a person runs is not in the program",
    "5.30": "the platform's containers have their network (network-container-outside); others may use it as long as they use no names",
}  # fmt: skip


def table(rules: Sequence[Rule]) -> Iterator[str]:
    """A table of the section: each recommendation, and the rules that judge it or why none does."""
    yield from ("| recommendation | subject | judged by |", "|---|---|---|")
    for number, subject in _SUBJECTS.items():
        ids = [f"[{rule.id}](#{rule.id})" for rule in rules if number in rule.cis]
        said = ", ".join(ids) if ids else f"not judged: {_NOT_JUDGED[number]}"
        yield f"| {number} | {subject} | {said} |"
