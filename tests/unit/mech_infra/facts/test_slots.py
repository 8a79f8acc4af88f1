from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from mech_infra.facts.host import slots

from .conftest import container, word

LABELS = {"mech.service": "llm", "mech.replica": "1"}


def docker(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"containers": list(containers)}


def test_the_guides_name_is_with_a_container_of_the_service() -> None:
    named = slots.bears_name("mech-llms", "llm", 1)
    mine, by_hand = container("mech-llms", labels=LABELS), container("by-hand", labels=None)
    beside = container("mech-llms-0123abcd", labels=LABELS)
    assert word(named, {"docker": docker(mine, beside)}) == named.good
    assert word(named, {"docker": docker(container("renamed", labels=LABELS), by_hand)}) == "is called renamed"
    assert word(named, {"docker": docker(by_hand)}) == named.good  # that it is missing is another check's to tell


def test_nginx_passes_to_the_slot_of_the_declared_version_while_that_runs() -> None:
    check = slots.slot("llm", "green", "0123abcd")
    runs = [container("mech-llms", labels={**LABELS, "mech.version": "0123abcd"})]
    refused = [{**runs[0], "state": "exited"}, container("mech-llms", labels={**LABELS, "mech.version": "4567cdef"})]
    for files, containers, says in (
        ({"/etc/nginx/mech/llm.green": {}}, runs, "green"), ({}, runs, "blue"), ({}, refused, "green"), (None, runs, "green"),
    ):  # fmt: skip
        assert word(check, {"files": files, "docker": docker(*containers)}) == says


def test_who_serves_by_which_slot_and_what_was_watched_to_the_end(tmp_path: Path) -> None:
    flags, records = tmp_path / "flags", tmp_path / "records"
    nothing = slots.rollouts(str(flags), str(records), ["a-mark-that-nobody-has"], 60)
    assert nothing == {"working": False, "green": [], "good": {}}
    for folder in (flags, records):
        folder.mkdir()
    (flags / "llm.green").touch()
    (records / "llm").write_text("bdddcafb")
    found = slots.rollouts(str(flags), str(records), ["a-mark-that-nobody-has"], 60)
    assert (found["green"], found["good"]) == (["llm"], {"llm": "bdddcafb"})


def test_an_engine_at_work_is_known_by_its_vigil_or_its_step_and_for_so_long_only(tmp_path: Path) -> None:
    def working(mark: str, longest_s: float = 60) -> bool:
        return bool(slots.rollouts(str(tmp_path), str(tmp_path), [mark], longest_s)["working"])

    mark = f"a-mark-{tmp_path.name}"
    program = "print(flush=True); input()"
    # Not everything that has the word in its command line.
    beside = subprocess.Popen(
        ["tail", "-f", "/dev/null", f"--pid={os.getpid()}", "--", mark],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert not working(mark)
    finally:
        beside.kill()
        beside.wait()
    with subprocess.Popen(
        [sys.executable, "-c", program, mark], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as vigil:
        assert vigil.stdout
        vigil.stdout.readline()
        assert working(mark)
        assert not working(mark, longest_s=0), "it outlived its engine"
        vigil.communicate(b"\n")
    assert not working(mark)
