"""The command plugin on this machine: what runs when, what is secret, what an error says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.providers.command.connection import with_defaults
from sandbox.providers.command.provider import Command
from sandbox.providers.harness import Engine, running
from sandbox.providers.rpc import UNKNOWN, Secret

LOCAL, REMOTE, COPY = "command:local:Command", "command:remote:Command", "command:remote:CopyToRemote"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with running(Command()) as found:
        yield found


def test_create_update_delete_run_their_own_commands(engine: Engine, tmp_path: Path) -> None:
    log = tmp_path / "log"
    inputs = {
        "create": f"echo create >> {log}; echo made; echo note >&2",
        "update": f'echo "update after $PULUMI_COMMAND_STDOUT" >> {log}; echo changed',
        "delete": f'echo "delete after $PULUMI_COMMAND_STDOUT" >> {log}',
    }
    id, state = engine.create(LOCAL, inputs)
    assert id.startswith("it") and len(id) == 10  # 8 hex digits (recorded)
    assert (state["stdout"], state["stderr"]) == ("made", "note")
    state = engine.update(LOCAL, id, state, inputs)
    assert state["stdout"] == "changed"
    engine.delete(LOCAL, id, state)
    assert log.read_text().splitlines() == ["create", "update after made", "delete after changed"]


def test_a_command_that_takes_too_long_is_killed_and_says_what_it_printed(engine: Engine) -> None:
    # Seen of the official plugin with customTimeouts: "signal: killed: running …:" and the output.
    with pytest.raises(grpc.RpcError) as caught:
        engine.create(LOCAL, {"create": "echo begun; exec sleep 30"}, timeout=0.5)
    assert 'signal: killed: running "echo begun; exec sleep 30":\nbegun' in caught.value.details()


def test_the_state_of_a_remote_command_is_no_local_ones(engine: Engine) -> None:
    # Seen of the official plugin: a resource that changes its type by an alias fails at its first preview.
    state = {"create": "echo a", "connection": {"host": "192.0.2.1"}, "stdout": "a", "stderr": ""}
    for preview in (True, False):
        with pytest.raises(grpc.RpcError, match="Unrecognized field 'connection' on 'local.CommandOutputs'"):
            engine.update(LOCAL, "id", state, {"create": "echo b"}, preview=preview)


def test_update_without_its_own_command_runs_create_and_no_delete_runs_nothing(engine: Engine) -> None:
    id, state = engine.create(LOCAL, {"create": "echo a"})
    assert engine.update(LOCAL, id, state, {"create": "printf 'b\n\n'"})["stdout"] == "b\n"
    engine.delete(LOCAL, id, state)


def test_preview_runs_nothing_and_outputs_are_unknown(engine: Engine, tmp_path: Path) -> None:
    _, outputs = engine.create(LOCAL, {"create": f"touch {tmp_path}/x"}, preview=True)
    assert outputs["stdout"] is UNKNOWN
    assert not list(tmp_path.iterdir())
    state = {"create": "a", "stdout": "old", "stderr": ""}
    assert engine.update(LOCAL, "id", state, {"create": "b"}, preview=True)["stdout"] is UNKNOWN


def test_an_output_is_secret_only_where_an_input_of_its_name_is(engine: Engine) -> None:
    # Recorded: 01-up, services-env-files. What a command prints is in the state for all to read.
    _, state = engine.create(LOCAL, {"create": "cat", "stdin": Secret("hush-hush")})
    assert state["stdout"] == "hush-hush"
    assert state["stdin"] == Secret("hush-hush")
    assert state["create"] == "cat"


def test_a_failure_says_status_command_and_output_but_no_secret(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        engine.create(LOCAL, {"create": 'echo "got $TOKEN"; exit 3', "environment": {"TOKEN": Secret("hush-hush")}})
    assert caught.value.details() == ('exit status 3: running "echo \\"got $TOKEN\\"; exit 3":\ngot [secret]\n')


def test_interpreter_dir_and_environment(engine: Engine, tmp_path: Path) -> None:
    inputs = {"create": "print(1)", "interpreter": ["/usr/bin/env", "echo"], "dir": str(tmp_path)}
    assert engine.create(LOCAL, inputs)[1]["stdout"] == "print(1)"
    inputs = {"create": 'echo "$A $PWD"', "environment": {"A": "1"}, "dir": str(tmp_path)}
    assert engine.create(LOCAL, inputs)[1]["stdout"] == f"1 {tmp_path}"


def test_assets_by_glob(engine: Engine, tmp_path: Path) -> None:
    for name in ("assets/logos/logo.svg", "src/index.js", "src/secret.js", "readme"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    rules = ["assets/**", "src/**.js", "!**secret.*"]
    state = engine.create(LOCAL, {"create": "true", "dir": str(tmp_path), "assetPaths": rules})[1]
    assert sorted(state["assets"]) == ["assets/logos/logo.svg", "src/index.js"]


def test_function_run(engine: Engine) -> None:
    assert engine.invoke("command:local:run", {"command": "echo hi"})["stdout"] == "hi"


def test_the_plugin_leaves_it_to_the_sdk_that_triggers_replace(engine: Engine) -> None:
    old = {"create": "a", "triggers": [1, 2]}
    answer = engine.diff(LOCAL, old, {"create": "b", "triggers": [1, 3]})
    kinds = {path: provider_pb2.PropertyDiff.Kind.Name(d.kind) for path, d in answer.detailedDiff.items()}
    assert kinds == {"create": "UPDATE", "triggers[1]": "UPDATE"}
    assert not list(answer.replaces)  # recorded: 05-preview-drift, firewall-apply


def test_a_previews_id_is_known_and_another_one_each_time(engine: Engine) -> None:
    ids = {engine.create(LOCAL, {"create": "a"}, preview=True)[0] for _ in range(2)}
    assert len(ids) == 2 and all(re.fullmatch("it[0-9a-f]{8}", id) for id in ids)


def test_check_fills_in_the_connection_and_hides_it(engine: Engine) -> None:
    inputs, failures = engine.check(REMOTE, {"create": "a", "connection": {"host": "h", "proxy": {"host": "p"}}})
    assert not failures
    full = {"user": "root", "port": 22, "dialErrorLimit": 10, "perDialTimeout": 15}
    assert inputs["connection"] == Secret({"host": "h", **full, "proxy": {"host": "p", **full}})
    key = {"host": "h", "privateKey": "k", "proxy": {"host": "p", "password": "w"}}
    hidden = engine.check(REMOTE, {"create": "a", "connection": key})[0]["connection"].value
    assert hidden["privateKey"] == Secret("k") and hidden["proxy"]["password"] == Secret("w")
    assert engine.check(REMOTE, {"create": "a"})[1] == [("connection", "Missing required field 'connection'")]
    assert engine.check(REMOTE, {"connection": {}})[1][0][0] == "connection.host"
    assert engine.check(COPY, {"connection": {"host": "h"}, "remotePath": "/x", "source": UNKNOWN})[1] == []
    assert engine.check(LOCAL, {"logging": "loud"})[1][0][0] == "logging"


def test_a_changed_key_is_one_line_of_diff(engine: Engine) -> None:
    old = {"connection": Secret(with_defaults({"host": "h", "privateKey": "a"}))}
    new = {"connection": Secret(with_defaults({"host": "h", "privateKey": "b"}))}
    assert list(engine.diff(REMOTE, old, new).detailedDiff) == ["connection"]


def test_read_leaves_the_state_alone(engine: Engine) -> None:
    assert engine.read(LOCAL, "id", {"stdout": Secret("x")}, {"create": "a"}) == (
        "id", {"stdout": Secret("x")}, {"create": "a"},
    )  # fmt: skip


def test_a_host_that_refuses_is_retried_then_named(engine: Engine) -> None:
    connection = {"host": "127.0.0.1", "port": 1, "dialErrorLimit": 2, "perDialTimeout": 1}
    with pytest.raises(grpc.RpcError) as caught:
        engine.create(REMOTE, {"create": "true", "connection": Secret(connection)})
    assert caught.value.details() == ("after 2 failed attempts: dial tcp 127.0.0.1:1: connect: connection refused")
