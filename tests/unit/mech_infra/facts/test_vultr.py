from __future__ import annotations

from typing import Any

import pytest

from mech_infra.commands.firewall import Allow
from mech_infra.facts.clouds import asking, vultr

from .conftest import told


def rule(port: str, protocol: str = "tcp") -> dict[str, Any]:
    return {"protocol": protocol, "port": port, "subnet": "0.0.0.0", "subnet_size": 0}


def test_what_the_group_opens_beside_ours() -> None:
    watch = vultr.foreign_rules([Allow("80"), Allow("3001:3010")])
    said = told(watch, {"rules": [rule("80"), rule("3001:3010"), rule("81"), rule("", "icmp")]})
    assert said == [
        "not ours: Vultr's firewall group accepts tcp 81 from 0.0.0.0/0 (left as it is)",
        "not ours: Vultr's firewall group accepts icmp any from 0.0.0.0/0 (left as it is)",
    ]


def test_the_group_is_asked_for_by_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_get", lambda url, token: {"firewall_rules": [url]})
    (url,) = vultr.facts({"firewall_group": "a b"})["rules"]
    assert url.endswith("/firewalls/a%20b/rules?per_page=500")
