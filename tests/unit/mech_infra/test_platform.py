"""The whole program under mocks: what it declares, as a person who reviews it would ask."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from pulumi.runtime.mocks import MockMonitor

from .conftest import SECRETS, Declare, Recorder


def test_eight_proxied_records_point_at_the_reserved_address(declare: Declare) -> None:
    records = declare().of("DnsRecord")
    assert {r["name"] for r in records.values()} == {
        f"{name}.mech.is"
        for name in ("queue", "llm", "storage", "indexer", "sequences", "search", "reader", "memories")
    }
    assert {(r["content"], r["proxied"], r["ttl"], r["type"]) for r in records.values()} == {
        ("203.0.113.7", True, 1, "A")
    }


def test_every_container_has_limits_health_restart_rotation_and_the_network(declare: Declare) -> None:
    containers = declare().of("Container")
    assert len(containers) == 10
    for inputs in containers.values():
        assert inputs["memory"] == inputs["memorySwap"] > 0
        assert float(inputs["cpus"]) > 0
        assert inputs["healthcheck"]["tests"]
        assert inputs["restart"] == "unless-stopped"
        assert inputs["logOpts"] == {"max-size": "10m", "max-file": "3"}
        assert [network["name"] for network in inputs["networksAdvanced"]] == ["mech-network"]


def test_databases_publish_nothing(declare: Declare) -> None:
    containers = declare().of("Container")
    assert "ports" not in containers["datastores-redis"]
    assert "ports" not in containers["datastores-mongodb"]


def test_service_ports_follow_the_switch_everywhere(declare: Declare) -> None:
    for exposed in (True, False):
        recorder = declare({"firewall": {"exposeServicePorts": exposed}})
        published = {port["ip"] for c in recorder.of("Container").values() for port in c.get("ports", [])}
        assert published == {"127.0.0.1"}
        assert (" listen 3008;" in nginx_conf(recorder)) is exposed
        assert (" listen 127.0.0.1:3008;" in nginx_conf(recorder)) is not exposed
        outer = {rule["port"] for rule in recorder.of("FirewallRule").values()}
        assert outer == {"22", "80", "443"} | ({"3001:3010"} if exposed else set())
        ufw = recorder.of("Command")["firewall-apply"]["create"]
        assert ("ufw allow 3001:3010/tcp" in ufw) is exposed
        assert ("--ctorigdstport 3001:3010" in ufw) is exposed


def nginx_conf(recorder: Recorder) -> str:
    lines = dict(line.split() for line in recorder.of("Command")["proxy-nginx"]["stdin"].splitlines())
    return base64.b64decode(lines["/etc/nginx/conf.d/mech.conf"]).decode()


def service(recorder: Recorder, name: str, replica: int = 1) -> dict[str, Any]:
    """The container of a service's version."""
    suffix = f"-{replica}" if replica > 1 else ""
    wanted = rf"services-{name}-[0-9a-f]{{8}}{suffix}"
    (found,) = (inputs for key, inputs in recorder.of("Container").items() if re.fullmatch(wanted, key))
    return found


def test_replicas_are_upstream_of_nginx_and_on_loopback(declare: Declare) -> None:
    recorder = declare({"services": {"search": {"replicas": 2, "memoryMb": 256, "port": 3003}}})
    second = service(recorder, "search", 2)
    assert re.fullmatch("mech-search-2-[0-9a-f]{8}", second["name"])
    # Where nginx looks for it does not move when the port does.
    assert [(p["ip"], p["external"], p["internal"]) for p in second["ports"]] == [("127.0.0.1", 14007, 3003)]
    nginx = nginx_conf(recorder)
    for port in (13007, 14007, 23007, 24007):
        assert f"server 127.0.0.1:{port} max_fails=3" in nginx
    assert "set_real_ip_from 192.0.2.0/24;" in nginx


def test_each_key_goes_only_where_it_belongs(declare: Declare) -> None:
    owners: dict[str, set[str]] = {}
    for inputs in declare().of("Container").values():
        for env in inputs.get("envs", []):
            key, _, value = env.partition("=")
            if value in SECRETS.values():
                owners.setdefault(key, set()).add(inputs["name"].rpartition("-")[0])
    assert owners == {
        "OPENAI_API_KEY": {"mech-llms"},
        "ANTHROPIC_API_KEY": {"mech-llms"},
        "GITHUB_TOKEN": {"mech-indexer"},
        "R2_ACCESS_KEY": {"mech-storage"},
        "R2_SECRET_KEY": {"mech-storage"},
    }


def test_no_secret_stands_in_a_command_line(declare: Declare) -> None:
    recorder = declare(secrets={"REDIS_PASSWORD": "redis-secret-1", "MONGODB_PASSWORD": "mongo-secret-2"})
    for inputs in recorder.of("Command").values():
        for value in [*SECRETS.values(), "redis-secret-1", "mongo-secret-2", "PRIVATE\n"]:
            assert value not in json.dumps([inputs["create"], inputs.get("delete"), inputs.get("environment")])


def test_every_ssh_connection_verifies_the_host_key(declare: Declare) -> None:
    lines = [" ".join(c["interpreter"]) for c in declare().of("Command").values() if "interpreter" in c]
    assert len(lines) >= 12
    for line in lines:
        assert "KnownHostsCommand=/bin/echo 203.0.113.7 ssh-ed25519 AAAAhostkey" in line
        assert "StrictHostKeyChecking=yes" in line


def test_every_resource_that_talks_to_the_host_has_limits(declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    register = MockMonitor.RegisterResource

    def noted(self: MockMonitor, request: Any) -> Any:
        asked[request.name] = request
        return register(self, request)

    monkeypatch.setattr(MockMonitor, "RegisterResource", noted)
    declare()
    talking = [r for r in asked.values() if r.type.startswith(("docker:", "command:"))]
    assert len(talking) > 30
    for request in talking:
        limits = request.customTimeouts
        assert all(one.endswith("s") for one in (limits.create, limits.update, limits.delete)), request.name


def test_a_container_is_given_time_to_end_and_its_delete_waits_longer(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    deletes: dict[str, int] = {}
    register = MockMonitor.RegisterResource

    def noted(self: MockMonitor, request: Any) -> Any:
        deletes[request.name] = int(request.customTimeouts.delete.removesuffix("s") or 0)
        return register(self, request)

    monkeypatch.setattr(MockMonitor, "RegisterResource", noted)
    containers = declare().of("Container")
    assert {containers[f"datastores-{name}"]["destroyGraceSeconds"] for name in ("redis", "mongodb")} == {60}
    for name, inputs in containers.items():
        assert deletes[name] > inputs["destroyGraceSeconds"] >= 30


def test_a_dead_connection_is_known_within_half_a_minute(declare: Declare) -> None:
    for command in declare().of("Command").values():
        given = dict(word.split("=", 1) for word in command.get("interpreter", []) if re.match(r"[A-Z]\w+=", word))
        if given:
            assert int(given["ServerAliveInterval"]) * (int(given["ServerAliveCountMax"]) + 1) <= 30
            assert int(given["ConnectTimeout"]) <= 10
            assert given["BatchMode"] == "yes"


def test_the_origin_certificate_can_come_from_cloudflare(declare: Declare) -> None:
    recorder = declare(
        {
            "edge": {"zoneId": "0" * 31 + "1", "ssl": "strict"},
            "certificate": {"source": "origin-ca", "validDays": 5475},
        }
    )
    (certificate,) = recorder.of("OriginCaCertificate").values()
    assert certificate["requestedValidity"] == 5475
    assert recorder.of("ZoneSetting")["edge-ssl"]["value"] == "strict"


def test_the_block_list_is_a_ruleset(declare: Declare) -> None:
    recorder = declare({"edge": {"zoneId": "0" * 31 + "1", "blocked": ["198.51.100.7", "192.0.2.0/24"]}})
    (ruleset,) = recorder.of("Ruleset").values()
    assert ruleset["rules"][0]["expression"] == "(ip.src in {198.51.100.7 192.0.2.0/24})"
