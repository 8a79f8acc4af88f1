"""Causes that no scenario plays: of a platform that is well, the one fact is changed by hand, and the cause is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mech_ops.diagnosis.bundle import Bundle
from mech_ops.diagnosis.causes import TABLE
from mech_ops.diagnosis.look import Look
from mech_ops.diagnosis.ranking import diagnose
from tests.scenarios.causes import played

from . import fleets, patches

Change = Callable[[Bundle], Any]


def drift(kind: str, label: str, there: str, **about: Any) -> Change:
    entry = {"kind": kind, "label": label, "there": there, "declared": "good", "about": about}
    return lambda seen: seen.drift.append(entry)


def told(text: str) -> Change:
    return lambda seen: seen.told.append(text)


def fact(path: str, value: Any) -> Change:
    """`host.machine.load`: what stands there is put in place."""
    *way, last = path.split(".")

    def change(seen: Bundle) -> None:
        at: Any = seen.facts
        for step in way:
            at = at[int(step) if isinstance(at, list) else step]
        at[int(last) if isinstance(at, list) else last] = value

    return change


def silent(source: str, why: str) -> Change:
    def change(seen: Bundle) -> None:
        seen.facts.pop(source)
        seen.silent[source] = why

    return change


def answer(service: str, at: str, **said: Any) -> Change:
    """What the edge, nginx or the container says of a service."""

    def change(seen: Bundle) -> None:
        there = {"code": 0, "ms": 1, "error": "", "status": "", "dependencies": {}, **said}
        if at == "edge":
            seen.facts["edge"]["answers"][service] = there
        elif at == "nginx":
            seen.facts["host"]["answers"][service]["nginx"] = there
        else:
            by = seen.facts["host"]["answers"][service]["containers"]
            by.update(dict.fromkeys(by, there))

    return change


def both(*changes: Change) -> Change:
    return lambda seen: [change(seen) for change in changes]


def everywhere(path: str, value: Any) -> Change:
    """The same fact of each container that `paths` has."""

    def change(seen: Bundle) -> None:
        for about in seen.facts["host"]["paths"]["containers"].values():
            about[path] = value

    return change


HEALTH = {"code": 503, "status": "degraded"}
BACKUPS = {
    "now": 1_700_000_000.0,
    "since": 1_600_000_000.0,
    "good": {},
    "failure": {},
    "proof": {},
    "proved": {"at": 1_700_000_000.0},
}
CASES: dict[str, Change] = {
    "BETWEEN_EDGE_AND_NGINX": answer("llm", "edge", code=522),
    "BETWEEN_NGINX_AND_CONTAINER": both(answer("llm", "edge", code=502), answer("llm", "nginx", code=502)),
    "IN_THE_CONTAINER": both(
        answer("llm", "edge", code=502), answer("llm", "nginx", code=502), answer("llm", "container", error="reset")
    ),
    "EDGE_SAYS": both(answer("llm", "edge", code=522), silent("host", "Permission denied (publickey).")),
    "EDGE_REFUSES": answer("llm", "edge", code=403),
    "CERTIFICATE_EXPIRING": drift("certificate", "/etc/ssl/mech/mech.crt", "expires on 2026-12-01"),
    "CERTIFICATE_RENEWAL_OFF": drift("unit", "unit mech-certificate.timer", "not running"),
    "MONGODB_FOREIGN": drift("container", "container mongodb", "made by hand"),
    "REDIS_NOT_SAVING": fact("host.redis_info.rdb_last_bgsave_status", "err"),
    "REDIS_CLIENTS": fact("host.redis_info.connected_clients", 9900),
    "DATASTORE_CONFIG_EDITED": drift("file", "/opt/mech-services/shared/redis/redis.conf", "edited"),
    "BACKUP_FAILED": fact(
        "host.backups", {**BACKUPS, "failure": {"at": 1.0, "what": "proof", "code": "DAMAGED", "says": "it is damaged"}}
    ),
    "BACKUP_LATE": drift("backup-fresh", "last good snapshot", "31 h old", rpo_h=24),
    "BACKUP_UNPROVED": fact("host.backups", {**BACKUPS, "proved": {"at": 1_700_000_000.0 - 4 * 86400}}),
    "BACKUP_OFF": drift("unit", "unit mech-backup.timer", "not running"),
    "HEALER_OFF": drift("unit", "unit mech-heal.timer", "not running"),
    "DOCKER_NOT_AT_BOOT": drift("unit", "unit docker", "not at boot"),
    "NETWORK_INTERNAL": lambda seen: [
        network.update(internal=True)
        for network in seen.facts["host"]["docker"]["networks"]
        if network["name"] == "mech-network"
    ],
    "IMAGE_FOREIGN": drift("image", "redis:alpine", "another image stands under this tag"),
    "CONTAINER_UNDECLARED": told("not ours: the container x (y, running) is not declared (left as it is)"),
    "ZONE_NOT_ACTIVE": fact("zone.zone.status", "moved"),
    "DEVELOPMENT_MODE": fact("zone.settings.development_mode", "on"),
    "RULESET_FOREIGN": lambda seen: seen.facts["zone"]["rulesets"].append(
        {"kind": "zone", "name": "block", "phase": "http_request_firewall_custom"}
    ),
    "UFW_RULE_UNKNOWN": drift("ufw-only-declared", "UFW's other rules", "allow 8080/tcp"),
    "UFW_DENIES_FORWARD": lambda seen: seen.facts["host"]["chains"].append("-A ufw-user-forward -i br-1 -j DROP"),
    "RULES_FOREIGN": told("not ours: UFW has the rule `allow 8080/tcp`, which is not declared (left as it is)"),
    "KERNEL_SETTING": drift("kernel", "vm.overcommit_memory", "0"),
    "CONNTRACK_FULL": fact("host.filters.conntrack", [262000, 262144]),
    "NO_WAY_OUT": everywhere("outside", "timed out"),
    "DATABASE_NOT_REACHED": fact("host.paths.containers.mech-search.mongodb:27017", "timed out"),
    "VOLUME_READ_ONLY": fact("host.space.2.read_only", True),
    "MEMORY_SHORT": fact("host.machine.memory", {"total": 8 << 30, "available": 100 << 20}),
    "LOAD_HIGH": fact("host.machine.load", [99.0, 98.0, 50.0]),
    "CLOCK_WRONG": fact("host.machine.now", 0.0),
    "REBOOT_REQUIRED": fact("host.machine.reboot_required", True),
    "UNIT_FAILED": fact("host.machine.failed_units", ["cron.service"]),
    "PACKAGE_MISSING": drift("package", "package curl", "not installed"),
    "APT_LOCKED": fact("host.machine.apt_lock", "unattended-upgr"),
    "FILE_EDITED": drift("file", "/usr/local/sbin/mech-x", "edited"),
    "SSH_KEY_FOREIGN": told("not ours: the key eve may log in as root (left as it is)"),
    "NGINX_NOT_RELOADED": drift("nginx-current", "what nginx runs", "an older config than the file"),
    "WRONG_SLOT": drift("slot", "serves from slot", "green"),
    "BODY_TOO_LARGE": fact("host.web_logs.errors", ["client intended to send too large body: 104857601 bytes"]),
    "WORKERS_SILENT": answer("queue", "edge", **HEALTH, dependencies={"workers": "Worker not responding: 1"}),
    "CALLED_SERVICE_FAILS": answer("sequences", "edge", **HEALTH, dependencies={"queue": "HTTP 502"}),
    "LOG_ERRORS": both(
        answer("llm", "edge", code=500), fact("host.inspected.mech-llms.said", ["panic: runtime error: nil"])
    ),
    "CONTAINER_OFF_NETWORK": drift("container", "container mech-search", "not on mech-network"),
    "SSH_UNREACHABLE": silent("host", "ssh: connect to host 192.0.2.1 port 22: No route to host"),
    "SSH_CLOSED": silent("host", "kex_exchange_identification: Connection closed by remote host"),
    "HOST_UNREAD": silent("host", "python3: not found"),
    "VENDOR_FAILS": answer("llm", "edge", **HEALTH, dependencies={"openai": "HTTP 500 from OpenAI"}),
    "VULTR_GROUP_OPEN": lambda seen: seen.facts["vultr"]["rules"].append(
        {"protocol": "tcp", "port": "27017", "subnet": "0.0.0.0", "subnet_size": 0}
    ),
}
# Where another one is named before it, and rightly.
AFTER = {"LOG_ERRORS": "BETWEEN_EDGE_AND_NGINX"}


def test_every_cause_is_played_or_made_by_hand() -> None:
    assert set(TABLE) == set(played()) | set(CASES) | set(fleets.CASES)


@pytest.mark.parametrize(("code", "change"), CASES.items(), ids=CASES)
def test_it_is_named_first(code: str, change: Change) -> None:
    seen = patches.read()
    change(seen)
    found = diagnose(Look(seen))
    codes = [named.code for named in found.named]
    assert codes and codes[0] == AFTER.get(code, code) and code in codes, codes
    assert found.exit_code == (0 if found.named[0].severity == "notice" and not found.failing else 2)


def test_a_platform_that_is_well_has_no_cause() -> None:
    found = diagnose(Look(patches.read()))
    assert [named.code for named in found.named] == [] and found.exit_code == 0
    assert found.skipped == {} and len(found.look.views) == 8


def test_who_is_silent_is_never_passed_as_well() -> None:
    seen = patches.read()
    silent("host", "Connection timed out")(seen)
    found = diagnose(Look(seen))
    assert found.exit_code == 2
    assert "UFW_OFF" in found.skipped["Connection timed out"]


def test_facts_that_nobody_understands_do_not_hide_the_others() -> None:
    seen = patches.read()
    fact("host.machine", {"nonsense": 1})(seen)
    drift("ufw-rule", "80/tcp", "missing", port="80")(seen)
    found = diagnose(Look(seen))
    assert "UFW_PORT_CLOSED" in [named.code for named in found.named]
    assert any("not understood" in why for why in found.skipped)


def sentences(*changes: Change) -> list[str]:
    seen = patches.read()
    for change in changes:
        change(seen)
    return [named.sentence for named in diagnose(Look(seen)).named]


def test_a_range_of_the_edge_is_told_from_a_port_that_is_closed() -> None:
    rules = [
        drift("ufw-rule", f"80/tcp from 198.51.{n}.0/24", "missing", port="80", source=f"198.51.{n}.0/24")
        for n in range(4)
    ]
    assert sentences(*rules) == [
        "UFW does not let Cloudflare's edge in at 80/tcp from 198.51.0.0/24, 198.51.1.0/24, 198.51.2.0/24 and 1 more: missing"
    ]
    office = drift("ufw-rule", "22/tcp from 192.0.2.0/24", "missing", port="22", source="192.0.2.0/24")
    inside = drift("ufw-rule", "80/tcp from 172.16.0.0/12", "missing", port="80", source="172.16.0.0/12")
    assert [said.startswith("UFW does not let 22/tcp in") for said in sentences(office)] == [True]
    assert [said.startswith("UFW does not let 80/tcp in") for said in sentences(inside)] == [True]


def test_one_range_of_many_explains_no_failure_that_is_not_the_edges() -> None:
    lost = drift("ufw-rule", "80/tcp from 198.51.100.0/24", "missing", port="80", source="198.51.100.0/24")
    seen = patches.read()
    both(lost, answer("llm", "edge", code=502), answer("search", "edge", code=522))(seen)
    named = next(one for one in diagnose(Look(seen)).named if one.code == "EDGE_RANGE_SHUT_OUT")
    assert named.failing == ("search",)


def test_vultrs_group_is_looked_at_range_by_range() -> None:
    def declared(seen: Bundle) -> None:
        seen.declared["openings"] += [["80", "198.51.100.0/24"], ["80", "203.0.113.0/24"]]
        rule = next(rule for rule in seen.facts["vultr"]["rules"] if rule["port"] == "80")
        seen.facts["vultr"]["rules"].append({**rule, "subnet": "198.51.100.0", "subnet_size": 24})

    assert sentences(declared)[0] == "Vultr's firewall group does not let 80/tcp in from 203.0.113.0/24"
