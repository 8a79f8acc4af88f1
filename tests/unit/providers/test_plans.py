"""Reading and comparing plans, without an engine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.parity.plans import differences, read_plan

URN = "urn:pulumi:sandbox::mech::docker:index/container:Container::"


def plan(*steps: tuple[str, str, Any]) -> str:
    return json.dumps({"steps": [{"op": op, "urn": URN + name, "detailedDiff": diff} for op, name, diff in steps]})


def test_what_stays_as_it_is_is_no_part_of_a_plan() -> None:
    assert not read_plan(plan(("same", "redis", None), ("refresh", "redis", None))).operations
    found = read_plan(plan(("delete-replaced", "redis", None), ("create-replacement", "redis", {"cpus": {}})))
    assert found.operations == {f"{URN}redis": "create-replacement+delete-replaced"} and str(found).startswith("1 ")
    assert str(read_plan(plan())) == "nothing"
    with pytest.raises(ValueError):
        read_plan("error: no stack")


def test_a_difference_names_the_resource_both_operations_and_the_cause() -> None:
    ours = read_plan(plan(("update", "queue", {"memory": {}}), ("same", "llm", None)))
    theirs = read_plan(plan(("update", "queue", {"memorySwap": {}}), ("replace", "llm", {"cpus": {}, "ports": {}})))
    assert differences(ours, ours) == []
    assert differences(ours, theirs) == ["llm: same | replace (cpus, ports)"]
    assert differences(theirs, ours) == ["llm: replace | same (cpus, ports)"]
