from __future__ import annotations

from typing import Any

import pytest

from mech_infra.commands.firewall import Allow
from mech_infra.facts.clouds import asking, vultr
from mech_infra.facts.model import Unreachable

from .conftest import told

INSTANCE = {"id": "i", "power_status": "running", "status": "active", "server_status": "ok", "main_ip": "192.0.2.1",
            "firewall_group_id": "g", "default_password": "hunter2"}  # fmt: skip


def rule(port: str, protocol: str = "tcp") -> dict[str, Any]:
    return {"protocol": protocol, "port": port, "subnet": "0.0.0.0", "subnet_size": 0}


def test_what_the_group_opens_beside_ours() -> None:
    watch = vultr.foreign_rules([Allow("80"), Allow("3001:3010")])
    said = told(watch, {"rules": [rule("80"), rule("3001:3010"), rule("81"), rule("", "icmp")]})
    assert said == [
        "not ours: Vultr's firewall group accepts tcp 81 from 0.0.0.0/0 (left as it is)",
        "not ours: Vultr's firewall group accepts icmp any from 0.0.0.0/0 (left as it is)",
    ]


def test_who_is_let_in_beside_the_edge() -> None:
    edge, own = Allow("80", "198.51.100.0/24"), Allow("3001:3010")
    watch = vultr.foreign_rules([Allow("22", "192.0.2.0/24"), edge, Allow("443", "198.51.100.0/24"), own])
    ours = {**rule("80"), "subnet": "198.51.100.0", "subnet_size": 24}
    assert told(watch, {"rules": [rule("22"), ours, {**ours, "port": "443"}, rule("3001:3010"), rule("443")]}) == [
        "not ours: Vultr's firewall group accepts tcp 443 from 0.0.0.0/0 (left as it is)"
    ]
    assert "sources" not in vultr.foreign_rules([Allow("80")]).wire  # a stack of before is not changed


def test_the_group_is_asked_for_by_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_get", lambda url, token: {"firewall_rules": [url]})
    (url,) = vultr.facts({"firewall_group": "a b"})["rules"]
    assert url.endswith("/firewalls/a%20b/rules?per_page=500")


def test_what_hangs_together_and_what_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"/instances/i": {"instance": INSTANCE}, "/blocks/v": {"block": {"id": "v", "attached_to_instance": "", "mount_id": "ewr-1"}}}  # fmt: skip

    def get(url: str, token: str) -> dict[str, Any]:
        path = url.partition("/v2")[2]
        if path not in there:
            raise asking.Missing(f"HTTP 404 from {url}")
        return there[path]

    monkeypatch.setattr(asking, "_get", get)
    found = vultr.attachments({"instance": "i", "reserved_ip": "gone", "volume": "v"})
    assert found == {
        "instance": {"power_status": "running", "status": "active", "server_status": "ok", "main_ip": "192.0.2.1",
                     "firewall_group_id": "g"},
        "reserved_ip": None, "volume": {"attached_to_instance": "", "mount_id": "ewr-1"},
    }  # fmt: skip
    assert vultr.attachments({"instance": "i"})["volume"] is None


def test_a_refusal_is_no_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    def get(url: str, token: str) -> dict[str, Any]:
        raise Unreachable("HTTP 401")

    monkeypatch.setattr(asking, "_get", get)
    with pytest.raises(Unreachable, match="401"):
        vultr.attachments({"instance": "i"})


@pytest.mark.parametrize(
    ("at", "word"),
    [("i", None), ("", "at no instance"), ("other", "at another instance (other)"), (None, "gone at Vultr")],
)
def test_whose_the_address_and_the_volume_are(at: str | None, word: str | None) -> None:
    for thing, field in (("reserved_ip", "instance_id"), ("volume", "attached_to_instance")):
        found = {"attachments": {thing: None if at is None else {field: at}}}
        assert vultr.Attached(thing, "i").judge(found) == word


def test_only_what_a_sensor_names_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        asking, "_get", lambda url, token: asked.append(url) or {"block": {"attached_to_instance": "i"}}
    )  # type: ignore[func-returns-value]
    assert vultr.Attached("volume", "i").seen(vultr.facts({"volume": "v"})) == "at our instance"
    assert [url.partition("/v2")[2] for url in asked] == ["/blocks/v"]
