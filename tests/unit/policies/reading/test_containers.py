"""Containers that commands make are read as Docker would make them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies import pack
from policies.model import REMOTE, UNKNOWN, Resource, Stack
from policies.reading.containers import Container, containers, mounts, ports, view
from policies.reading.containers.values import megabytes, seconds
from policies.rules import BY_ID, HARDENING, RULES


def stack(text: str, stdin: str | None = None) -> Stack:
    return Stack([Resource(REMOTE, "up", {"create": text, "stdin": stdin})])


def one(text: str, stdin: str | None = None) -> Container:
    (found,) = containers(stack(text, stdin))
    return found


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("-p 80", [("0.0.0.0", None, 80, "tcp")]),
        ("-p80:8080", [("0.0.0.0", 80, 8080, "tcp")]),
        ("--publish=127.0.0.1:53:53/udp", [("127.0.0.1", 53, 53, "udp")]),
        ("-p 127.0.0.1::80", [("127.0.0.1", None, 80, "tcp")]),
        ("-p [::1]:80:80", [("::1", 80, 80, "tcp")]),
        ("-dp 8000-8001:80-81", [("0.0.0.0", 8000, 80, "tcp"), ("0.0.0.0", 8001, 81, "tcp")]),
        ("-p 8000-8009:80", [("0.0.0.0", None, 80, "tcp")]),
        ("--publish published=8080,target=80", [("0.0.0.0", 8080, 80, "tcp")]),
    ],
)
def test_ports(option: str, expected: list[tuple[Any, ...]]) -> None:
    found = ports(one(f"docker run {option} acme/app:1"))
    assert [(port.address, port.external, port.internal, port.protocol) for port in found] == expected


@pytest.mark.parametrize(
    ("option", "kind", "source", "target"),
    [
        ("-v /srv/a/:/b", "bind", "/srv/a", "/b"),
        ("-v ./a:/b:ro", "bind", "/opt/a", "/b"),
        ("-v data:/b", "volume", "data", "/b"),
        ("-v /b", "volume", "", "/b"),
        ("--mount type=bind,src=//var/run/docker.sock,dst=/s", "bind", "/var/run/docker.sock", "/s"),
        ("--mount type=tmpfs,target=/b", "tmpfs", "", "/b"),
        ("--tmpfs /b:size=1m", "tmpfs", "", "/b"),
        ('-v "$DATA":/b', "bind", UNKNOWN, "/b"),
    ],
)
def test_mounts(option: str, kind: str, source: object, target: str) -> None:
    (found,) = mounts(one(f"cd /opt; docker run {option} acme/app:1"))
    assert (found.kind, found.source, found.target) == (kind, source, target)


def test_the_words_behind_the_image_are_the_command() -> None:
    found = one("sudo docker --context far run -itd --name=a -e A=1 --rm=false -- acme/app:1 --name b -p 80:80")
    assert (found.label, found.image, found.items("command")) == ("a", "acme/app:1", ["--name", "b", "-p", "80:80"])
    assert not found.once
    assert list(ports(found)) == []


def test_what_is_removed_is_gone_and_what_is_made_again_is_one() -> None:
    text = "docker run -d --name a x/y:1; docker rm -f a; docker run -d --name b x/y:1; docker run -d --name b x/y:2"
    assert [found.image for found in containers(stack(text))] == ["x/y:2"]


def test_sizes_and_times() -> None:
    assert [megabytes(value) for value in ("512m", "1g", "1.5GB", 2**20, "-1", "lots", None)] == [
        512,
        1024,
        1536,
        1,
        -1,
        None,
        None,
    ]
    assert [seconds(value) for value in ("1m30s", "500ms", 7, "2", "soon")] == [90, 0.5, 7, 2, None]


def test_a_compose_service_is_what_its_files_say_together() -> None:
    text = """
    cd /srv/app
    printf 'TAG=7\\nPASSWORD=a$$b\\n' > .env
    cat > compose.yaml <<'EOF'
    x-base: &base {restart: always, logging: {driver: local}}
    services:
      app:
        <<: *base
        image: "acme/app:${TAG:?}"
        command: serve --to "a b"
        environment: {WHERE: "${WHERE-here}", PASSWORD: $PASSWORD, FROM_SHELL: }
        ports: [3000:3000]
        deploy: {resources: {limits: {memory: 256M, cpus: "0.5"}}}
        networks: {back: {aliases: [api]}}
    networks: {back: {}}
    EOF
    cat > compose.override.yaml <<'EOF'
    services: {app: {command: [serve], ports: ["127.0.0.1:3001:3001"]}}
    EOF
    docker compose up -d
    """.replace("\n    ", "\n")
    found = one(text)
    assert (found.image, found.items("command"), found.text("restart")) == ("acme/app:7", ["serve"], "always")
    assert [port.external for port in ports(found)] == [3000, 3001]
    assert (found.number("memory"), found.number("cpus"), found.text("logDriver")) == (256, 0.5, "local")
    assert found.props["envs"] == ["WHERE=here", "PASSWORD=a$$b", UNKNOWN]
    assert found.maps("networksAdvanced") == [{"name": "app_back", "aliases": ["app", "api"]}]


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("services: [", "it is no YAML"),
        ("- a", "it is no mapping"),
        ("volumes: {}", "it has no services"),
        ("services: {a: {ports: ['80']}}", "its service a has neither image nor build"),
    ],
)
def test_a_file_that_compose_refuses(file: str, why: str) -> None:
    ((resource, said),) = view(stack("docker compose -f - up -d", file)).invalid
    assert resource.name == "up"
    assert said.startswith(why)


def test_systemd_starts_containers() -> None:
    text = "cat > /etc/systemd/system/a.service <<'EOF'\n[Service]\nExecStart=/usr/bin/docker run --rm --name a \\\n  -p 6379:6379 redis:7\nEOF\n"
    found = one(text)
    assert (found.label, found.once, [port.external for port in ports(found)]) == ("a", False, [6379])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(words=st.lists(st.sampled_from(
    ["-p", "-dit", "--publish=", "80:80", "::", "[", "--mount", "type=", "-v", ":", "--", "$X", "redis", "--env", "A", "-", "-e=",
     "--memory", "1q", "--restart", "--network", "host", "'", '"', "--tmpfs", "--log-opt", "0-99999:1", "service", "create", "compose",
     "up", "-f", "stack", "deploy", "-c"]), max_size=9))  # fmt: skip
def test_no_command_line_is_too_odd(words: list[str]) -> None:
    for head in ("docker run ", "docker "):
        judged = Stack(
            [Resource(REMOTE, "up", {"create": head + " ".join(words), "stdin": "services: {a: {image: x, ports: 1}}"})]
        )
        for rule in (*RULES, *HARDENING):
            rule.judge(judged)


_ODD = st.recursive(
    st.sampled_from([None, True, 0, "", "x", "80:80", "host", "1m", -1.5]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["a", "source", "target", "limits"]), inner, max_size=2)
    ),
    max_leaves=4,
)
_KEYS = ["image", "ports", "volumes", "environment", "networks", "deploy", "command", "healthcheck", "logging", "cap_add", "tmpfs", "extends",
         "depends_on", "profiles", "restart", "extra_hosts", "devices", "stop_grace_period", "mem_limit", "privileged", "pid", "env_file"]  # fmt: skip


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    service=st.dictionaries(st.sampled_from(_KEYS), _ODD, max_size=5),
    top=st.dictionaries(st.sampled_from(["volumes", "networks", "name"]), _ODD),
)
def test_no_compose_file_is_too_odd(service: dict[str, Any], top: dict[str, Any]) -> None:
    import json

    judged = stack("docker compose -f - up -d", json.dumps({"services": {"a": {"image": "x", **service}}, **top}))
    for rule in (*RULES, *HARDENING):
        rule.judge(judged)


def test_hardening_is_asked_for() -> None:
    bare = one("docker run -d --user root acme/app:1")
    hard = one(
        "docker run -d --cap-drop=ALL --security-opt no-new-privileges --read-only --pids-limit 100 --user 1000 acme/app@sha256:"
        + "0" * 64
    )
    for rule in HARDENING:
        assert rule.judge_one is not None
        assert list(rule.judge_one(hard)) == [], rule.id
        assert rule.level == "optional"
    told = {rule.id.removeprefix("hardening-") for rule in HARDENING if rule.judge_one and list(rule.judge_one(bare))}
    assert told == {"capabilities", "new-privileges", "root-filesystem", "processes", "root-user", "digest"}


def test_the_pack_tells_of_a_container_once() -> None:
    """A declared one, a swarm's service too, when it ships; one of a command with the stack."""
    declared = Resource("docker:index/container:Container", "a", {"image": "x:1", "privileged": True}, "urn:a")
    made = Resource(REMOTE, "b", {"create": "docker run -d --privileged x:1"}, "urn:b")
    policy = pack._one(BY_ID["services-privileged"])
    args = pack.StackValidationArgs.__new__(pack.StackValidationArgs)
    told: list[str | None] = []
    spec = {"containerSpec": {"image": "x:1", "capAdds": ["SYS_ADMIN"]}}
    service = Resource("docker:index/service:Service", "c", {"taskSpec": spec}, "urn:c")
    assert policy.resource_types == (declared.type, service.type)
    pack._STACKS._seen, pack._STACKS._stack = {"another"}, Stack([declared, service, made])
    policy.validate(args, lambda text, urn=None: told.append(urn))
    assert told == ["urn:b"]
