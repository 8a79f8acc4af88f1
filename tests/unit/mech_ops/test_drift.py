"""What `mech drift` makes of what the engine said (`recorded/`: event streams of real previews, cut to what is read)."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mech_ops import cli, pulumi
from mech_ops.drift import check, events, render, repair, report, visitors
from mech_ops.errors import OpsError

from .engine_says import CONTAINER, SECRET, said, sensor, step

NOBODY = Console(quiet=True)
RECORDED = Path(__file__).with_name("recorded")


def recorded(name: str) -> str:
    return (RECORDED / f"{name}.jsonl").read_text()


def judged(name: str) -> report.Report:
    return report.judge(events.read(recorded(name).splitlines()))


def sentences(items: Sequence[report.Item]) -> set[tuple[str, str, str]]:
    return {(item.part, item.sentence, item.repair) for item in items}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Sequence[str]]]:
    """Previews that answer one after the other; returns the exclusions that each was asked with."""

    def answering(*answers: tuple[int, str, str]) -> list[Sequence[str]]:
        asked: list[Sequence[str]] = []
        left = iter(answers)

        def preview(stack: str | None, exclude: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
            asked.append(exclude)
            code, out, err = next(left)
            return subprocess.CompletedProcess([], code, out, err)

        monkeypatch.setattr(pulumi, "preview", preview)
        monkeypatch.setattr(visitors, "ask", lambda stack: visitors.Visitors())
        return asked

    return answering


def test_each_drift_is_told_in_words_with_its_part_and_its_repair() -> None:
    assert sentences(judged("drift").drift) == {
        ("firewall", "80/tcp is deny, declared open", "runs firewall-apply, firewall-confirm again"),
        ("docker", "container mech-queue is exited, declared running, on mech-network",
         "runs network-join, network-names again"),
        ("services", "/opt/mech-services/mech-llms/.env is edited, declared unchanged, 600 root",
         "runs services-env-files again"),
        ("services", "container mech-llms: memory is 256, declared 1024", "updates it in place"),
        ("services", "container mech-llms: memorySwap is 256, declared 1024", "updates it in place"),
        ("services", "container mech-queue: mustRun is false, declared true", "replaces it"),
        ("services", "container mech-queue: ports: none, declared 127.0.0.1:13001 → 3001/tcp", "replaces it"),
        ("edge", "record llm.mech.is: proxied is false, declared true", "updates it in place"),
        ("edge", "record queue.mech.is: gone", "creates it"),
    }  # fmt: skip


def test_what_only_follows_from_a_drift_is_neither_drift_nor_unapplied() -> None:
    found = judged("drift")
    assert found.unapplied == []
    assert found.follows == ["command services-queue-switch: runs again", "command services-queue-watch: runs again"]


def test_what_is_not_ours_or_not_well_is_told_and_is_no_drift() -> None:
    told = ["not ours: the container x is not declared (left as it is)",
            "not well: the container y is unhealthy: docker logs y"]  # fmt: skip
    found = report.judge(events.read([sensor("docker", "Network", told=told), said("warning", "not ours: a log line")]))
    assert (found.not_ours, found.exit_code) == (["the container x is not declared (left as it is)"], 0)
    assert found.not_well == ["the container y is unhealthy: docker logs y"]


def test_a_change_of_the_program_is_told_apart_from_drift() -> None:
    """Recorded: a replica more, less memory for Redis and indexer in the config; --cpus and an .env file changed on the host."""
    found = judged("unapplied")
    assert sentences(found.drift) == {
        ("services", "container mech-llms: cpus is 0.5, declared 1.0", "replaces it"),
        ("services", "/opt/mech-services/mech-queue/.env is edited, declared unchanged, 600 root",
         "runs services-env-files again"),
    }  # fmt: skip
    assert sentences(found.unapplied) >= {
        ("redis", "container redis: memory is 512, declared 384", "updates it in place"),
        ("redis", "maxmemory: 301989888", "updates it in place"),
        ("docker", "container mech-search-2: running, on mech-network", "updates it in place"),
        ("services", "container mech-search-2-bdddcafb is not there, declared there", "creates it"),
        ("services", "container mech-indexer is there, declared no longer", "deletes it"),
    }
    assert not [item for item in found.unapplied if "llms" in item.subject or ".env" in item.subject]


def test_a_change_of_the_program_alone_is_no_drift_and_not_clean() -> None:
    lines = [
        step("refresh", CONTAINER, {"name": "mech-llms", "memory": 1024}, {"name": "mech-llms", "memory": 1024}),
        step(
            "update", CONTAINER, {"memory": 1024, "name": "mech-llms"}, {"memory": 2048, "name": "mech-llms"}, "memory"
        ),
        step("create", "cloudflare:index/dnsRecord:DnsRecord", None, {"name": "new.mech.is"}, name="edge-new"),
    ]
    found = report.judge(events.read(lines))
    assert (found.drift, found.exit_code) == ([], 2)
    assert [item.sentence for item in found.unapplied] == [
        "container mech-llms: memory is 1024, declared 2048",
        "record new.mech.is is not there, declared there",
    ]


def test_drift_and_a_change_of_the_program_in_one_resource_are_told_apart() -> None:
    was, now = {"name": "mech-llms", "memory": 1024, "cpus": "1"}, {"name": "mech-llms", "memory": 256, "cpus": "1"}
    new = {"name": "mech-llms", "memory": 1024, "cpus": "2"}
    lines = [step("refresh", CONTAINER, was, now, "memory"), step("update", CONTAINER, now, new, "memory", "cpus")]
    found = report.judge(events.read(lines))
    assert [item.sentence for item in found.drift] == ["container mech-llms: memory is 256, declared 1024"]
    assert [item.sentence for item in found.unapplied] == ["container mech-llms: cpus is 1, declared 2"]


def test_a_drift_that_the_program_has_come_to_declare_is_none() -> None:
    lines = [step("refresh", CONTAINER, {"memory": 1024}, {"memory": 2048}, "memory")]
    assert report.judge(events.read(lines)).exit_code == 0


@pytest.mark.parametrize("form", render.FORMATS)
def test_no_secret_is_ever_in_a_report(form: str) -> None:
    """Not a marked one, and not one that came back from the host without its mark."""
    was = {"name": "mech-llms", "envs": [SECRET, "PORT=1"], "labels": [SECRET], "image": "a"}
    now = {"name": "mech-llms", "envs": ["X=1", "KEY=hunter2"], "labels": ["hunter2"], "image": "b"}
    paths = ("envs[0]", "envs[1]", "labels[0]", "image")
    lines = [step("refresh", CONTAINER, was, now, *paths), step("replace", CONTAINER, now, was, *paths)]
    found = report.judge(events.read(lines))
    shown = render.render(found, form)
    assert "hunter2" not in shown
    assert {item.sentence for item in found.drift} == {
        "container mech-llms: envs differs [secret]",
        "container mech-llms: labels differs [secret]",
        "container mech-llms: image is b, declared a",
    }


def test_a_halted_instance_is_told_though_no_input_says_so() -> None:
    type_ = "vultr:index/instance:Instance"
    lines = [
        step("refresh", type_, {"label": "mech"}, {"label": "mech", "powerStatus": "stopped"}, name="host-instance")
    ]
    item = report.judge(events.read(lines)).drift[0]
    assert item.sentence == "instance mech: powerStatus is stopped, declared running"
    assert "mech recover" in item.repair


def test_a_silent_host_is_said_and_the_rest_is_still_looked_at(engine: Callable[..., list[Any]]) -> None:
    asked = engine((1, recorded("silent"), ""), (0, recorded("silent-rest"), ""))
    found = check.check("s")
    assert asked == [(), ("**docker:index/**",)]
    assert sentences(found.drift) == {
        ("edge", "record llm.mech.is: proxied is false, declared true", "updates it in place"),
        ("edge", "record queue.mech.is: gone", "creates it"),
        ("vultr", "instance mech: powerStatus is stopped, declared running", "`mech recover` starts it"),
    }
    [why] = found.not_looked_at
    assert why.startswith("host 10.77.3.200 does not answer") and "No route to host" in why and "mech recover" in why
    assert found.exit_code == 2


def test_the_check_of_the_rest_may_fail_too(engine: Callable[..., list[Any]]) -> None:
    engine((1, recorded("silent"), ""), (1, said("error", "Cloudflare answers 500"), ""))
    with pytest.raises(OpsError, match=r"does not answer.*the rest failed, too: Cloudflare answers 500"):
        check.check("s")


def test_a_cloud_that_is_silent_to_the_sensors_only(engine: Callable[..., list[Any]]) -> None:
    silent = "cloudflare does not answer (HTTP 500): what is on it was not looked at."
    engine((0, sensor("cloudflare", "Edge", kind="CloudWatch", silent=silent), ""))
    found = check.check("s")
    assert (len(found.not_looked_at), found.exit_code) == (1, 2)
    assert render.following(found) == ""


def test_docker_that_does_not_answer_on_a_host_that_does(engine: Callable[..., list[Any]]) -> None:
    down = "Docker on host 192.0.2.9 does not answer: the preview of its containers fails. Next: mech recover"
    told = sensor("host", drift={"unit docker": ("not running", "running, at boot")}, told=[down])
    broken = said("error", "cannot connect to Docker", f"urn:pulumi:s::mech::{CONTAINER}::services-llm")
    engine((1, f"{told}\n{broken}\n{said('error', 'preview failed')}", ""), (0, told, ""))
    found = check.check(None)
    assert [item.sentence for item in found.drift] == ["unit docker is not running, declared running, at boot"]
    assert found.not_looked_at == [down]


@pytest.mark.parametrize(
    ("out", "err", "words_"),
    [
        ("", "error: no stack selected", "no stack selected"),
        (said("error", "Cloudflare answers 403", "urn:x::cloudflare:index/zone:Zone::z"), "", "Cloudflare answers 403"),
        ("not json\n[1]", "", "it said nothing"),
    ],
)
def test_a_check_that_cannot_be_made_is_no_drift(
    engine: Callable[..., list[Any]], out: str, err: str, words_: str
) -> None:
    engine((255, out, err))
    with pytest.raises(OpsError, match=words_):
        check.check("s")


def test_clean(engine: Callable[..., list[Any]], capsys: pytest.CaptureFixture[str]) -> None:
    engine((0, recorded("clean"), ""))
    found = check.check("s")
    assert found == report.Report("sandbox")
    assert render.text(found) == "stack sandbox: no drift: everything that was looked at is as declared"


def test_a_report_of_others_words_cannot_break_out_of_its_table() -> None:
    found = report.Report(drift=[report.Item("host", "a|b\n@team <img>", "x", "y", "")])
    line = next(line for line in render.markdown(found).splitlines() if "team" in line)
    assert line.count(" | ") == 2 and "@team" not in line and "<img>" not in line


@pytest.mark.parametrize(("out", "code", "exit_code"), [("drift", 0, 2), ("clean", 0, 0), (None, 255, 1)])
def test_exit_codes(
    engine: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any,
    out: str | None, code: int, exit_code: int,
) -> None:  # fmt: skip
    engine((code, recorded(out) if out else "", "error: boom"))
    file = tmp_path / "report.json"
    monkeypatch.setattr("sys.argv", ["mech", "drift", "--format", "json", "--output", str(file)])
    assert cli.main() == exit_code
    if out:
        assert json.loads(file.read_text())["exit_code"] == exit_code
        assert json.loads(capsys.readouterr().out) == json.loads(file.read_text())
    else:
        assert "boom" in capsys.readouterr().err


@pytest.fixture
def ups(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The stacks that `pulumi up` was run on."""
    ran: list[str | None] = []
    monkeypatch.setattr(pulumi, "up", lambda stack, hear, verbose, refresh: ran.append(stack))
    return ran


def drifted(*labels: str) -> report.Report:
    return report.Report(
        "s", [report.Item("firewall", label, "deny", "open", "runs firewall-apply again") for label in labels]
    )


def test_repair_tells_what_is_well_again(engine: Callable[..., list[Any]], ups: list[str | None]) -> None:
    engine((0, recorded("clean"), ""))
    found = repair.repair("s", drifted("80/tcp", "443/tcp"), NOBODY)
    assert (ups, found.exit_code, len(found.repaired)) == (["s"], 0, 2)
    shown = render.text(found)
    assert shown.startswith("stack sandbox: 2 repaired, no drift") and "80/tcp is deny, declared open" in shown


def test_what_is_there_again_after_the_repair_is_said(engine: Callable[..., list[Any]], ups: list[str | None]) -> None:
    engine((0, sensor("firewall", "Firewall", drift={"80/tcp": ("deny", "open")}), ""))
    found = repair.repair(None, drifted("80/tcp", "443/tcp"), NOBODY)
    assert ([item.subject for item in found.repaired], found.exit_code) == (["443/tcp"], 2)
    assert "there again" in found.not_repaired


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"unapplied": [report.Item("edge", "record x", "not there", "there", "creates it")]}, "that wants a person"),
        ({"not_looked_at": ["host 10.0.0.1 does not answer"]}, "mech recover"),
    ],
)
def test_nothing_is_repaired_unseen(change: dict[str, Any], why: str, ups: list[str | None]) -> None:
    found = repair.repair("s", dataclasses.replace(drifted("80/tcp"), **change), NOBODY)
    assert (ups, found.exit_code) == ([], 2)
    assert why in render.text(found) and why in render.markdown(found)


def test_where_nothing_drifted_nothing_is_run(ups: list[str | None]) -> None:
    assert repair.repair("s", report.Report("s"), NOBODY).exit_code == 0
    assert ups == []


def test_an_error_is_told_without_the_list_that_a_bridged_plugin_makes_of_it() -> None:
    """Recorded: tests/parity, 15-up-refused."""
    assert events.bare("1 error occurred:\n\t* Unable to read Docker image\n\n") == "Unable to read Docker image"
    assert events.bare("2 errors occurred:\n\t* a\n\t* b\n\n") == "a; b"
    assert events.bare("1 error occurred: somewhere else") == "1 error occurred: somewhere else"
