from __future__ import annotations

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
