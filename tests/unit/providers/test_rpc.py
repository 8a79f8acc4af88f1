"""The frame: what the engine sees of secrets, unknowns, diffs and errors."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2, status_pb2

from sandbox.providers import rpc
from sandbox.providers.harness import Engine, running
from sandbox.providers.rpc import UNKNOWN, Secret

THING = "toy:index/thing:Thing"


class Thing(rpc.Resource):
    token = THING
    computed = ("address", "password")
    secret_outputs = frozenset({"password"})
    replace_on = frozenset({"region"})

    def check(self, ctx: rpc.Context, olds: Any, news: Any) -> Any:
        return {"backups": "disabled", **news}, ([] if "region" in news else [rpc.CheckFailure("region", "missing")])

    def create(self, ctx: rpc.Context, inputs: Any, timeout: float) -> Any:
        if inputs["region"] == "nowhere":
            raise rpc.ProviderError(f"no such region; user data was {inputs.get('userData')}")
        if inputs["region"] == "half":
            raise rpc.PartialError("id-1", {**inputs, "address": "10.0.0.1"}, "it never became active")
        if inputs["region"] == "bug":
            raise KeyError("plan")
        if inputs["region"] == "slow":
            time.sleep(0.3)
        return "id-1", {**inputs, "address": "10.0.0.1", "password": "hunter22"}

    def read(self, ctx: rpc.Context, id: str, inputs: Any, outputs: Any) -> Any:
        return None if id == "gone" else (id, {**outputs, "label": "new"}, {**inputs, "label": "new"})

    def update(self, ctx: rpc.Context, id: str, old_outputs: Any, inputs: Any, timeout: float) -> Any:
        return {**old_outputs, **inputs}


class Toy(rpc.Provider):
    name = "toy"
    version = "1.2.3"
    resources = (Thing,)
    secret_config = frozenset({"apiKey"})

    def invoke(self, ctx: rpc.Context, token: str, args: Any) -> Any:
        return {"config": self.config}


@pytest.fixture
def engine() -> Iterator[Engine]:
    with running(Toy()) as found:
        yield found


def test_preview_keeps_unknowns_and_marks_what_only_the_cloud_knows(engine: Engine) -> None:
    id, outputs = engine.create(THING, {"region": UNKNOWN, "label": "a"}, preview=True)
    assert id == ""
    assert outputs == {
        "region": UNKNOWN, "label": "a", "address": UNKNOWN, "password": Secret(UNKNOWN),
    }  # fmt: skip


def test_secrets_are_plain_for_work_and_secret_in_the_state(engine: Engine) -> None:
    inputs = {"region": "here", "userData": Secret("s3cret"), "tags": ["a", Secret("b")]}
    _, outputs = engine.create(THING, inputs)
    assert outputs["userData"] == Secret("s3cret")
    assert outputs["tags"] == ["a", Secret("b")]
    assert outputs["password"] == Secret("hunter22")
    checked, _ = engine.check(THING, inputs)
    assert checked["userData"] == Secret("s3cret")


def test_whole_floats_are_integers(engine: Engine) -> None:
    seen: list[Any] = []
    provider = Toy()
    thing = provider.by_token[THING]
    thing.update = lambda ctx, id, old, new, t: seen.append(new) or new  # type: ignore
    with running(provider) as own:
        own.update(THING, "id", {}, {"size": 40.0, "ratio": 0.5})
    assert seen == [{"size": 40, "ratio": 0.5}]
    assert isinstance(seen[0]["size"], int)


def test_diff_says_where_and_what_replaces(engine: Engine) -> None:
    old = {"region": "a", "ports": [{"internal": 80}], "label": "x"}
    new = {"region": "b", "ports": [{"internal": 81}], "tags": ["t"]}
    answer = engine.diff(THING, old, new)
    kinds = {path: provider_pb2.PropertyDiff.Kind.Name(d.kind) for path, d in answer.detailedDiff.items()}
    assert kinds == {
        "region": "UPDATE_REPLACE", "ports[0].internal": "UPDATE", "label": "DELETE", "tags": "ADD",
    }  # fmt: skip
    assert list(answer.replaces) == ["region"]
    assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME


def test_no_change_is_no_diff_even_with_secrets_and_engine_keys(engine: Engine) -> None:
    old = {"region": Secret("a"), "__defaults": [], "nested": {"__defaults": [], "k": 1}}
    new = {"region": "a", "__internal": {"x": 1}, "nested": {"k": 1}}
    assert engine.diff(THING, old, new).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_ignored_changes_are_no_diff(engine: Engine) -> None:
    answer = engine.diff(THING, {"region": "a"}, {"region": "b"}, ignoreChanges=["region"])
    assert answer.changes == provider_pb2.DiffResponse.DIFF_NONE
    assert not answer.replaces


def test_errors_are_plain_and_hold_no_secret(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        engine.create(THING, {"region": "nowhere", "userData": Secret("s3cret")})
    assert caught.value.details() == "no such region; user data was [secret]"
    with pytest.raises(grpc.RpcError) as caught:
        engine.create(THING, {"region": "bug"})
    assert "toy stand-in failed: KeyError: 'plan'" in caught.value.details()
    assert "Traceback" not in caught.value.details()


def test_half_made_resources_are_saved_by_the_engine(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        engine.create(THING, {"region": "half"})
    found = dict(caught.value.trailing_metadata())["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(found)
    detail = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail)
    assert (detail.id, list(detail.reasons)) == ("id-1", ["it never became active"])
    assert detail.properties.fields["address"].string_value == "10.0.0.1"


def test_gone_on_read_has_no_id(engine: Engine) -> None:
    assert engine.read(THING, "gone", {"label": "old"}, {})[0] == ""
    id, state, inputs = engine.read(THING, "id-1", {"label": Secret("old")}, {"label": Secret("old")})
    assert (id, state["label"], inputs["label"]) == ("id-1", Secret("new"), Secret("new"))


def test_nested_configuration_comes_as_json_text(engine: Engine) -> None:
    engine.configure(
        apiKey="123", sshOpts='["-i", "key"]', nested='{"a": 2.0}', flag="true", __internal={"v": 1}, text="truly"
    )
    assert engine.invoke("toy:index:config", {})["config"] == {
        "apiKey": "123", "sshOpts": ["-i", "key"], "nested": {"a": 2}, "flag": True, "text": "truly",
    }  # fmt: skip


def test_unknown_tokens_and_missing_inputs_are_explained(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError, match="does not cover toy:index:Other"):
        engine.create("toy:index:Other", {})
    assert engine.check(THING, {})[1] == [("region", "missing")]


def test_creates_run_at_once(engine: Engine) -> None:
    request = provider_pb2.CreateRequest(urn=engine.urn(THING))
    request.properties["region"] = "slow"
    began = time.monotonic()
    calls = [engine.stub.Create.future(request) for _ in range(32)]
    assert all(call.result().id == "id-1" for call in calls)
    assert time.monotonic() - began < 3  # one after the other: 9.6 s


PLUGIN = """
from sandbox.providers import rpc
class Toy(rpc.Provider):
    name = "toy"; version = "1.2.3"
rpc.serve(Toy())
"""


def test_plugin_starts_fast_and_leaves_when_the_engine_is_gone() -> None:
    # A shell stands for the engine: it starts the plugin, tells its pid, and is then killed.
    script = f"\"{sys.executable}\" -c '{PLUGIN}' & echo $!; wait"
    began = time.monotonic()
    with subprocess.Popen(["/bin/sh", "-c", script], stdout=subprocess.PIPE, text=True) as shell:
        assert shell.stdout is not None
        pid, port = int(shell.stdout.readline()), shell.stdout.readline()
        assert int(port) > 1024
        assert time.monotonic() - began < 5
        shell.kill()
    for _ in range(50):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if _zombie(pid):
            return
        time.sleep(0.1)
    os.kill(pid, 9)
    raise AssertionError("the plugin outlived its engine")


def _zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True
