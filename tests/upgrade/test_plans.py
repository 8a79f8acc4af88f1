"""The plans in docs/plans: what changes shows, in its own line; no secret does. That they are as declared: `make lint`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from mech_infra.catalogue import SECRETS
from mech_infra.config.alerts import DESTINATIONS
from mech_ops import redaction
from policies import mocked
from sandbox.credentials import VENDOR_KEYS
from tests.upgrade import plans

Plant = Callable[[dict[str, Any], dict[str, str]], None]
PLANTED = {
    **{name.upper(): value for name, value in VENDOR_KEYS.items() if name.upper() in SECRETS}, "REDIS_PASSWORD": "planted-redis-7f3a91", "MONGODB_PASSWORD": "planted=mongodb/5c2e",
    "REGISTRY_TOKEN": "planted-registry-91bd04", DESTINATIONS: "json://planted-3e77.invalid/token",
}  # fmt: skip


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Sections and secrets over those of the sandbox's stack."""
    before = mocked.config

    def put(sections: dict[str, Any], secrets: dict[str, str]) -> None:
        def config(*given: Any) -> tuple[dict[str, str], list[str], list[str]]:
            raw, secret, stood_in = before(*given)
            raw = raw | {f"mech:{key}": json.dumps(value) for key, value in sections.items()}
            keys = [f"mech:{key}" for key in secrets]
            return raw | dict(zip(keys, secrets.values(), strict=True)), sorted({*secret, *keys}), stood_in

        monkeypatch.setattr(mocked, "config", config)

    return put


def test_no_planted_secret_stands_in_a_plan(plant: Plant) -> None:
    host = {
        "heal": {"enabled": True},
        "alerts": {"enabled": True, "onHost": True},
        "images": {"registryUser": "somebody"},
    }
    service = {"services": {"llm": {"environment": {"LEVEL": "planted-plain"}}}}
    plant({**host, **service}, PLANTED)
    text = plans.render("sandbox")
    assert "alerts-install" in text and "datastores-mongodb-password" in text and "heal-install" in text
    assert redaction.leaks(text.encode(), list(PLANTED.values())) == []
    assert not [name for name, value in PLANTED.items() if value in text]


def test_a_change_shows_in_the_lines_of_what_it_changes(plant: Plant) -> None:
    before = set(plans.render("sandbox").splitlines())
    plant({"datastores": {"mongodb": {"memoryMb": 1200}}}, {})
    after = set(plans.render("sandbox").splitlines())
    assert [line.split()[0] for line in before ^ after] == ["datastores-mongodb"] * 2
    assert "memory 1200; memorySwap 1200" in next(iter(after - before))


def test_what_a_host_runs_shows_by_its_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(plans.render("sandbox").splitlines())
    from mech_infra.components import host

    monkeypatch.setattr(host.boot, "startup_script", lambda: "#!/bin/sh\nexit 0\n")
    after = set(plans.render("sandbox").splitlines())
    assert [line.split()[0] for line in before ^ after] == ["host-startup"] * 2


def test_a_file_that_is_old_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(plans, "FOLDER", tmp_path)
    monkeypatch.setattr(plans, "STACKS", ("sandbox",))
    assert plans.stale() == [tmp_path / "sandbox.txt"]
    (tmp_path / "sandbox.txt").write_text(plans.render("sandbox"))
    assert plans.stale() == []
