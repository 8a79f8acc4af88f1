"""`mech drift` of a fleet: hosts are told by their names."""

from __future__ import annotations

import subprocess

import pytest

from mech_ops import pulumi
from mech_ops.drift import check, events, report, values, visitors

from .engine_says import sensor, step

RESERVED = "vultr:index/reservedIp:ReservedIp"


def test_a_silent_host_of_a_fleet_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(visitors, "ask", lambda stack: visitors.Visitors())
    monkeypatch.setattr(pulumi, "preview", lambda *_: subprocess.CompletedProcess([], 0, "\n".join(said), ""))
    silent = (
        "host 192.0.2.10 does not answer (Connection timed out): what is on it was not looked at. Next: mech recover"
    )
    hosts = [
        step("refresh", RESERVED, {"label": label}, {"label": label}, name=name, part="Host", outputs={"subnet": at})
        for label, name, at in (("mech", "host-address", "192.0.2.9"), ("mech-w1", "host-w1-address", "192.0.2.10"))
    ]
    said[:] = [*hosts, sensor("mech-w1: host", silent=silent)]
    assert check.check("s").not_looked_at == [silent.replace("host 192.0.2.10", "host mech-w1 (192.0.2.10)")]
    said[:] = [hosts[0], sensor("host", silent=silent)]
    assert check.check("s").not_looked_at == [silent]


HOST_STATE = "pulumi-python:dynamic/mech:HostState"


@pytest.mark.parametrize("declared", ["open", "closed"])
def test_what_is_looked_at_on_a_host_that_is_made_anew_is_no_change_of_the_program(declared: str) -> None:
    """Its host key is another one then; a check that is declared otherwise is a change all the same."""
    access = {"host": "192.0.2.10", "host_key": "ssh-ed25519 AAAA"}
    was = {"title": "mech-w1: firewall", "state": {"80": "open"}, "access": access}
    now = {**was, "state": {"80": declared}, "access": {**access, "host_key": values.UNKNOWN}}
    said = step("update", HOST_STATE, was, now, name="firewall-w1-state", part="Firewall")
    judged = report.judge(events.read([said]))
    assert [item.subject for item in judged.unapplied] == ([] if declared == "open" else ["80: closed"])
    assert judged.follows == []


@pytest.mark.parametrize("triggers", [[values.UNKNOWN], ["a"]])
def test_what_runs_on_a_host_that_is_made_anew_only_follows(triggers: list[str]) -> None:
    """As a real preview has it: the list of ssh's words, with a key in it that is not known, is left out."""
    was = {"create": "true", "interpreter": ["ssh", "root@192.0.2.10"], "triggers": ["a"]}
    now = {"create": "true", "triggers": triggers}
    paths = ["interpreter", "triggers[0]"] if triggers != ["a"] else ["interpreter"]
    said = step("replace", "command:local:Command", was, now, *paths, name="host-w1-ready", part="Host")
    judged = report.judge(events.read([said]))
    if triggers == ["a"]:  # the program says that it runs elsewhere
        assert [item.subject for item in judged.unapplied] == ["command host-w1-ready: interpreter"]
    else:
        assert judged.unapplied == [] and judged.follows == ["command host-w1-ready: runs again"]
