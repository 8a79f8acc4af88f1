"""Only the edge at the web ports: what the program declares, and what it does when nobody can say who the edge is."""

from __future__ import annotations

import base64
from typing import Any

import pulumi
import pytest

from .conftest import Declare, Recorder

CLOSED = {"firewall": {"webFrom": "cloudflare", "exposeServicePorts": False}}
EDGE = ["192.0.2.0/24"]  # what the mocks say that Cloudflare publishes


def state(*known: str) -> dict[str, Any]:
    urn = "urn:pulumi:unit::mech::mech:platform:EdgeRanges$pulumi-python:dynamic/mech:HostState::edge-ranges-published"
    return {urn: {"type": "pulumi-python:dynamic/mech:HostState", "outputs": {"access": {"ranges": list(known)}}}}


def opened(recorder: Recorder) -> set[tuple[str, str]]:
    """By Vultr's group and by UFW, which say the same, but for the containers on the host itself."""
    group = {
        (rule["port"], f"{rule['subnet']}/{rule['subnetSize']:.0f}") for rule in recorder.of("FirewallRule").values()
    }
    checks = recorder.of("HostState")["firewall-state"]["checks"].values()
    rules = [check for check in checks if check["kind"] == "ufw-rule"]
    inside = {("80", "172.16.0.0/12"), ("80", "192.168.0.0/16")} if ("80", "0.0.0.0/0") not in group else set()
    assert {(rule["port"], rule["source"] or "0.0.0.0/0") for rule in rules} == group | inside
    return group


def answers(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    call = Recorder.call
    monkeypatch.setattr(
        Recorder, "call", lambda self, args: answer if args.token.endswith(":getIpRanges") else call(self, args)
    )


def test_the_web_ports_are_open_to_the_edge_alone(declare: Declare) -> None:
    recorder = declare(CLOSED)
    assert opened(recorder) == {("22", "0.0.0.0/0"), ("80", "192.0.2.0/24"), ("443", "192.0.2.0/24")}
    sensor = recorder.of("HostState")["edge-ranges-published"]
    assert sensor["access"] == {"ranges": EDGE}
    files = dict(line.split() for line in recorder.of("Command")["proxy-nginx"]["stdin"].splitlines())
    assert b"set_real_ip_from 192.0.2.0/24;" in base64.b64decode(files["/etc/nginx/conf.d/mech.conf"])


def test_everyone_is_as_it_was(declare: Declare) -> None:
    recorder = declare({"firewall": {"webFrom": "everyone"}})
    assert opened(recorder) == {(port, "0.0.0.0/0") for port in ("22", "80", "443", "3001:3010")}
    assert "edge-ranges-published" not in recorder.of("HostState")


@pytest.mark.parametrize("answer", [{"ipv4Cidrs": []}, {"ipv4Cidrs": ["0.0.0.0/0"]}, {"ipv4Cidrs": ["10.0.0.0/24"]},
                                    ({}, [("", "status 503")])])  # fmt: skip
def test_without_a_good_list_the_ranges_in_force_stay_and_it_is_said(
    declare: Declare, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    answers(monkeypatch, answer)
    assert ("443", "198.51.100.0/24") in opened(declare(CLOSED, state=state("198.51.100.0/24")))
    (sentence,) = said
    assert sentence.endswith("80 and 443 stay open to the 1 ranges that are in force")


@pytest.mark.parametrize(("answer", "why"), [({"ipv4Cidrs": []}, "is refused: it is empty"), (({}, [("", "status 503")]), "could not be had")])  # fmt: skip
def test_with_no_list_at_all_nothing_is_touched(
    declare: Declare, monkeypatch: pytest.MonkeyPatch, answer: Any, why: str
) -> None:
    answers(monkeypatch, answer)
    with pytest.raises(pulumi.RunError, match=f"{why}.*nothing was changed"):
        declare(CLOSED)


def test_more_rules_than_vultr_takes_are_refused_before_anything_is_touched(declare: Declare) -> None:
    office = [f"203.0.113.{n}/32" for n in range(60)]
    with pytest.raises(pulumi.RunError, match=r"takes 50 rules, and 62 are declared; nothing was changed\. Shorten"):
        declare({**CLOSED, "host": {"sshFrom": office}})
