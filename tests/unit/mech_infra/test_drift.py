"""Sensors: facts into words, what a repair is asked for, and that the trip carries no secret."""

from __future__ import annotations

import copy
import datetime as dt
import json
import subprocess
import sys
from typing import Any

import pytest

from mech_infra.commands import firewall, mongodb, nginx, redis
from mech_infra.commands.firewall import Allow
from mech_infra.drift import checks, judging, reading, watching
from mech_infra.drift.sensor import Sensor

from .conftest import SECRETS, Declare

GUARD = firewall.docker_guard("3001:3010")
TEXT = "A=1\n"
MANAGED = {"mech.managed": "pulumi"}
WORD = "a password"
USER, MONGO_USER, PING = redis.user(WORD), mongodb.user(WORD), "sanitize-payload resetchannels -@all +ping"


def rule(
    action: str, port: str, proto: str = "tcp", comment: str = "mech", source: str = "0.0.0.0/0"
) -> dict[str, Any]:
    return {"tuple": [action, proto, port, "0.0.0.0/0", "any", source, "in"], "comment": comment}


def container(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "id": "1", "state": "running", "status": "Up 1 minute (healthy)", "image": "x", "labels": MANAGED,
            "networks": ["mech-network"], "aliases": [name], "ports": [], **more}  # fmt: skip


def fs(path: str, used: int = 1, free: int = 99, inodes_used: int = 1, inodes_free: int = 99) -> dict[str, Any]:
    """All on one device; room in GB."""
    return {"path": path, "device": 1, "used": used * 10**9, "free": free * 10**9, "inodes_used": inodes_used, "inodes_free": inodes_free}  # fmt: skip


def good() -> dict[str, Any]:
    end = dt.datetime.now(dt.UTC) + dt.timedelta(days=90)
    return {
        "files": {"/x/.env": {"sha256": checks.file("/x/.env", TEXT).args["sha256"], "mode": "600", "owner": "root"}},
        "ufw": {"enabled": True, "policy": "DROP", "after": "before\n" + GUARD,
                "rules": [rule("allow", "22"), rule("allow", "80"), rule("allow", "3001:3010")]},
        "chains": ["-P INPUT DROP", "-A INPUT -j ufw-before-input", "-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT",
                   "-A ufw-user-input -p tcp -m tcp --dport 80 -j ACCEPT",
                   "-A ufw-user-input -p tcp -m multiport --dports 3001:3010 -j ACCEPT",
                   *[line for line in GUARD.splitlines() if line.startswith("-A")], "-A DOCKER-USER -j RETURN"],
        "units": {"nginx.service": {"active": "active", "enabled": "enabled", "load": "loaded"},
                  "ufw.service": {"active": "inactive", "enabled": "enabled", "load": "loaded"}},
        "packages": ["nginx"],
        "docker": {"containers": [container("redis"), container("mech-llms")],
                   "networks": [{"name": "mech-network", "id": "n", "labels": MANAGED, "internal": False}],
                   "images": {"redis:alpine": ["redis"], "r.io/x:1": ["r.io/x", "other"]}},
        "redis": {"maxmemory": "1", "users": [f"user default on nopass {PING}", f"user {USER} on #{redis.digest(WORD)} ~* &* +@all"]},
        "certificate": {"end": end.strftime("%b %d %H:%M:%S %Y GMT"), "names": ["*.mech.is", "mech.is"], "matches": True},
        "nginx": {"accepts": True, "says": [], "newest_worker_s": 5.0, "config_s": 5.1, "edited": []},
        "mounts": [["/dev/vda", "/data"]],
        "listeners": [{"address": "0.0.0.0", "port": 80, "process": "nginx"}],
    }  # fmt: skip


ALL = [
    checks.file("/x/.env", TEXT, "600"), checks.ufw_on(), checks.ufw_denies(), checks.ufw_rule(Allow("22")),
    checks.ufw_rule(Allow("80")), checks.ufw_rule(Allow("3001:3010")), checks.docker_guard(GUARD), checks.unit("nginx"),
    checks.unit("ufw", boot_only=True), checks.package("nginx"), checks.container("redis", "mech-network", ["redis"]),
    checks.container("mech-llms", "mech-network"), checks.network("mech-network"), checks.redis_setting("maxmemory", "1"), checks.redis_password(WORD),
    checks.image("redis:alpine"), checks.image("r.io/x:1"),
    checks.certificate(["*.mech.is", "mech.is"], 30), checks.nginx_accepts(), checks.nginx_runs_its_config(), checks.mounted("/data"),
]  # fmt: skip
WIRES = {check.label: check.wire for check in ALL}


def drift(facts: dict[str, Any]) -> dict[str, str]:
    seen = judging.observe(WIRES, facts)
    return {check.label: seen[check.label] for check in ALL if seen[check.label] != check.good}


def test_a_host_as_declared_shows_nothing() -> None:
    assert drift(good()) == {}


def test_what_could_not_be_read_is_no_drift() -> None:
    assert drift(dict.fromkeys(good())) == {"/etc/ssl/mech/mech.crt": "missing or not readable"}
    assert drift({}) == {}


LATE = (dt.datetime.now(dt.UTC) - dt.timedelta(days=1)).strftime("%b %d %H:%M:%S %Y GMT")


@pytest.mark.parametrize(
    ("path", "value", "label", "word"),
    [
        (["files", "/x/.env", "sha256"], "0", "/x/.env", "edited"),
        (["files", "/x/.env", "mode"], "644", "/x/.env", "mode 644"),
        (["files", "/x/.env", "owner"], "bob", "/x/.env", "owner bob"),
        (["files"], {}, "/x/.env", "missing"),
        (["ufw", "enabled"], False, "UFW", "off"),
        (["ufw", "policy"], "ACCEPT", "UFW's default for incoming", "allow"),
        (["ufw", "rules", 1], rule("deny", "80"), "80/tcp", "deny"),
        (["ufw", "rules", 1], rule("allow", "8080"), "80/tcp", "missing"),
        (["ufw", "rules", 0], rule("deny", "80", "any", ""), "80/tcp", "shadowed by `deny 80`"),
        (["ufw", "rules", 0], rule("reject", "1:65535", "tcp", ""), "3001:3010/tcp", "shadowed by `reject 1:65535/tcp`"),
        (["ufw", "rules", 0], rule("deny", "3005", "tcp", ""), "3001:3010/tcp", "shadowed by `deny 3005/tcp`"),
        (["ufw", "after"], "", "guard over Docker's published ports", "missing"),
        (["chains", 3], "", "80/tcp", "not loaded"),
        (["chains", 1], "", "UFW", "on, but its rules are not loaded"),
        (["chains", 0], "-P INPUT ACCEPT", "UFW's default for incoming", "allow (iptables)"),
        (["chains", 5], "", "guard over Docker's published ports", "not in force"),
        (["chains", 1], "-A INPUT -p tcp -m tcp --dport 80 -j DROP", "80/tcp", "closed by iptables: `-A INPUT"),
        (["chains", 1], "-A INPUT -p tcp -m tcp --dport 3005 -j REJECT", "3001:3010/tcp", "closed by iptables"),
        (["chains", 1], "-A INPUT -j DROP", "22/tcp", "closed by iptables"),
        (["units", "nginx.service", "active"], "failed", "unit nginx", "not running"),
        (["units", "nginx.service", "enabled"], "disabled", "unit nginx", "not at boot"),
        (["units", "nginx.service", "load"], "masked", "unit nginx", "masked"),
        (["units", "ufw.service", "enabled"], "disabled", "unit ufw", "not at boot"),
        (["packages"], [], "package nginx", "not installed"),
        (["docker", "containers", 0], container("other"), "container redis", "missing"),
        (["docker", "containers", 0, "labels"], {}, "container redis", "made by hand"),
        (["docker", "containers", 0, "state"], "paused", "container redis", "paused"),
        (["docker", "containers", 0, "networks"], ["bridge"], "container redis", "not on mech-network"),
        (["docker", "containers", 0, "networks"], ["bridge", "mech-network"], "container redis", "also on bridge"),
        (["docker", "containers", 0, "aliases"], [], "container redis", "not known as redis"),
        (["docker", "networks"], [], "network mech-network", "missing"),
        (["docker", "networks", 0, "labels"], {}, "network mech-network", "made by hand"),
        (["docker", "images", "r.io/x:1"], ["redis"], "r.io/x:1", "another image stands under this tag"),
        (["docker", "images"], {"r.io/x:1": ["r.io/x"]}, "redis:alpine", "missing"),
        (["redis", "maxmemory"], "2", "maxmemory", "2"),
        (["redis"], {"password": "refused"}, "password", "refused"),
        (["redis", "users", 1], f"user {USER} on #{redis.digest('other')} ~* &* +@all", "password", "refused"),
        (["redis", "users", 1], f"user {USER} off #{redis.digest(WORD)} ~* &* +@all", "password", "refused"),
        (["redis", "users", 1], f"user {USER} on #{redis.digest(WORD)} #{redis.digest('other')} ~* &* +@all", "password", "refused"),
        (["redis", "users", 1], "user default on nopass -@all +ping", "password", "refused"),
        (["redis", "users", 0], "user default on nopass ~* &* +@all", "password", "not asked for"),
        (["redis", "users", 0], f"user default on #{redis.digest('other')} ~* &* +@all", "password", "another one, too"),
        (["redis", "users"], [*good()["redis"]["users"], "user mech-00000000 on #1 ~* &* +@all"], "password", "a former one, too"),
        (["certificate", "names"], ["foo"], "/etc/ssl/mech/mech.crt", "for foo"),
        (["certificate", "matches"], False, "/etc/ssl/mech/mech.crt", "does not belong to its key"),
        (["certificate", "end"], LATE, "/etc/ssl/mech/mech.crt", "expired on "),
        (["nginx"], {"accepts": False, "says": ["[emerg] bad"]}, "nginx -t", "refuses: [emerg] bad"),
        (["nginx", "newest_worker_s"], 60.0, "what nginx runs", "an older config"),
        (["mounts"], [], "/data", "not mounted"),
    ],
)  # fmt: skip
def test_drift_is_said_in_words(path: list[Any], value: Any, label: str, word: str) -> None:
    facts = copy.deepcopy(good())
    at = facts
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    found = drift(facts)
    assert found[label].startswith(word)


@pytest.mark.parametrize(
    ("password", "facts", "word"),
    [
        (WORD, {"asks_nobody": False, "users": []}, "refused"),
        (WORD, {"asks_nobody": True, "users": [MONGO_USER]}, "not asked for"),
        (WORD, {"asks_nobody": False, "users": ["mech", MONGO_USER]}, "a former one, too"),
        (WORD, None, "accepted"),
        ("", {"asks_nobody": True, "users": []}, "accepted"),
        ("", {"asks_nobody": False, "users": []}, "asked for"),
    ],
)
def test_who_gets_into_mongodb(password: str, facts: dict[str, Any] | None, word: str) -> None:
    check = checks.mongodb_password(password)
    assert judging.observe({check.label: check.wire}, {"mongodb": facts}) == {"password": word}


@pytest.mark.parametrize(
    ("users", "word"),
    [
        (["user default on nopass sanitize-payload ~* &* +@all"], "accepted"),
        (["user default on #1 ~* &* +@all"], "asked for"),
        ([f"user default on nopass {PING}"], "asked for"),
        (["user default on nopass ~* &* +@all", f"user {USER} on #1 ~* &* +@all"], "a former one, too"),
    ],
)
def test_who_gets_into_redis_without_a_password(users: list[str], word: str) -> None:
    check = checks.redis_password("")
    assert judging.observe({check.label: check.wire}, {"redis": {"users": users}}) == {"password": word}


def test_rules_of_others_are_drift_only_when_asked_for() -> None:
    check = checks.ufw_only_declared()
    facts = good()
    facts["ufw"]["rules"].append(rule("allow", "8080", comment=""))
    assert judging.observe({check.label: check.wire}, good()) == {check.label: "none"}
    assert judging.observe({check.label: check.wire}, facts) == {check.label: "allow 8080/tcp"}
    assert watching.findings([checks.foreign_rules([], in_ufw=False).wire], facts) == []


@pytest.mark.parametrize("line", ["-A INPUT -s 192.0.2.1/32 -p tcp -m tcp --dport 80 -j DROP", "-A INPUT -p udp -j DROP",
                                  "-A INPUT -p tcp -m tcp --dport 8080 -j DROP", "-A INPUT -p tcp -j f2b-sshd"])  # fmt: skip
def test_rules_about_others_close_nothing_of_ours(line: str) -> None:
    facts = good()
    facts["chains"].insert(1, line)
    assert drift(facts) == {}


def test_a_rule_after_ours_shadows_nothing() -> None:
    facts = good()
    facts["ufw"]["rules"].append(rule("deny", "80", "any", ""))
    assert drift(facts) == {}


@pytest.mark.parametrize(
    ("watch", "change", "says"),
    [
        (checks.foreign_rules([Allow("443")]), {"ufw": {"rules": [rule("allow", "8080", comment="")]}}, "`allow 8080/tcp`"),
        (checks.foreign_rules([Allow("443")]), {"chains": ["-A INPUT -p tcp -m tcp --dport 80 -j DROP"]}, "--dport 80 -j DROP"),
        (checks.foreign_containers(), {"docker": {"containers": [container("stray", labels={})]}}, "container stray"),
        (checks.ill_containers(), {"docker": {"containers": [container("llm", status="Up (unhealthy)")]}}, "unhealthy"),
        (checks.docker_down(), {"docker": None}, "Docker on host 192.0.2.1 does not answer"),
        (checks.foreign_listeners({3008: ""}), {"listeners": [{"port": 3008, "process": "python3"}]}, "port 3008 is held by python3"),
        (checks.foreign_sites(), {"nginx": {"edited": ["/etc/nginx/nginx.conf"]}}, "/etc/nginx/nginx.conf is not as its package"),
        (checks.foreign_networks(), {"docker": {"networks": [{"name": "x", "labels": {}}]}}, "network x"),
        (checks.foreign_sites(), {"files": {"/etc/nginx/conf.d/x.conf": {}}}, "/etc/nginx/conf.d/x.conf"),
        (checks.foreign_keys("ssh-ed25519 OURS us@here"),
         {"keys": [{"key": "ssh-ed25519 OURS", "comment": "x"}, {"key": "ssh-rsa THEIRS", "comment": "a@b"}]}, "the key a@b"),
        (checks.shadowing_records(["llm.mech.is"]),
         {"records": [{"type": "AAAA", "name": "llm.mech.is", "content": "2001:db8::1"}]}, "AAAA llm.mech.is"),
        (checks.foreign_rulesets(), {"rulesets": [{"kind": "zone", "name": "x", "phase": "p"}]}, '"x"'),
        (checks.foreign_group_rules([Allow("80")]),
         {"rules": [{"protocol": "tcp", "port": "81", "subnet": "0.0.0.0", "subnet_size": 0}]}, "tcp 81"),
        (checks.short_of_space(), {"space": [fs("/", used=91, free=9), fs("/var/lib/docker", used=91, free=9)]}, "/ is 91 % full, 9.0 GB free"),
        (checks.short_of_space(), {"space": [fs("/data", inodes_used=99, inodes_free=1)]}, "/data is 99 % out of inodes"),
        (checks.large_logs(), {"logs": [{"path": "/var/log/nginx/x.log", "bytes": 157_300_000}]}, "/var/log/nginx/x.log takes 157.3 MB"),
        (checks.large_logs(), {"logs": [{"path": "/var/lib/docker/containers/1/1-json.log", "bytes": 2_000_000_000}],
                               "docker": {"containers": [container("llm")]}}, "the log of the container llm takes 2.0 GB"),
    ],
)  # fmt: skip
def test_what_is_not_ours_is_named(watch: checks.Watch, change: dict[str, Any], says: str) -> None:
    (said,) = watching.findings([{**watch.wire, "host": "192.0.2.1"}], change)
    assert says in said


def test_our_own_record_with_another_address_is_not_called_foreign() -> None:
    watch = {**checks.shadowing_records(["llm.mech.is"]).wire, "address": "192.0.2.1"}
    ours, wrong = ({"type": "A", "name": "llm.mech.is", "content": f"192.0.2.{n}"} for n in (1, 9))
    assert watching.findings([watch], {"records": [wrong]}) == []
    assert "192.0.2.9" in watching.findings([watch], {"records": [ours, wrong]})[0]


def test_nothing_of_ours_is_named_as_foreign() -> None:
    ours = {
        **good(), "keys": [{"key": "ssh-ed25519 OURS", "comment": "x"}], "records": [{"type": "A", "name": "llm.mech.is", "content": "192.0.2.1"}],
        "rulesets": [{"kind": "zone", "name": "mech: blocked clients", "phase": "p"}],
        "rules": [{"protocol": "tcp", "port": "80", "subnet": "0.0.0.0", "subnet_size": 0}],
        "space": [fs("/", used=89, free=11)], "logs": [],
    }  # fmt: skip
    ours["files"][nginx.CONFIG] = {}
    watches = [
        checks.docker_down(), checks.foreign_networks(), checks.foreign_rules([Allow("443")]), checks.foreign_containers(), checks.ill_containers(), checks.foreign_sites(),
        checks.foreign_keys("ssh-ed25519 OURS us@here"), checks.foreign_listeners({80: "nginx"}), checks.shadowing_records(["llm.mech.is"]), checks.foreign_rulesets(),
        checks.foreign_group_rules([Allow("80")]), checks.short_of_space(), checks.large_logs(),
    ]  # fmt: skip
    assert watching.findings([{**watch.wire, "address": "192.0.2.1"} for watch in watches], ours) == []


PROPS = {
    "title": "host", "state": {c.label: c.good for c in ALL}, "checks": WIRES, "watches": [], "access": {"host": "h"},
}  # fmt: skip


def test_only_a_change_asks_for_a_repair(monkeypatch: pytest.MonkeyPatch) -> None:
    sensor, facts = Sensor(), good()
    monkeypatch.setattr(reading, "facts", lambda access: facts)
    monkeypatch.setattr(sys, "argv", ["plugin"])
    made = sensor.create(dict(PROPS)).outs
    assert made is not None
    seen = sensor.read("x", made).outs
    assert not sensor.diff("x", seen or {}, PROPS).changes
    facts["ufw"]["enabled"] = False
    seen = sensor.read("x", made).outs or {}
    assert seen["state"]["UFW"] == "off"
    assert sensor.diff("x", seen, PROPS).changes
    # A refresh alone may write what was seen into the state: the next look still knows what is declared.
    assert (sensor.read("x", seen).outs or {})["state"]["UFW"] == "off"
    facts["ufw"]["enabled"] = True
    assert (sensor.read("x", seen).outs or {})["state"] == PROPS["state"]
    assert (sensor.update("x", seen, dict(PROPS)).outs or {})["generation"] == 2


def test_a_host_that_does_not_answer_is_no_drift(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(access: object) -> dict[str, Any]:
        raise reading.Unreachable("timed out")

    monkeypatch.setattr(reading, "facts", gone)
    monkeypatch.setattr(sys, "argv", ["plugin"])
    seen = Sensor().read("x", {**PROPS, "generation": 3}).outs or {}
    assert (seen["state"], seen["generation"]) == (PROPS["state"], 3)


def test_sensors_share_one_trip_that_carries_no_secret(declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    states = declare(secrets={"REDIS_PASSWORD": "redis-secret-1"}).of("HostState")
    assert len(states) >= 8
    trips = []

    def trip(argv: list[str], **given: Any) -> subprocess.CompletedProcess[bytes]:
        trips.append(argv)
        return subprocess.CompletedProcess(argv, 0, b"banner\nMECH-FACTS e30=\n", b"")

    monkeypatch.setattr(subprocess, "run", trip)
    monkeypatch.setattr(reading, "_cache", {})
    for props in states.values():
        assert reading.facts(props["access"]) == {}
    assert len(trips) == 1
    shown = json.dumps([states, trips])
    assert not [secret for secret in [*SECRETS.values(), "redis-secret-1"] if secret in shown]


def test_the_key_is_named_the_same_on_every_machine() -> None:
    from mech_infra.config.host import HostConfig

    assert HostConfig(ssh_private_key="$KEYS/id").identity == "${KEYS}/id"
    assert HostConfig().identity == "~/.ssh/vultr_mech_machines"


def test_the_probe_runs_anywhere_and_prints_facts() -> None:
    done = subprocess.run(
        [sys.executable, "-", json.dumps({"files": [__file__]})],
        input=reading.PROBE.read_bytes(), capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.startswith(b"MECH-FACTS ")


def test_a_service_serves_where_it_was_switched_to_under_the_guides_name() -> None:
    named = checks.bears_name("mech-llms", "llm", 1)
    labels = {"mech.service": "llm", "mech.replica": "1"}

    def seen(*containers: dict[str, Any]) -> str:
        return judging.observe({named.label: named.wire}, {"docker": {"containers": list(containers)}})[named.label]

    mine, by_hand = container("mech-llms", labels=labels), container("by-hand", labels=None)
    assert seen(mine, container("mech-llms-0123abcd", labels=labels)) == named.good
    assert seen(container("renamed", labels=labels), by_hand) == "is called renamed"
    assert seen(by_hand) == named.good  # that it is missing is another check's to tell

    check = checks.slot("llm", "green", "0123abcd")
    runs = [container("mech-llms", labels={**labels, "mech.version": "0123abcd"})]
    refused = [{**runs[0], "state": "exited"}, container("mech-llms", labels={**labels, "mech.version": "4567cdef"})]
    for files, containers, word in (
        ({"/etc/nginx/mech/llm.green": {}}, runs, "green"), ({}, runs, "blue"), ({}, refused, "green"), (None, runs, "green"),
    ):  # fmt: skip
        facts = {"files": files, "docker": {"containers": containers}}
        assert judging.observe({check.label: check.wire}, facts) == {check.label: word}
