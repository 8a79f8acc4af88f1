from __future__ import annotations

import io
from email.message import Message
from typing import Any
from urllib.error import HTTPError

import pytest

from mech_infra.facts.clouds import asking, cloudflare
from mech_infra.facts.clouds.cloudflare import ForeignRulesets, ShadowingRecords
from mech_infra.facts.model import Unreachable

from .conftest import told

OURS, WRONG = ({"type": "A", "name": "llm.mech.is", "content": f"192.0.2.{n}"} for n in (1, 9))
WATCH = ShadowingRecords(["llm.mech.is"])


def test_a_record_under_our_name_of_another_kind() -> None:
    beside = {"type": "AAAA", "name": "llm.mech.is", "content": "2001:db8::1"}
    (said,) = told(WATCH, {"records": [OURS, beside]}, address="192.0.2.1")
    assert "AAAA llm.mech.is → 2001:db8::1" in said


def test_our_own_record_with_another_address_is_not_called_foreign() -> None:
    assert told(WATCH, {"records": [WRONG]}, address="192.0.2.1") == []
    assert "192.0.2.9" in told(WATCH, {"records": [OURS, WRONG]}, address="192.0.2.1")[0]


def test_nothing_of_ours_is_named() -> None:
    elsewhere = {"type": "AAAA", "name": "blog.mech.is", "content": "2001:db8::1"}
    assert told(WATCH, {"records": [OURS, elsewhere]}, address="192.0.2.1") == []
    ours = {"kind": "zone", "name": "mech: blocked clients", "phase": "p"}
    assert told(ForeignRulesets(), {"rulesets": [ours, {"kind": "managed", "name": "x", "phase": "p"}]}) == []


def test_rules_of_others() -> None:
    assert '"x" (p)' in told(ForeignRulesets(), {"rulesets": [{"kind": "zone", "name": "x", "phase": "p"}]})[0]


def test_all_pages_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def get(url: str, token: str) -> dict[str, object]:
        asked.append(url)
        return {"result": [url], "result_info": {"total_pages": 2 if "dns_records" in url else 1}}

    monkeypatch.setattr(asking, "_get", get)
    found = cloudflare.facts({"zone": "z"})
    assert len(found["records"]) == 2 and len(found["rulesets"]) == 1
    assert [url.partition("?page=")[2][:1] for url in asked] == ["1", "2", "1"]


ZONE = {"id": "z", "name": "mech.is", "status": "active", "paused": False, "owner": {"email": "a@b"}}
BLOCK = {"id": "1", "action": "block", "expression": "(ip.src eq 192.0.2.1)", "enabled": True}


def api(monkeypatch: pytest.MonkeyPatch, refused: str = "", **other: Any) -> None:
    """Cloudflare's answers; a phase that nobody has rules for is not found."""
    there = {
        "": ZONE, "/settings": [{"id": "ssl", "value": "flexible", "editable": True}, {"id": "http3", "value": "on"}],
        "/dns_records": [OURS], "/rulesets": [], "/rulesets/phases/http_ratelimit/entrypoint": {"rules": [BLOCK]}, **other,
    }  # fmt: skip

    def get(url: str, token: str) -> dict[str, Any]:
        path = url.partition("/zones/z")[2].partition("?")[0]
        if refused and refused in f"{path}$":
            raise Unreachable(f"HTTP 403 from {path}")
        if path not in there:
            raise asking.Missing("HTTP 404")
        return {"result": there[path]}

    monkeypatch.setattr(asking, "_get", get)


def test_the_zone_closely(monkeypatch: pytest.MonkeyPatch) -> None:
    api(monkeypatch)
    assert cloudflare.zone_facts({"zone": "z"}) == {
        "zone": {"paused": False, "status": "active"}, "settings": {"ssl": "flexible", "http3": "on"}, "records": [OURS],
        "rulesets": [], "rules": [{**BLOCK, "phase": "http_ratelimit"}],
    }  # fmt: skip


def test_what_the_token_may_not_read_hides_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    api(monkeypatch, refused="/settings")
    found = cloudflare.zone_facts({"zone": "z"})
    assert found["settings"] is None and found["records"] == [OURS]
    api(monkeypatch, refused="/entrypoint")
    assert cloudflare.zone_facts({"zone": "z"})["rules"] is None


def test_a_zone_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    api(monkeypatch, refused="$")
    with pytest.raises(Unreachable, match="403"):
        cloudflare.zone_facts({"zone": "z"})


def test_who_is_told_to_wait_asks_again_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    left = [2]

    def opened(request: Any, timeout: float) -> io.BytesIO:
        if left[0]:
            left[0] -= 1
            raise HTTPError(request.full_url, 429, "", Message(), None)
        return io.BytesIO(b'{"result": 1}')

    monkeypatch.setattr(asking.time, "sleep", waited.append)
    monkeypatch.setattr(asking.urllib.request, "urlopen", opened)
    assert asking.cloudflare_one("/zones/z") == 1
    assert waited == [1.0, 1.0]
    left[0] = 9
    with pytest.raises(Unreachable, match="HTTP 429"):
        asking.cloudflare_one("/zones/z")
    assert len(waited) == 5
