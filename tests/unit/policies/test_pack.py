"""What the pack makes of the engine's half-known resources."""

from __future__ import annotations

from typing import Any

from google.protobuf import struct_pb2
from pulumi_policy import deserialize
from pulumi_policy.proxy import unknown_checking_proxy

from policies.model import UNKNOWN
from policies.pack import _as_it_came, _Inputs, plain
from policies.reading import secrets

MARK = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # an unknown string on the wire


def seen(props: dict[str, Any]) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update(props)
    return message


def test_unknown_values_are_marked_wherever_they_are() -> None:
    assert plain(unknown_checking_proxy({"a": MARK, "b": ["x", MARK], "c": {"d": MARK}})) == {
        "a": UNKNOWN, "b": ["x", UNKNOWN], "c": {"d": UNKNOWN},
    }  # fmt: skip


def test_what_the_program_said_counts_while_the_provider_is_not_known() -> None:
    inputs = _Inputs()
    inputs.note("u", seen({"name": "redis", "memory": 512}))
    assert inputs.merged("u", {}) == {"name": "redis", "memory": 512}
    assert inputs.merged("u", {"envs": UNKNOWN, "name": UNKNOWN}) == {"name": "redis", "memory": 512}
    assert inputs.merged("u", {"subnet": UNKNOWN})["subnet"] is UNKNOWN
    assert inputs.merged("u", {"memory": 1024})["memory"] == 1024


def test_a_later_call_is_noted_again() -> None:
    inputs = _Inputs()
    inputs.note("u", seen({"content": MARK}))
    inputs.note("u", seen({"content": "192.0.2.1"}))
    assert inputs.merged("u", {}) == {"content": "192.0.2.1"}


def test_a_resource_that_no_resource_rule_saw_is_taken_as_it_is() -> None:
    assert _Inputs().merged("u", {"a": UNKNOWN}) == {"a": UNKNOWN}


def test_a_remedy_leaves_what_is_secret_marked_so() -> None:
    secret = {secrets.MARK: secrets.SECRET_MARK, "value": ["KEY=x"]}
    request = {"cpus": "1", "envs": secret, "labels": [{"value": {**secret, "value": "y"}}]}
    props = unknown_checking_proxy(deserialize.deserialize_properties(request, True))
    changed = {**_as_it_came(props), "cpus": "1.0"}
    assert deserialize.serialize_properties(changed) == {**request, "cpus": "1.0"}
