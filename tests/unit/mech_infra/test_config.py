"""Every wrong value is one sentence that names its key and says what to write instead."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mech_infra import catalogue
from mech_infra.config import ConfigError, load, stack_file
from mech_infra.readback import cpus_text

from .conftest import SECRETS, raw_config


def test_the_guides_defaults_need_only_secrets() -> None:
    raw, secrets = raw_config({})
    services = {service.name: service for service in load(raw, secrets).platform.resolved_services()}
    assert list(services) == ["queue", "llm", "storage", "indexer", "sequences", "search", "reader", "memories"]
    assert (services["llm"].port, services["llm"].container(), services["llm"].container(2)) == (
        3008,
        "mech-llms",
        "mech-llms-2",
    )
    assert {service.port for service in services.values()} == {3001, 3002, 3004, 3005, 3007, 3008, 3009, 3010}


@pytest.mark.parametrize(
    ("sections", "says"),
    [
        ({"services": {"lllm": {}}}, ["mech:services", "unknown service 'lllm'", "queue, llm"]),
        (
            {"services": {"llm": {"port": 3001}}},
            ["mech:services.llm.port", "3001 is taken by mech:services.queue.port"],
        ),
        ({"services": {"llm": {"port": 70000}}}, ["mech:services.llm.port", "1 to 65535"]),
        ({"services": {"llm": {"port": 4000}}}, ["mech:services.llm.port", "exposeServicePorts"]),
        ({"services": {"llm": {"replicas": 0}}}, ["mech:services.llm.replicas", "greater than or equal to 1"]),
        ({"services": {"llm": {"cpus": 0.05}}}, ["mech:services.llm.cpus", "back as 0.1", "write 0.1"]),
        (
            {"services": {"llm": {"environment": {"A": [1, 2]}}}},
            ["mech:services.llm.environment.A: it is a list", "in quotes, as 'a,b'"],
        ),
        (
            {"services": {"llm": {"environment": {"A": {"b": 1}}}}},
            ["mech:services.llm.environment.A: it is a map", """in quotes, as '{"a": 1}'"""],
        ),
        (
            {"services": {"llm": {"environment": {"A": None}}}},
            ["mech:services.llm.environment.A", 'write ""', "remove it"],
        ),
        ({"services": {"llm": {"replicas": 5}}}, ["vc2-4c-8gb", "larger plan"]),
        ({"host": {"sshFrom": ["10.0.0.1/8"]}}, ["mech:host.sshFrom.0", "203.0.113.0/24"]),
        ({"host": {"plan": "big"}}, ["mech:host.plan", "vc2-4c-8gb"]),
        ({"edge": {"ssl": "flexibel"}}, ["mech:edge.ssl", "did you mean flexible?"]),
        ({"edge": {"ssl": "strict"}}, ["mech:edge.ssl", "526", "origin-ca"]),
        ({"edge": {"blocked": ["999.1.1.1"]}}, ["mech:edge.blocked.0", "neither an IP address nor a CIDR"]),
        ({"proxy": {"redirectToHttps": True}}, ["redirect loop", "redirectToHttps to false"]),
        ({"domain": "https://mech.is"}, ["mech:domain", "without scheme"]),
        ({"hots": {}}, ["mech:hots", "did you mean host?"]),
        ({"host": {"paln": "x"}}, ["mech:host.paln", "did you mean plan?"]),
        ({"host": "ewr"}, ["mech:host", "YAML"]),
    ],
)
def test_a_wrong_value_names_key_and_fix(sections: dict[str, Any], says: list[str]) -> None:
    raw, secrets = raw_config(sections)
    with pytest.raises(ConfigError) as caught:
        load(raw, secrets)
    for part in says:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("5", "5"), ("true", "true"), ("False", "false"), ("0.5", "0.5"), ("5.0", "5"), ("-1", "-1"), ("0644", "420"),
        ("1.10", "1.1"), ("yes", "yes"), ("on", "on"), ("1:30", "1:30"), ("'0644'", "0644"), ("''", ""), ("1.2.3", "1.2.3"),
        ("123456789012345678", "123456789012345678"),
    ],
)  # fmt: skip
def test_an_environment_is_text_as_docker_has_it(tmp_path: Path, written: str, text: str) -> None:
    """What the file's reader gives is what the engine gave for the same file (3.259)."""
    file = tmp_path / "Pulumi.unit.yaml"
    file.write_text(f"config:\n  mech:services:\n    llm:\n      environment:\n        A: {written}\n")
    raw, secrets = raw_config({})
    platform = load({**raw, **stack_file.read(file).values}, secrets).platform
    assert platform.services["llm"].environment == {"A": text}


@pytest.mark.parametrize("name", list(catalogue.SECRETS))
def test_missing_placeholder_and_plain_secrets_are_told_apart(name: str) -> None:
    raw, secrets = raw_config({})
    with pytest.raises(ConfigError, match=f"{name} is missing .* pulumi config set --secret mech:{name}"):
        load({key: value for key, value in raw.items() if key != f"mech:{name}"}, secrets)
    with pytest.raises(ConfigError, match=f"{name} is empty or a placeholder"):
        load({**raw, f"mech:{name}": "changeme"}, secrets)
    with pytest.raises(ConfigError, match=f"{name} stands in plain text") as caught:
        load(raw, [key for key in secrets if key != f"mech:{name}"])
    assert not any(value in str(caught.value) for value in SECRETS.values())


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ConfigError, match="7 mistakes"):
        load({"mech:domain": "x", "mech:edge": json.dumps({"ssl": "no"})})


@pytest.mark.parametrize(
    ("cpus", "text"), [(1, "1.0"), (10, "10."), (100, "100."), (0.5, "0.5"), (0.25, "0.25"), (1.05, "1.05")]
)
def test_cores_are_written_as_the_docker_provider_reads_them(cpus: float, text: str) -> None:
    assert cpus_text(cpus) == text


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["host", "edge", "services", "proxy", "firewall", "domain", "x"]), _JSON))
def test_no_config_makes_the_loader_crash(sections: dict[str, Any]) -> None:
    raw, secrets = raw_config({key: json.dumps(value) for key, value in sections.items()})
    try:
        load(raw, secrets)
    except ConfigError as error:
        assert "  - mech:" in str(error) or "containers may use" in str(error)
