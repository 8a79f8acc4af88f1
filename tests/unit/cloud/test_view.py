"""What the edge sees of the account: each change at once, whoever made it."""

from __future__ import annotations

from pathlib import Path

from sandbox.cloud import Store, StoreView
from sandbox.cloud.cloudflare.zones import PLANS


def record(name: str, content: str) -> dict[str, object]:
    return {"_zone": "z", "name": name, "type": "A", "content": content, "proxied": True, "ttl": 1}


def test_a_change_counts_at_once_whoever_made_it(tmp_path: Path) -> None:
    store, other = Store(tmp_path / "cloud.sqlite"), Store(tmp_path / "cloud.sqlite")
    view = StoreView(store)
    assert view.zone_for("llm.mech.is") is None
    store.put("zone", "z", {"id": "z", "name": "mech.is", "status": "active", "plan": PLANS["free"], "_settings": {}})
    for by, content in ((store, "10.77.0.100"), (other, "10.77.0.101"), (store, "10.77.0.102")):
        by.put("dns", "r", record("llm.mech.is", content))
        for _ in range(2):
            zone = view.zone_for("llm.mech.is")
            assert zone is not None and [one.content for one in zone.records] == [content]
    store.delete("zone", "z")
    assert view.zone_for("llm.mech.is") is None


def test_names_that_visitors_make_up_are_not_kept_for_good(tmp_path: Path) -> None:
    view = StoreView(Store(tmp_path / "cloud.sqlite"))
    for number in range(2500):
        view.zone_for(f"n{number}.example")
    assert len(view._found) <= 1000
