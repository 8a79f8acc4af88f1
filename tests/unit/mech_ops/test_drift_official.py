"""What `mech drift` makes of the official plugins' ways: ids foretold in a preview, lists as a whole, what they add."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from mech_ops.drift import events, report
from mech_ops.drift.values import UNKNOWN, shown

from .engine_says import COMMAND, CONTAINER, SECRET, sensor, step

SENSOR = "pulumi-python:dynamic/mech:HostState"
DRIFT = sensor("firewall", "Firewall", drift={"80/tcp": ("missing", "open")})


def judged(*lines: str) -> report.Report:
    return report.judge(events.read(lines))


def sentences(items: Sequence[report.Item]) -> list[str]:
    return [item.sentence for item in items]


def replaced(name: str, was: list[Any], now: list[Any], *paths: str, foretold: str) -> list[str]:
    """A command's replacement in a preview: the id that the plugin foretells is in what comes after the step."""
    parts = [("create-replacement", False, ""), ("create-replacement", True, foretold), ("replace", False, foretold)]
    return [
        step(op, COMMAND, {"triggers": was}, {"triggers": now}, *paths, name=name, part="Firewall",
             ids=(f"{name}0a1b2c3d", id_), done=done)
        for op, done, id_ in parts
    ]  # fmt: skip


def firewall_drift(confirm: list[Any], *paths: str, apply: Any = UNKNOWN) -> list[str]:
    """A rule is gone: the sensor asks, firewall-apply runs again, and firewall-confirm after it."""
    state = {"title": "firewall", "state": {"80/tcp": "open"}}
    return [
        DRIFT,
        step("update", SENSOR, {**state, "state": {"80/tcp": "missing"}}, state, name="state", part="Firewall"),
        *replaced(
            "firewall-apply", ["host", "repair 1"], ["host", apply], "triggers[1]", foretold="firewall-applyffff0000"
        ),
        *replaced("firewall-confirm", ["firewall-apply0a1b2c3d", "x"], confirm, *paths, foretold="firewall-confirm12"),
        *replaced("third", ["firewall-confirm0a1b2c3d"], ["firewall-confirm12"], "triggers[0]", foretold="third1"),
    ]


@pytest.mark.parametrize("apply", [UNKNOWN, "repair 2"])
@pytest.mark.parametrize("path", ["triggers[0]", "triggers"])
def test_a_command_after_a_command_that_a_sensor_sets_off_only_follows(path: str, apply: str) -> None:
    found = judged(*firewall_drift(["firewall-applyffff0000", "x"], path, apply=apply))
    assert found.unapplied == []
    assert [item.repair for item in found.drift] == ["runs firewall-apply, firewall-confirm, third again"]


def test_a_repair_that_a_command_has_in_its_environment_only_follows() -> None:
    def about(number: int) -> dict[str, Any]:
        return {"environment": {"ID": "x", "REPAIR": f"repair {number}"}}

    found = judged(
        sensor("Vultr", kind="CloudState", drift={"reserved address": ("at no instance", "at our instance")}),
        step("update", COMMAND, about(1), about(2), "environment.REPAIR", name="host-attach", part="Host"),
    )
    assert found.unapplied == []
    assert [(item.sentence, item.repair) for item in found.drift] == [
        ("reserved address is at no instance, declared at our instance", "runs host-attach again")
    ]


@pytest.mark.parametrize(
    ("triggers", "paths", "told"),
    [
        (["firewall-applyffff0000", "y"], ("triggers[0]", "triggers[1]"), "triggers[1] is x, declared y"),
        (
            ["firewall-apply1234abcd", "x"],
            ("triggers[0]",),
            "triggers[0] is firewall-apply0a1b2c3d, declared firewall-apply1234abcd",
        ),
        (["firewall-applyffff0000", "x", "z"], ("triggers[0]", "triggers[2]"), "triggers[2] is not there, declared z"),
        (["", "x"], ("triggers[0]",), "declared empty"),
        (["firewall-applyffff0000", SECRET], ("triggers[0]", "triggers[1]"), "triggers[1] differs [secret]"),
    ],
)
def test_a_trigger_that_the_program_changed_is_not_applied_yet(
    triggers: list[Any], paths: tuple[str, ...], told: str
) -> None:
    found = judged(*firewall_drift(triggers, *paths))
    [item] = found.unapplied
    assert item.sentence.startswith("command firewall-confirm: triggers") and told in item.sentence


def test_what_hangs_on_a_command_that_the_program_changed_follows_from_it() -> None:
    apply = replaced("firewall-apply", ["a"], ["b"], "triggers[0]", foretold="apply2")
    confirm = replaced("firewall-confirm", ["firewall-apply0a1b2c3d"], ["apply2"], "triggers[0]", foretold="confirm2")
    found = judged(*apply, *confirm)
    assert sentences(found.unapplied) == ["command firewall-apply: triggers[0] is a, declared b"]
    assert found.follows == ["command firewall-confirm: runs again"]


PORT = {"external": 3008, "internal": 3008, "ip": "0.0.0.0", "protocol": "tcp"}


@pytest.mark.parametrize("path", ["ports", "ports[0]"])
@pytest.mark.parametrize("gone", [None, []])
def test_ports_that_vanished_are_told_in_words(path: str, gone: Any) -> None:
    was, now = {"name": "mech-llms", "ports": [PORT]}, {"name": "mech-llms", "ports": gone}
    found = judged(step("refresh", CONTAINER, was, now, path), step("replace", CONTAINER, now, was, path))
    assert sentences(found.drift) == ["container mech-llms: ports: none, declared 0.0.0.0:3008 → 3008/tcp"]


def test_what_the_plan_leaves_alone_is_no_drift() -> None:
    """Sets come back in another order: the refresh says so, the plan does not."""
    a, b = {"target": "/a", "source": "/x", "type": "bind"}, {"target": "/b", "source": "/y", "type": "bind"}
    was, now = {"mounts": [a, b], "mustRun": True}, {"mounts": [b, a], "mustRun": False}
    found = judged(
        step("refresh", CONTAINER, was, now, "mounts[0].target", "mounts[1].target", "mustRun", name="redis"),
        step("replace", CONTAINER, now, was, "mustRun", name="redis"),
    )
    assert sentences(found.drift) == ["container redis: mustRun is false, declared true"]


@pytest.mark.parametrize("refreshed", [(), ("envs", "stopTimeout")])
def test_what_the_plugin_adds_unasked_is_told_in_words(refreshed: tuple[str, ...]) -> None:
    """Recorded for redis when a stack moves from another plugin: `+ envs: [unknown]`."""
    declared = {"name": "redis"}
    found = judged(
        step("refresh", CONTAINER, declared, declared, *refreshed, outputs={"envs": [SECRET]}),
        step("replace", CONTAINER, declared, declared, "envs"),
    )
    assert found.drift == []
    assert sentences(found.unapplied) == [
        "container redis: the program does not declare envs, the plugin works it out anew"
    ]


def test_what_only_the_outputs_tell_is_taken_from_there() -> None:
    declared = {"name": "mech", "tags": ["mech"]}
    type_ = "vultr:index/instance:Instance"
    found = judged(
        step("refresh", type_, declared, declared, "tags[0]", outputs={"tags": ["old", "other"]}),
        step("update", type_, declared, declared, "tags[0]"),
    )
    assert [item.sentence.partition(": ")[2] for item in found.drift] == ["tags is old, other, declared mech"]


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("ports", [PORT, {**PORT, "ip": "", "external": 0, "protocol": "udp"}], "0.0.0.0:3008 → 3008/tcp, all:0 → 3008/udp"),
        ("ports", [{"internal": 80}], "all:any → 80/tcp"),
        ("mounts", [{"target": "/data", "source": "/srv", "type": "bind", "readOnly": True}], "/srv at /data (read-only)"),
        ("mounts", [{"target": "/data", "type": "tmpfs"}], "a tmpfs volume at /data"),
        ("networksAdvanced", [{"name": "mech-network", "aliases": ["mongo", "db"]}], "mech-network as mongo, db"),
        ("networksAdvanced", [{"name": "n", "aliases": [], "ipv4Address": "", "__defaults": []}], "n"),
        ("networksAdvanced", [{"name": UNKNOWN}], "known after up"),
        ("networksAdvanced", [{"name": "n", "ipv4Address": "10.0.0.2"}], "n (ipv4Address 10.0.0.2)"),
        ("labels", [{"label": "a.b", "value": "1"}, {"label": "c", "value": ""}], "a.b=1, c=empty"),
        ("logOpts", {"max-size": "10m", "max-file": "3"}, "max-file 3, max-size 10m"),
        ("healthcheck", {"tests": ["CMD", "true"], "retries": 3.0, "__defaults": []}, "CMD true (retries 3)"),
        ("healthcheck.tests", ["CMD", "true"], "CMD true"),
        ("command", ["redis-server", "/etc/r.conf"], "redis-server /etc/r.conf"),
        ("tags", ["mech", "old"], "mech, old"),
        ("capabilities", {"adds": ["NET_ADMIN"], "drops": []}, "adds NET_ADMIN"),
        ("rules", [{"action": "block", "expression": "(ip.src in {192.0.2.1})", "enabled": False}],
         "block (ip.src in {192.0.2.1}) (off)"),
        ("account", {"id": "a1"}, "id a1"),
        ("triggers", [UNKNOWN], "known after up"),
        ("envs", [UNKNOWN], "[secret]"),
        ("labels", [{"label": "a", "value": SECRET}], "[secret]"),
        ("x", {"y": None, "z": [{}]}, "z none"),
    ],
)  # fmt: skip
def test_lists_and_objects_in_words(path: str, value: Any, words: str) -> None:
    assert shown(path, value) == words
