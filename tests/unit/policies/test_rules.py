"""The rules against the shipped program: silent on it and on harmless changes, loud on every outage of the guide."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies import docs, mocked
from policies.model import UNKNOWN, Stack, message
from policies.rules import BY_ID, HARDENING, RULES

from .changes import UFW, Change, Resources, both, gone, put, sub
from .platform import HARMLESS, OUTAGES

# Advice: the sandbox's MongoDB has no password and no backup, and the guide's web ports are open to everybody.
ACCEPTED = {"data-mongodb-auth", "data-no-backup", "firewall-origin-open"}


def judged(resources: Resources) -> tuple[set[str], dict[str, list[str]]]:
    found, unknown, stack = set(), {}, Stack(resources)
    for rule in RULES:
        findings, unjudged = rule.judge(stack)
        if findings:
            found.add(rule.id)
        for finding in findings:
            assert rule.id in message(rule, finding)
            assert rule.fix in message(rule, finding)
        if unjudged:
            unknown[rule.id] = unjudged
    return found, unknown


def test_the_shipped_program_is_clean_and_wholly_judged(shipped: Resources) -> None:
    assert judged(shipped) == (ACCEPTED, {})


@pytest.mark.parametrize(("rule", "change"), [outage[1:] for outage in OUTAGES], ids=[outage[0] for outage in OUTAGES])
def test_an_outage_is_caught(shipped: Resources, rule: str, change: Change) -> None:
    found, _ = judged(change(shipped))
    assert rule in found - ACCEPTED


def test_a_mongodb_with_a_password_asks_for_it(tmp_path: Path) -> None:
    about = yaml.safe_load((mocked.ROOT / "Pulumi.sandbox.yaml").read_text())
    about["config"]["mech:MONGODB_PASSWORD"] = {"secure": "v1:stands:for-a-secret"}
    (tmp_path / "Pulumi.sandbox.yaml").write_text(yaml.safe_dump(about))
    resources, _ = mocked.declare("sandbox", tmp_path)
    assert judged(resources) == ({"data-no-backup", "firewall-origin-open"}, {})


EDGE = ("198.51.100.0/24", "203.0.113.0/25", "203.0.113.128/25")


@pytest.fixture(scope="module")
def closed() -> Resources:
    """The program with the web ports open to Cloudflare alone."""
    about = {"outputs": {"access": {"ranges": list(EDGE)}}, "type": "pulumi-python:dynamic/mech:HostState"}
    return mocked.declare("prod", running={"urn:pulumi:prod::mech::x::edge-ranges-published": about})[0]


def test_an_origin_that_lets_in_the_edge_alone_is_let_through(closed: Resources) -> None:
    found, unknown = judged(closed)
    assert (found - ACCEPTED, unknown) == (set(), {})
    assert "firewall-origin-open" not in found


GROUP = "host-firewall-443-203.0.113.0-25"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (sub(UFW, r"^ufw allow from 198.51.100.0/24 to any port 80 .*\n", ""), "firewall-edge-shut-out"),
        (sub(UFW, r"^ufw allow from 203.0.113.128/25 to any port 443", "ufw allow from 203.0.113.128/26 to any port 443"), "firewall-edge-shut-out"),
        (gone(GROUP), "firewall-edge-shut-out"),
        (put(GROUP, "subnetSize", 26), "firewall-edge-shut-out"),
        (both(sub(UFW, r"\A", "ufw allow 443/tcp\n"), put(GROUP, "subnetSize", 0), put(GROUP, "subnet", "0.0.0.0")), "firewall-origin-open"),
        (both(sub(UFW, r"\A", "ufw allow 3001:3010/tcp\n"),
              put(GROUP, "subnetSize", 0), put(GROUP, "subnet", "0.0.0.0"), put(GROUP, "port", "3001:3010")), "firewall-origin-open"),
    ],
)  # fmt: skip
def test_the_edge_is_neither_shut_out_nor_gone_round(closed: Resources, change: Change, rule: str) -> None:
    assert rule in judged(change(closed))[0]


@pytest.mark.parametrize(
    "change",
    [
        sub(UFW, r"^ufw allow from 198.51.100.0/24 to any port 80", "ufw allow from 198.51.0.0/16 to any port 80"),
        both(put(GROUP, "source", "cloudflare"), put(GROUP, "subnet", ""), put(GROUP, "subnetSize", 0)),
        put("edge-.*", "proxied", False),  # nobody comes by the edge
    ],
)
def test_who_lets_in_more_of_the_edge_or_needs_none_shuts_out_nobody(closed: Resources, change: Change) -> None:
    assert "firewall-edge-shut-out" not in judged(change(closed))[0]


def test_alerts_from_the_host_are_clean_and_wholly_judged(tmp_path: Path) -> None:
    about = yaml.safe_load((mocked.ROOT / "Pulumi.sandbox.yaml").read_text())
    about["config"]["mech:alerts"] = {"enabled": True, "onHost": True}
    about["config"]["mech:ALERT_DESTINATIONS"] = {"secure": "v1:stands:for-a-secret"}
    (tmp_path / "Pulumi.sandbox.yaml").write_text(yaml.safe_dump(about))
    resources, _ = mocked.declare("sandbox", tmp_path)
    assert any(resource.name == "alerts-install" for resource in resources)
    assert judged(resources) == (ACCEPTED, {})


S3 = {"repository": "s3:https://store.mech.example/bucket"}


@pytest.mark.parametrize(
    ("about", "more"),
    [
        (S3, {"data-backup-deletable"}),
        ({**S3, "protection": "lock"}, set()),
        ({"repository": "/mnt/backup", "protection": "lock"}, {"data-backup-deletable"}),
    ],
)
def test_backups_are_declared_and_whether_the_host_can_delete_them(
    about: dict[str, str], more: set[str], tmp_path: Path
) -> None:
    whole = yaml.safe_load((mocked.ROOT / "Pulumi.sandbox.yaml").read_text())
    whole["config"]["mech:backup"] = {"enabled": True, **about}
    for name in ("BACKUP_PASSWORD", "BACKUP_ACCESS_KEY", "BACKUP_SECRET_KEY"):
        whole["config"][f"mech:{name}"] = {"secure": "v1:stands:for-a-secret"}
    (tmp_path / "Pulumi.sandbox.yaml").write_text(yaml.safe_dump(whole))
    resources, _ = mocked.declare("sandbox", tmp_path)
    assert judged(resources) == ((ACCEPTED - {"data-no-backup"}) | more, {})


@pytest.mark.parametrize(
    "tool", ["restic -r /mnt/b backup /data", "mongodump --archive=/mnt/b/a", "/usr/local/bin/borg create"]
)
def test_who_backs_up_by_something_else_is_let_through(shipped: Resources, tool: str) -> None:
    assert "data-no-backup" not in judged(sub("host-ready", r"\A", f"{tool}\n")(shipped))[0]


def test_no_id_is_given_twice() -> None:
    assert [rule.id for rule in (*RULES, *HARDENING)] == list(BY_ID)


def test_every_rule_has_an_outage_that_it_catches() -> None:
    untested = (
        {rule.id for rule in RULES}
        - {rule for _, rule, _ in OUTAGES}
        - {"data-mongodb-auth", "data-no-backup", "data-backup-deletable", "services-swap", "firewall-origin-open"}
    )
    assert untested == set()


@pytest.mark.parametrize("change", [change for _, change in HARMLESS], ids=[name for name, _ in HARMLESS])
def test_a_harmless_change_is_let_through(shipped: Resources, change: Change) -> None:
    found, _ = judged(change(shipped))
    assert {id for id in found - ACCEPTED if BY_ID[id].level == "mandatory"} == set()


def test_the_tables_are_as_large_as_promised() -> None:
    assert len(OUTAGES) >= 60
    assert len(HARMLESS) >= 60


def test_remedies_put_it_right(shipped: Resources) -> None:
    for name, id, change in OUTAGES:
        rule = BY_ID[id]
        if rule.remedy is None:
            continue
        changed = change(shipped)
        bad = {r.name for r in changed if r.type == rule.type and rule.judge(Stack([r]))[0]}
        if not bad:
            continue  # a command's container is nothing that a remedy puts right
        fixed = []
        for resource in changed:
            if resource.name in bad:
                resource = replace(resource, props=rule.remedy(dict(resource.props)))
            fixed.append(resource)
        assert rule.judge(Stack(fixed)) == ([], []), name


def test_nothing_is_refused_for_being_unknown(shipped: Resources) -> None:
    """Each property of each resource unknown, one at a time: no new finding; what it hides is said or not needed."""
    for index, resource in enumerate(shipped):
        for key in resource.props:
            changed = replace(resource, props={**resource.props, key: UNKNOWN})
            found, _ = judged([*shipped[:index], changed, *shipped[index + 1 :]])
            assert found <= ACCEPTED, f"{resource.name}.{key}: {found - ACCEPTED}"


def test_an_unknown_address_is_said_not_passed(shipped: Resources) -> None:
    without = [replace(r, props={**r.props, "subnet": UNKNOWN}) if r.name == "host-address" else r for r in shipped]
    _, unknown = judged(without)
    assert "edge-wrong-address" in unknown


ODD = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=12),
        st.just(UNKNOWN),
        st.binary(max_size=4),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_no_rule_raises_whatever_the_properties(shipped: Resources, data: st.DataObject) -> None:
    changed = []
    for resource in data.draw(st.lists(st.sampled_from(shipped), min_size=1, max_size=6)):
        props = dict(resource.props)
        for key in data.draw(st.lists(st.sampled_from(sorted(props) or ["x"]), max_size=4)):
            if data.draw(st.booleans()):
                props.pop(key, None)
            else:
                props[key] = data.draw(ODD)
        changed.append(replace(resource, props=props))
    judged([*changed, *shipped[:20]])


def test_the_page_is_not_stale() -> None:
    assert docs.PAGE.read_text() == docs.render(), "run: python -m policies.docs"
