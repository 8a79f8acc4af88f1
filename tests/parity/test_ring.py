"""The stand-ins answer as the official plugins were recorded to, and the ring notices when they do not."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox.providers.bridge import computed
from sandbox.providers.docker import inspect
from sandbox.providers.vultr.block import BlockStorage
from tests.parity import coverage, known, ring
from tests.parity.recordings import Call, calls

EVERYTHING = calls()


def test_the_stand_ins_agree_with_every_recorded_call(capsys: pytest.CaptureFixture[str]) -> None:
    report = ring.replay()
    with capsys.disabled():
        print(f"\nparity: {report.figures}")
    assert report.well, str(report)
    assert report.replayed == report.recorded >= 1816


def some(*names: str) -> tuple[Call, ...]:
    """The steps that are enough to see one rule broken."""
    return tuple(call for call in EVERYTHING if call.step in names)


def broken(*steps: str) -> list[str]:
    """What differs beside known.yaml, as text."""
    return [f"{call.token} {call.method} {found.path}" for call, found in ring.replay(some(*steps)).differing]


@contextmanager
def field(resource: Any, name: str, changed: Any) -> Iterator[None]:
    """The stand-in with another field in a resource's table, as it would be declared in its module."""
    fields = dict(resource.fields)
    old = type("Old", (resource,), {"fields": {**fields, name: changed}, "token": resource.token})
    before = {n: getattr(resource, n) for n in ("fields", "computed", "replace_on", "secret_outputs")}
    for attribute in before:
        setattr(resource, attribute, getattr(old, attribute))
    try:
        yield
    finally:
        for attribute, value in before.items():
            setattr(resource, attribute, value)


def test_the_attachment_as_it_was_before_fails_the_ring() -> None:
    with field(BlockStorage, "attachedToInstance", computed()):
        found = broken("02-preview-unpatched")
    assert "vultr:index/blockStorage:BlockStorage Diff detailedDiff.attachedToInstance.kind" in found
    assert "vultr:index/blockStorage:BlockStorage Update properties.attachedToInstance" in found
    assert all("attachedToInstance" in line or "BlockStorage Diff changes" in line for line in found), found


def test_the_text_of_the_cores_as_it_was_before_fails_the_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspect, "cpus", lambda nanos: f"{nanos / 10**9:.9f}".rstrip("0").rstrip("."))
    found = broken("01-up", "02-preview-unpatched")
    assert {line.split()[-1] for line in found} == {"properties.cpus", "inputs.cpus"}


@pytest.mark.parametrize("secret", [True, False])
def test_a_secret_mark_too_few_or_too_many_fails_the_ring(monkeypatch: pytest.MonkeyPatch, secret: bool) -> None:
    resource = ring.Vultr.resources[0]
    monkeypatch.setattr(resource, "secret_outputs", frozenset({"defaultPassword", "mainIp"} if secret else ()))
    wanted = "mainIp" if secret else "defaultPassword"
    assert f"{resource.token} Read properties.{wanted}!secret" in broken("04-preview-clean")


def test_a_listed_difference_that_is_gone_fails_the_ring() -> None:
    gone = known.Entry("docker", ".*", ("Read",), r"properties\.nosuch", "was once")
    report = ring.replay(some("01-up"), [*known.entries(), gone])
    assert gone in report.stale and not report.well
    assert "no longer differs" in str(report)


def test_an_entry_without_a_reason_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "known.yaml"
    file.write_text("- {plugin: docker, type: x, calls: [Read], path: y, reason: ''}\n")
    with pytest.raises(ValueError, match="an entry needs"):
        known.entries(file)


def test_a_call_that_is_answered_with_an_error_differs() -> None:
    one = next(call for call in EVERYTHING if call.plugin == "docker" and call.method == "Check")
    lost = dataclasses.replace(one, request={**one.request, "news": {}})
    found = [difference.path for _, difference in ring.replay((lost,)).differing]
    assert any(path.startswith("failures") for path in found) and "inputs.name" in found


# -- what the program declares ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> coverage.Seen:
    return coverage.declared(tmp_path_factory.mktemp("stacks"))


def test_everything_that_the_program_declares_was_recorded(declared: coverage.Seen) -> None:
    missing = coverage.unseen(declared, coverage.known(EVERYTHING))
    assert not missing, "\n".join(missing)


def test_a_property_or_a_type_without_a_recording_is_named(declared: coverage.Seen) -> None:
    seen = coverage.recorded(EVERYTHING)
    more = {**declared, "docker:index/volume:Volume": {"name"}}
    more["docker:index/container:Container"] = more["docker:index/container:Container"] | {"mounts[].volumeOptions"}
    assert [line.split(": nobody")[0] for line in coverage.unseen(more, seen)] == [
        "docker:index/container:Container.mounts[].volumeOptions", "docker:index/volume:Volume",
    ]  # fmt: skip


def test_what_is_held_against_the_source_alone_was_not_recorded_and_is_there() -> None:
    recorded = coverage.recorded(EVERYTHING)
    fields = {resource.token: set(resource.fields) for resource in ring.Vultr.resources}
    for type, paths in coverage.from_source().items():
        assert not paths & recorded.get(type, set()), f"{type} was recorded: take it out of unrecorded.yaml"
        assert paths <= fields[type]


def test_what_was_not_compared_stands_in_the_page(declared: coverage.Seen) -> None:
    page = (Path(__file__).parents[2] / "sandbox" / "PARITY.md").read_text()
    rows = [line for line in page.splitlines() if "not compared" in line and "Cloudflare" in line]
    assert rows, "sandbox/PARITY.md does not say what was not compared"
    for type in coverage.not_compared(declared):
        assert type.startswith("cloudflare:"), f"{type}: neither recorded nor known as not compared"
