"""`mech diagnose` is for 3 a.m.: it loads what it needs, while the engine's CLI already reads the state."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mech_infra.facts.clouds import cloudflare, vultr
from mech_infra.facts.host import trip
from mech_infra.facts.model import Unreachable
from mech_ops import pulumi
from mech_ops.diagnosis import gather
from mech_ops.errors import OpsError

from .test_gather import ACCESS, FACTS, KEY, STATE, hidden, nobody, resource, sealed


def test_it_loads_no_config_no_page_and_no_other_command_line() -> None:
    text = (
        "import sys; from mech_ops import cli; sys.argv = ['mech', 'diagnose', '--from', '/nowhere']; cli.main();"
        "print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True).stdout.split()
    assert "mech_ops.diagnosis.gather" in loaded and "httpx" in loaded
    for left in ("pydantic", "cryptography", "jinja2", "yaml", "mech_infra.config"):
        assert left not in loaded
    # Those of other packages with the reader of their entry points, and httpx' own.
    for left in ("sandbox.cli", "policies.cli", "importlib.metadata", "rich.progress", "pygments"):
        assert left not in loaded


def test_what_is_begun_runs_meanwhile() -> None:
    began = time.monotonic()
    begun = pulumi.begin(["sh", "-c", "sleep 0.3; echo {}"])
    time.sleep(0.3)
    assert begun() == "{}\n"
    assert time.monotonic() - began < 0.55


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A `pulumi` that is this shell program."""

    def put(lines: str) -> None:
        program = tmp_path / "pulumi"
        program.write_text("\n".join(["#!/bin/sh", lines, ""]))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    return put


def test_its_failure_comes_when_it_is_asked_for(engine: Callable[[str], None]) -> None:
    engine("echo 'error: no stack named x' >&2\nexit 255")
    begun = pulumi.begin(["pulumi"])
    with pytest.raises(OpsError, match="no stack named x"):
        begun()


def test_the_engine_collects_no_garbage_in_a_second(
    engine: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine('echo "$GOGC $GOMEMLIMIT"')
    monkeypatch.delenv("GOGC", raising=False)
    monkeypatch.delenv("GOMEMLIMIT", raising=False)
    # With a limit: a large state must not take the machine's memory.
    assert pulumi.run(["pulumi"]) == "off 1GiB\n"
    monkeypatch.setenv("GOGC", "50")  # who sets it knows why
    assert pulumi.run(["pulumi"]) == "50 1GiB\n"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set once the host is asked; all others have something to say."""
    event = threading.Event()

    def facts(access: dict[str, str], asked: Any = None, fresh_s: float = 30) -> Any:
        event.set()
        assert access == ACCESS
        return FACTS

    monkeypatch.setattr(trip, "facts", facts)
    monkeypatch.setattr(cloudflare, "zone_facts", lambda access: {"records": []})
    monkeypatch.setattr(vultr, "attachments", lambda ids: {})
    monkeypatch.setattr(vultr, "facts", lambda access: {"rules": []})
    return event


def exported(resources: list[dict[str, Any]]) -> str:
    return json.dumps({"deployment": {"resources": resources}})


def look(plain: Any, opened: Callable[[], str]) -> Any:
    def said() -> str:
        if isinstance(plain, Exception):
            raise plain
        return exported(plain)

    return gather.look("s", nobody, known={}, begun=pulumi.Exports(said, opened))


def test_the_host_is_looked_at_before_the_state_is_opened(asked: threading.Event) -> None:
    def opened() -> str:
        assert asked.wait(10), "the host waits for the state's secrets"
        return exported(STATE)

    seen = look(sealed(STATE), opened)
    # And all is judged, and redacted, by the state that is whole.
    assert [one["kind"] for one in seen.drift] == ["kernel"]
    assert seen.facts["host"]["inspected"]["mech-llms"]["said"] == ["refused [secret]"] and KEY not in seen.text()


_WAY_HIDDEN = resource(
    "pulumi-python:dynamic/mech:HostState", access=hidden(ACCESS), checks={}, watches=[], title="host"
)


@pytest.mark.parametrize(
    ("plain", "whole"),
    [(OpsError("no"), STATE), ([], STATE), (sealed([*STATE[:1], _WAY_HIDDEN]), [*STATE[:1], _WAY_HIDDEN, *STATE[3:]])],
    ids=["failed", "nothing", "the way to the host is a secret"],
)
def test_what_the_plain_state_does_not_say_is_waited_for(plain: Any, whole: Any, asked: threading.Event) -> None:
    def opened() -> str:
        time.sleep(0.1)
        assert not asked.is_set()
        return exported(whole)

    assert "host" in look(plain, opened).facts


def test_a_state_that_cannot_be_opened_is_an_error(asked: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened() -> str:
        raise OpsError("incorrect passphrase")

    def silent(*_: Any, **__: Any) -> Any:
        raise Unreachable("no answer")

    with pytest.raises(OpsError, match="incorrect passphrase"):
        look(sealed(STATE), opened)
    monkeypatch.setattr(trip, "facts", silent)
    with pytest.raises(OpsError, match="incorrect passphrase"):
        look(sealed(STATE), opened)
