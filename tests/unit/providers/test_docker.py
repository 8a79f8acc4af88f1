"""The docker plugin without a daemon: inputs, diffs and what is sent and read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.providers.contract import ProviderError
from sandbox.providers.docker import payload
from sandbox.providers.docker.engine import Engine as DockerEngine
from sandbox.providers.docker.engine import registry_of
from sandbox.providers.docker.inspect import cpus, outputs
from sandbox.providers.docker.provider import Docker
from sandbox.providers.docker.ssh import arguments
from sandbox.providers.harness import Engine, running
from sandbox.providers.rpc import UNKNOWN, Secret

CONTAINER, NETWORK = "docker:index/container:Container", "docker:index/network:Network"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with running(Docker()) as found:
        yield found


def inspected(**changes: Any) -> dict[str, Any]:
    """What `docker inspect` says of a running container with one published port, 64 MiB and swap of twice that."""
    host = {
        "RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0},
        "LogConfig": {"Type": "json-file", "Config": {}},
        "NetworkMode": "bridge",
        "Memory": 64 << 20,
        "MemorySwap": 128 << 20,
        "ShmSize": 64 << 20,
        "Runtime": "runc",
        "IpcMode": "private",
        "Init": False,
    }
    found = {
        "Name": "/app",
        "Image": "sha256:abc",
        "Platform": "linux",
        "Config": {"Image": "redis:alpine", "Hostname": "0123", "Cmd": ["redis-server"], "Env": ["PATH=/bin", "A=1"]},
        "HostConfig": host,
        "State": {"Running": True, "ExitCode": 0},
        "NetworkSettings": {"Ports": {"6379/tcp": [{"HostIp": "127.0.0.1", "HostPort": "6379"}]}, "Networks": {}},
    }
    return {**found, **changes}


def checked(engine: Engine, **inputs: Any) -> dict[str, Any]:
    found, failures = engine.check(CONTAINER, {"name": "app", "image": "redis:alpine", **inputs})
    assert not failures
    return found


def kinds(answer: Any) -> dict[str, str]:
    return {path: provider_pb2.PropertyDiff.Kind.Name(d.kind) for path, d in answer.detailedDiff.items()}


PORT = {"internal": 6379, "external": 6379, "ip": "127.0.0.1"}


def test_check_fills_in_what_the_bridge_fills_in(engine: Engine) -> None:
    inputs = checked(engine, ports=[{"internal": 80}], healthcheck={"tests": ["CMD", "true"]}, image=UNKNOWN)
    assert (inputs["mustRun"], inputs["restart"], inputs["networkMode"]) == (True, "no", "bridge")
    assert inputs["ports"] == [{"internal": 80, "ip": "0.0.0.0", "protocol": "tcp", "__defaults": ["ip", "protocol"]}]
    assert inputs["healthcheck"]["interval"] == "0s" and "retries" not in inputs["healthcheck"]
    assert {"mustRun", "restart"} <= set(inputs["__defaults"]) and "rm" not in inputs  # false is not filled in
    assert inputs["image"] is UNKNOWN


@pytest.mark.parametrize(
    ("inputs", "property"),
    [
        ({"restart": "sometimes"}, "restart"),
        ({"memory": -1}, "memory"),
        ({"healthcheck": {"tests": [], "interval": "10"}}, "healthcheck.interval"),
        ({"ports": [{"internal": 70000}]}, "ports[0].internal"),
        ({"nosuch": 1}, "nosuch"),
    ],
)
def test_check_refuses(engine: Engine, inputs: dict[str, Any], property: str) -> None:
    failures = engine.check(CONTAINER, {"name": "a", "image": "b", **inputs})[1]
    assert [name for name, _ in failures] == [property]


def test_memory_without_swap_is_a_change_for_ever_and_with_it_is_none(engine: Engine) -> None:
    news = checked(engine, memory=64, restart="unless-stopped", ports=[PORT])
    state = outputs(inspected(), news)
    assert kinds(engine.diff(CONTAINER, news, news, state)) == {"memorySwap": "DELETE"}
    news = {**news, "memorySwap": 128}
    assert kinds(engine.diff(CONTAINER, news, news, outputs(inspected(), news))) == {}


def test_a_stopped_container_is_replaced_when_it_must_run(engine: Engine) -> None:
    news = checked(engine, memory=64, memorySwap=128, restart="unless-stopped", ports=[PORT])
    stopped = inspected(State={"Running": False, "ExitCode": 137}, NetworkSettings={"Ports": {}})
    state = outputs(stopped, news)
    assert (state["mustRun"], state["exitCode"], state["ports"]) == (False, 137, [])
    answer = engine.diff(CONTAINER, news, news, state)
    assert kinds(answer) == {"mustRun": "UPDATE", "ports": "ADD_REPLACE"}
    assert answer.deleteBeforeReplace
    # One that need not run is left alone.
    news["mustRun"] = False
    assert kinds(engine.diff(CONTAINER, news, news, outputs(stopped, news))) == {}


def test_what_the_image_brings_is_no_change_but_a_new_env_replaces(engine: Engine) -> None:
    news = checked(
        engine, memory=64, memorySwap=128, restart="unless-stopped", ports=[PORT], envs=["A=1", Secret("B=hush")]
    )
    plain = {**news, "envs": ["A=1", "B=hush"]}
    state = {**outputs(inspected(), plain), "envs": news["envs"]}
    assert kinds(engine.diff(CONTAINER, news, {**news, "envs": [Secret("B=hush"), "A=1"]}, state)) == {}
    answer = engine.diff(CONTAINER, news, {**news, "envs": ["A=1", Secret("B=new")]}, state)
    assert kinds(answer) == {"envs[1]": "UPDATE_REPLACE"}


def test_an_image_by_id_is_compared_by_id(engine: Engine) -> None:
    assert outputs(inspected(), {"image": "sha256:abc"})["image"] == "sha256:abc"
    assert outputs(inspected(), {"image": "redis:alpine"})["image"] == "redis:alpine"


def test_a_network_keeps_its_name_so_it_is_deleted_first(engine: Engine) -> None:
    inputs, _ = engine.check(NETWORK, {"name": "mech-network"})
    answer = engine.diff(NETWORK, inputs, {**inputs, "internal": True}, {**inputs, "driver": "bridge"})
    assert list(answer.replaces) == ["internal"] and answer.deleteBeforeReplace
    auto, _ = engine.check(NETWORK, {})
    assert auto["name"].startswith("it-") and len(auto["name"]) == 10
    assert not engine.diff(NETWORK, auto, {**auto, "internal": True}, auto).deleteBeforeReplace


def test_preview_knows_the_inputs_and_not_what_the_daemon_says(engine: Engine) -> None:
    _, state = engine.create(CONTAINER, checked(engine), preview=True)
    assert state["name"] == "app" and state["hostname"] is UNKNOWN and state["networkDatas"] is UNKNOWN


def test_a_host_that_cannot_be_reached_is_named(engine: Engine) -> None:
    engine.configure(host="unix:///nowhere/docker.sock")
    with pytest.raises(grpc.RpcError, match="Error pinging Docker server.*unix:///nowhere/docker.sock"):
        engine.create(NETWORK, {"name": "n"})


@pytest.mark.parametrize(
    ("text", "nanos"),
    [("0s", 0), ("500ms", 5 * 10**8), ("10s", 10**10), ("1m30s", 9 * 10**10), ("2h0m0s", 72 * 10**11)],
)
def test_durations_as_go_writes_them(text: str, nanos: int) -> None:
    assert payload.nanoseconds(text) == nanos
    assert payload.duration(nanos) == text


def test_bodies_for_the_daemon() -> None:
    body = payload.container(
        {
            "image": "x",
            "ports": [{"internal": 80, "external": 8080, "ip": "127.0.0.1", "protocol": "tcp"}, {"internal": 81}],
            "cpus": "0.5",
            "cpuQuota": 5,
            "memory": 64,
            "memorySwap": -1,
            "volumes": [{"containerPath": "/d", "volumeName": "v", "readOnly": True}],
            "mounts": [{"type": "bind", "source": "/s", "target": "/t", "bindOptions": {"propagation": "rslave"}}],
            "securityOpts": ["systempaths=unconfined", "no-new-privileges"],
        }
    )
    host = body["HostConfig"]
    assert host["PortBindings"] == {
        "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}], "81/tcp": [{"HostIp": "", "HostPort": ""}],
    }  # fmt: skip
    assert (host["NanoCpus"], host["Memory"], host["MemorySwap"]) == (5 * 10**8, 64 << 20, -1)
    assert "CpuQuota" not in host
    assert host["Binds"] == ["v:/d:ro"] and body["Volumes"] == {"/d": {}}
    assert host["Mounts"][0]["BindOptions"] == {"Propagation": "rslave"}
    assert (host["SecurityOpt"], host["MaskedPaths"]) == (["no-new-privileges"], [])
    with pytest.raises(ProviderError, match="without container path"):
        payload.container({"image": "x", "volumes": [{"hostPath": "/x"}]})


def test_ssh_is_called_as_docker_calls_it() -> None:
    assert arguments("ssh://root@10.0.0.1:2222", ["-i", "key"]) == [
        "ssh", "-i", "key", "-o", "ConnectTimeout=30", "-T", "-l", "root", "-p", "2222",
        "--", "10.0.0.1", "docker", "system", "dial-stdio",
    ]  # fmt: skip
    for bad in ("ssh://", "ssh://a:b@host", "ssh://-oProxyCommand=x"):
        with pytest.raises(ValueError):
            arguments(bad, [])


def test_registry_credentials_go_to_their_registry_only() -> None:
    engine = DockerEngine({"registryAuth": [{"address": "https://ghcr.io/", "username": "u", "password": "p"}]})
    assert engine.auth_for("ghcr.io/mech/x:1") == {"username": "u", "password": "p", "serveraddress": "https://ghcr.io"}
    assert engine.auth_for("redis:alpine") == {}
    assert registry_of("redis:alpine") == "registry-1.docker.io"
    assert registry_of("localhost/x") == "localhost"


def test_who_waited_for_a_silent_daemon_fails_with_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading
    import time

    tries = []

    def silent(self: DockerEngine) -> None:
        tries.append(1)
        time.sleep(0.3)
        raise ProviderError("no answer")

    monkeypatch.setattr(DockerEngine, "_connect", silent)
    engine, failures = DockerEngine({"host": "ssh://root@192.0.2.1:22"}), []

    def ask() -> None:
        try:
            assert engine.client
        except ProviderError as error:
            failures.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(tries), failures) == (1, ["no answer"] * 8)
    ask()  # a later call tries again: the host may have come up
    assert len(tries) == 2


@pytest.mark.parametrize(
    ("nanos", "text"),
    [
        (10**9, "1.0"),
        (5 * 10**8, "0.5"),
        (10**10, "10."),
        (250 * 10**6, "0.25"),
        (15 * 10**8, "1.5"),
        (5 * 10**7, "0.1"),
    ],
)
def test_cores_as_the_official_plugin_writes_them(nanos: int, text: str) -> None:
    assert cpus(nanos) == text


@pytest.mark.parametrize(
    ("mode", "name"), [("PROPOSE", "app-proposed"), ("ENFORCE", "app-proposed"), ("DISABLE", None)]
)
def test_a_name_is_made_as_the_engine_is_configured_to(engine: Engine, mode: str, name: str | None) -> None:
    """`pulumi:autonaming` in a stack's config; the official plugin says in Configure that it keeps to it (recorded)."""
    request = provider_pb2.CheckRequest(urn=engine.urn(NETWORK))
    request.autonaming.proposed_name = "app-proposed"
    request.autonaming.mode = request.autonaming.Mode.Value(mode)
    answer = engine.stub.Check(request)
    assert answer.inputs.fields["name"].string_value == (name or "")
    assert [failure.property for failure in answer.failures] == ([] if name else ["name"])
