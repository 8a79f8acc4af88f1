"""A stack's state with two replicas of llm, a queue and a redis; a `ssh` that notes what it is asked, and answers."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from mech_infra.facts.host.swarm import Member
from mech_ops.everyday.platform import Platform

Json = dict[str, Any]
SECRET = "sk-ant-planted-0123456789abcdef"
SIGN = "4dabf18193072939515e22adb298388d"  # Pulumi's mark of a secret value
ADDRESS = "192.0.2.9"


def resources() -> list[Json]:
    """As `pulumi stack export --show-secrets` has them, shortened."""
    hidden = {SIGN: "1b47061264138c4ac30d75fd1eb44270", "plaintext": json.dumps([f"ANTHROPIC_API_KEY={SECRET}"])}

    def container(name: str, **labels: str) -> Json:
        given = [{"label": f"mech.{label}", "value": value} for label, value in labels.items()]
        inputs = {"name": name, "labels": given, "memory": 512, "cpus": "0.5", "envs": hidden}
        return {"urn": f"urn:pulumi:t::mech::c::{name}", "type": "docker:index/container:Container", "inputs": inputs}

    urls = {name: f"https://{name}.mech.is" for name in ("queue", "llm")}
    access = {"host": ADDRESS, "host_key": "ssh-ed25519 AAAA", "identity": "~/.ssh/key"}
    return [
        {"urn": "urn:pulumi:t::mech::pulumi:pulumi:Stack::mech-t", "type": "pulumi:pulumi:Stack",
         "outputs": {"host_ip": ADDRESS, "service_urls": urls}},
        {"urn": "urn:pulumi:t::mech::s::host-state", "type": "pulumi-python:dynamic/mech:HostState",
         "inputs": {"title": "host", "access": access, "checks": {}, "watches": []}},
        {"urn": "urn:pulumi:t::mech::p::docker", "type": "pulumi:providers:docker",
         "inputs": {"host": f"ssh://root@{ADDRESS}:22", "sshOpts": json.dumps(["-o", "ConnectTimeout=5"])}},
        container("redis"),
        container("mech-queue-1a", service="queue", replica="1"),
        container("mech-llms-2b", service="llm", replica="1"),
        container("mech-llms-2b-2", service="llm", replica="2"),
    ]  # fmt: skip


def fleet() -> list[Json]:
    """The same stack with two hosts beside its own, llm in two tasks and the queue in one; mech-w2 is drained."""
    kept = [r for r in resources() if not r["urn"].rpartition("::")[2].startswith(("mech-llms", "mech-queue"))]
    made: list[Json] = []
    checks = {}
    for n, mark in enumerate(("", "w1", "w2")):
        name, host = f"mech-{mark}".rstrip("-"), f"host-{mark}".rstrip("-")
        address = f"192.0.2.{9 + n}"
        made += [
            {"urn": f"urn:pulumi:t::mech::i::{host}-instance", "type": "vultr:index/instance:Instance", "id": f"i{n}",
             "inputs": {"hostname": name}, "outputs": {"internalIp": f"10.96.0.{3 + n}"}},
            {"urn": f"urn:pulumi:t::mech::a::{host}-address", "type": "vultr:index/reservedIp:ReservedIp", "id": f"r{n}",
             "outputs": {"subnet": address}},
        ]  # fmt: skip
        access = {"host": address, "host_key": "ssh-ed25519 AAAA", "identity": "~/.ssh/key"}
        inputs = {"title": name, "access": access, "checks": {}, "watches": []}
        made += [
            {
                "urn": f"urn:pulumi:t::mech::s::{host}-system",
                "type": "pulumi-python:dynamic/mech:HostState",
                "inputs": inputs,
            }
        ]
        member = Member(name, "worker" if mark else "manager", "drain" if mark == "w2" else "active")
        checks[member.label] = member.wire
    swarm = {"title": "swarm", "access": made[2]["inputs"]["access"], "checks": checks, "watches": []}
    made.append(
        {"urn": "urn:pulumi:t::mech::s::swarm-state", "type": "pulumi-python:dynamic/mech:HostState", "inputs": swarm}
    )
    for name, replicas in (("mech-llms", 2), ("mech-queue", 1)):
        inputs = {"name": name, "mode": {"replicated": {"replicas": replicas}}}
        made.append({"urn": f"urn:pulumi:t::mech::t::{name}", "type": "docker:index/service:Service", "inputs": inputs})
    # The state has them in no order that means anything.
    return [*kept, *reversed(made)]


def platform() -> Platform:
    return Platform(resources())


# Notes its words, then answers.
NOTED = """#!/bin/sh
printf '%s\\n' "$@" >"${0%/*}/words"
"""


class Ssh:
    """In place of ssh: `answers` is a shell program; what it was called with is in `words`, those of the last call."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        self.answers("true")

    def answers(self, program: str) -> None:
        path = self._folder / "ssh"
        path.write_text(NOTED + program + "\n")
        path.chmod(0o755)

    @property
    def words(self) -> list[str]:
        """A line each: options, who is asked, the command's own lines."""
        return (self._folder / "words").read_text().splitlines()
