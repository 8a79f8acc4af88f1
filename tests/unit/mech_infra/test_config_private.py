"""What is encrypted in a service's environment, or in its room for secrets, is nowhere in plain text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from mech_infra.config import ConfigError, load, stack_file
from mech_infra.guard.judging import RESERVED_IP
from policies import mocked

from .conftest import Declare, plain, raw_config

HUSH, HUSH_2 = "hush-hush-value-1", "hush-hush-value-2"
SERVICES = {"llm": {"environment": {"SENTRY_DSN": HUSH, "LIMIT": 5}}}
OWN = {"queue": {"SENTRY_TOKEN": HUSH_2}}


def private(**sections: Any) -> tuple[dict[str, str], list[str]]:
    return raw_config({}, {name: json.dumps(value) for name, value in sections.items()})


def opened(value: Any) -> Any:
    """As the state has it without the passphrase."""
    if isinstance(value, dict):
        return "…" if mocked.MARK in value else {key: opened(inner) for key, inner in value.items()}
    return [opened(inner) for inner in value] if isinstance(value, list) else value


def test_the_state_has_it_as_a_secret(declare: Declare) -> None:
    found = declare(secrets={"services": json.dumps(SERVICES), "serviceSecrets": json.dumps(OWN)}).resources
    text = json.dumps([opened(dict(args.inputs)) for args in found.values()])
    assert HUSH not in text and HUSH_2 not in text
    told = {
        (name.split("-")[1], word)
        for name, args in found.items()
        for word in (HUSH, HUSH_2)
        if args.typ.endswith(":Container") and word in json.dumps(plain(dict(args.inputs)))
    }
    assert told == {("llm", HUSH), ("queue", HUSH_2)}


def test_another_value_is_another_version(declare: Declare) -> None:
    names = [
        {
            name
            for name in declare(secrets={"serviceSecrets": json.dumps({"queue": {"A": word}})}).of("Container")
            if "queue" in name
        }
        for word in ("one", "two")
    ]
    assert names[0] != names[1]


def test_without_its_file_all_of_an_environment_is_secret_with_it_what_is_encrypted() -> None:
    raw, marked = private(services=SERVICES, serviceSecrets=OWN)
    alone = load(raw, marked)
    assert {key for key in alone.secrets if "." in key} == {"llm.SENTRY_DSN", "llm.LIMIT", "queue.SENTRY_TOKEN"}
    file = {"services": {"llm": {"environment": {"LIMIT": 5}}}}
    known = load(raw, marked, file)
    assert known.platform.services["llm"].environment == {"LIMIT": "5"}
    assert known.secrets["llm.SENTRY_DSN"] == HUSH
    assert HUSH not in f"{known}{known.platform.resolved_services()}"
    # Another value than the file has is not the one that stands there in plain text.
    assert "llm.LIMIT" in load(raw, marked, {"services": {"llm": {"environment": {"LIMIT": 6}}}}).secrets


@pytest.mark.parametrize("environment", [{"SENTRY_TOKEN": HUSH}, {"A": "1"}])
def test_one_that_stands_twice_is_named(environment: dict[str, str]) -> None:
    raw, marked = private(
        services={"queue": {"environment": environment}}, serviceSecrets={"queue": dict.fromkeys(environment, HUSH_2)}
    )
    with pytest.raises(
        ConfigError, match=r"mech:serviceSecrets.queue.\w+ stands at mech:services.queue.environment.\w+, too"
    ) as caught:
        load(raw, marked, {"services": {"queue": {"environment": {"A": "1"}}}})
    assert HUSH not in str(caught.value) and HUSH_2 not in str(caught.value)


def test_what_stands_in_plain_text_is_refused_and_not_said() -> None:
    raw, marked = private(serviceSecrets=OWN)
    with pytest.raises(
        ConfigError, match=r"queue.SENTRY_TOKEN stands in plain text.*--secret --path mech:serviceSecrets"
    ) as caught:
        load(raw, [key for key in marked if key != "mech:serviceSecrets"])
    assert HUSH_2 not in str(caught.value)
    with pytest.raises(ConfigError, match="stands in plain text"):
        load(raw, marked, {"serviceSecrets": OWN})


@pytest.mark.parametrize(
    ("services", "says"),
    [
        ({"llm": {"environment": {"A": f"{HUSH}\n"}}}, "mech:services.llm.environment.A: it has a line break"),
        ({"llm": {"environment": {"A": [HUSH]}}}, "mech:services.llm.environment.A: it is a list"),
        (
            {"llm": {"environment": {"REDIS_URL": f"redis://u:{HUSH}@localhost"}}},
            "mech:services.llm.environment.REDIS_URL: in a container",
        ),
        ({"llm": {"port": HUSH}}, "mech:services.llm.port: its value is not a TCP port"),
        ({"llm": {"cpus": HUSH}}, "mech:services.llm.cpus: its value is wrong here"),
        ({"llm": {"image": f"{HUSH}:"}}, "mech:services.llm.image: its value is not an image that Docker can pull"),
        ({"llm": {HUSH: 1}}, "is not a setting of this program"),
    ],
)
def test_a_wrong_one_is_named_without_its_value(services: dict[str, Any], says: str) -> None:
    raw, marked = private(services=services)
    with pytest.raises(ConfigError) as caught:
        load(raw, marked)
    assert says in str(caught.value) and f"'{HUSH}" not in str(caught.value) and f":{HUSH}" not in str(caught.value)


FILE = """\
config:
  mech:edge: {zoneId: '00000000000000000000000000000001'}
  mech:services:
    llm: {environment: {SENTRY_DSN: {secure: 'v1:x:y'}, LIMIT: 5}}
  mech:serviceSecrets:
    queue: {SENTRY_TOKEN: {secure: 'v1:x:z'}}
"""


def test_a_file_is_read_without_the_passphrase(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.t.yaml").write_text(FILE)
    file = stack_file.read(tmp_path / "Pulumi.t.yaml")
    assert (file.encrypted, file.partly) == ((), ("mech:services", "mech:serviceSecrets"))
    assert file.plain["services"] == {"llm": {"environment": {"LIMIT": 5}}}
    resources, stood_in = mocked.declare("t", tmp_path)
    assert {"services", "serviceSecrets"} <= set(stood_in)
    (llm,) = [one for one in resources if one.name.startswith("services-llm-") and one.type.endswith(":Container")]
    assert {"LIMIT=5", f"SENTRY_DSN={stack_file.STAND_IN}"} <= set(llm.props["envs"])


@pytest.mark.parametrize(
    "text",
    ["config: [", "config:\n  mech:OPENAI_API_KEY: sk-hush: b\n", "config: 5", "- a", "&a [*a]", "config:\n  5: 6"],
)
def test_a_file_that_is_none_is_one_sentence_without_its_lines(tmp_path: Path, text: str) -> None:
    path = tmp_path / "Pulumi.t.yaml"
    path.write_text(text)
    with pytest.raises(stack_file.StackFileError, match="is not ") as caught:
        stack_file.read(path)
    assert "sk-hush" not in str(caught.value) and len(str(caught.value).splitlines()) == 1


def test_an_edge_does_not_block_its_own_host(declare: Declare) -> None:
    blocked = {"edge": {"zoneId": "0" * 31 + "1", "blocked": ["203.0.113.0/24"]}}
    assert declare(blocked).of("Ruleset")
    urn = f"urn:pulumi:unit::mech::mech:platform:Host${RESERVED_IP}::host-address"
    state = {urn: {"type": RESERVED_IP, "outputs": {"subnet": "203.0.113.7"}}}
    with pytest.raises(
        pulumi.RunError, match=r"mech:edge.blocked.0: 203.0.113.0/24 has the stack's own host in it \(203.0.113.7\)"
    ):
        declare(blocked, state=state)


def test_a_zone_is_needed_before_anything_is_touched(declare: Declare) -> None:
    with pytest.raises(pulumi.RunError, match="mech:edge.zoneId is missing"):
        declare({"edge": {}})
