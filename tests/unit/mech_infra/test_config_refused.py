"""What a person may write that means nothing or takes the platform down: one sentence each, and nothing of a secret in it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mech_infra import catalogue
from mech_infra.config import ConfigError, load, refused
from mech_infra.config.platform import PlatformConfig
from mech_infra.config.secrets import KEYS

from .conftest import SECRETS, raw_config

BAD = list(refused.values())
MODEL = PlatformConfig.model_json_schema()
PARTS = dict(refused.keys(MODEL, MODEL, "mech:"))
# How a library speaks of types, and how nobody else does.
LIBRARY = re.compile(
    r"should be|valid (string|tuple|integer|dictionary|boolean|list)|value_error|pydantic|errors\.|Input |type=|"
    r"(\S+) is not one of .*\b\2\b|unable to parse|\bNone\b|Traceback|instance of",
)


def mistakes(sections: dict[str, Any], secrets: dict[str, str] | None = None) -> list[str]:
    raw, marked = raw_config(sections, secrets)
    try:
        load(raw, marked)
    except ConfigError as error:
        return list(error.mistakes)
    return []


@pytest.mark.parametrize("key", [*PARTS, *(f"mech:{name}" for name in KEYS)])
def test_each_key_refuses_something_and_the_page_shows_it(key: str) -> None:
    assert [one for one in BAD if one.key == key], f"{key}: wrong('…', a value that is refused)"


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad.key}={bad.value[:40]}")
def test_a_bad_value_is_one_sentence_that_names_a_key_and_what_to_do(bad: refused.Refused) -> None:
    assert len(bad.says) == 1, bad
    (said,) = bad.says
    assert said.startswith("mech:") and "\n" not in said and not LIBRARY.search(said), said
    assert re.search(r"; \w|must be|cannot be", said), f"what is to be done? {said}"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "sub-domain of a registry's second level": ({"domain": "staging.mech.co.uk"}, "sub-domain of mech.co.uk"),
    "a registry's own": ({"domain": "mech.co.uk.com.br"}, "sub-domain of"),
    "many /8s": (
        {"edge": {"blocked": [f"{n}.0.0.0/8" for n in [*range(1, 60), *range(64, 82)]]}}, "mech:edge.blocked: together they are 30%",
    ),
    "half of IPv6": ({"edge": {"blocked": ["2000::/3"]}}, "too wide"),
    "link-local": ({"edge": {"blocked": ["fe80::1"]}}, "no visitor's address"),
    "with a link's name": ({"edge": {"blocked": ["fe80::1%eth0"]}}, "neither an IP address nor a CIDR"),
    "IPv6 alone": ({"host": {"sshFrom": ["2001:db8::/32"]}}, "IPv6 only"),
    "8192 of 8192 MiB": ({"services": {"reader": {"replicas": 2}}}, "may use 8192 MiB but vc2-4c-8gb has 8192 MiB, of which 256"),
    "a service's own time-out": ({"services": {"llm": {"readTimeoutS": 300}}}, "mech:services.llm.readTimeoutS: 300"),
    "Pro is no more than free": ({"edge": {"plan": "pro"}, "proxy": {"maxBodyMb": 101}}, "101 is more than the 100 MB"),
    "Business": ({"edge": {"plan": "business"}, "proxy": {"maxBodyMb": 201}}, "201 is more than the 200 MB"),
    "Enterprise": ({"edge": {"plan": "enterprise"}, "proxy": {"maxBodyMb": 501}}, "501 is more than the 500 MB"),
    "Enterprise that waits no longer": ({"edge": {"plan": "enterprise"}, "proxy": {"readTimeoutS": 600}}, "mech:edge.readTimeoutS"),
    "another service's image": ({"services": {"llm": {"image": "ghcr.io/mech-is/mech-queue:1.0.1"}}}, "write ghcr.io/mech-is/mech-llms:1.0.1"),
    "one id for two": ({"edge": {"zoneId": "1" * 32, "accountId": "1" * 32}}, "the same as mech:edge.zoneId"),
    "two versions": ({"services": {"llm": {"image": "a.b/c:1", "version": "2"}}}, "means nothing beside"),
    "an element as a number": ({"host": {"sshFrom": [5]}}, "5 is not a CIDR"),
    "a section as text": ({"host": {"region": {"name": "ewr"}}}, "mech:host.region: a map is wrong here"),
    "a section that is empty": ({"services": {"llm": None}}, "mech:services.llm has nothing behind it"),
    "a list of services": ({"services": ["llm"]}, "mech:services: a list stands where settings are wanted"),
    "another case": ({"Host": {}}, "did you mean host?"),
    "a service's name": ({"services": {"lmm": {}}}, "did you mean llm?"),
    "a text for a number": ({"rollout": {"watchS": "soon"}}, "'soon' is wrong here; write a whole number"),
    "not a number": ({"services": {"llm": {"cpus": float("nan")}}}, "mech:services.llm.cpus: nan is"),
    "without end": ({"host": {"bootTimeoutS": float("inf")}}, "mech:host.bootTimeoutS: inf is"),
    "huge": ({"host": {"osId": 10**400}}, "mech:host.osId"),
    "half a character": ({"services": {"llm": {"environment": {"A": "\ud800"}}}}, "half a character"),
    "a zero": ({"incident": {"contacts": {"developers": "a\x00b"}}}, "a control character"),
    "a line break in a domain": ({"domain": "mech.is\n"}, "a line break"),
    "a port of another's loopback": ({"firewall": {"exposeServicePorts": False}, "services": {"llm": {"port": 23001}}}, "taken by mech-queue"),
    "a port of the system": ({"firewall": {"exposeServicePorts": False}, "services": {"llm": {"port": 53}}}, "below 1024"),
    "a port as Unicode": ({"services": {"llm": {"port": "²"}}}, "is not a TCP port"),
    "the host by its own name": ({"services": {"queue": {"environment": {"MONGODB_URI": "mongodb://127.0.0.1/x"}}}}, "the container itself"),
    "several, one of them itself": ({"services": {"queue": {"environment": {"MONGODB_URI": "mongodb://a:1,[::1]:2/x"}}}}, "the container itself"),
    "a port where nobody is": ({"services": {"queue": {"environment": {"REDIS_URL": "redis://redis:6380"}}}}, "Redis is at redis:6379"),
    "a service that is called": ({"services": {"sequences": {"environment": {"QUEUE_URL": "http://localhost:3001"}}}}, "the container itself"),
    "a name that says it": ({"services": {"llm": {"environment": {"db_password": "x"}}}}, "--secret --path mech:serviceSecrets.llm.db_password"),
    "a private key": ({"services": {"llm": {"environment": {"A": "-----BEGIN PRIVATE KEY-----"}}}}, "looks like a key"),
    "no version of the program's": ({"datastores": {"mongodb": {"image": "mongo:4.4"}}}, "mongosh"),
    "a variable's name": ({"services": {"llm": {"environment": {"A=B": "1"}}}}, "no name of a variable"),
    "too long": ({"services": {"llm": {"environment": {"A": "a" * 40_000}}}}, "40000 characters"),
    "an even number of managers": ({"fleet": {"managers": 2}}, "write 1 or 3"),
    "draining the data's host": ({"fleet": {"workers": 1, "drained": ["mech"]}}, "mech:fleet.drained.0: mech has the data volume"),
    "draining a slip": ({"fleet": {"workers": 1, "drained": ["mech_w1"]}}, "there is no mech_w1; did you mean mech-w1?"),
    "draining where there is one host": ({"fleet": {"drained": ["mech-w1"]}}, "there is one host and no fleet"),
    "drained twice": ({"fleet": {"workers": 1, "drained": ["mech-w1", "mech-w1"]}}, "stands in it twice"),
    "more tasks than members": (
        {"fleet": {"workers": 1}, "services": {"llm": {"replicas": 3}}}, "3 is more than the 2 members that take tasks (mech, mech-w1)",
    ),
    "more tasks than members that are not drained": (
        {"fleet": {"workers": 2, "drained": ["mech-w2"]}, "services": {"llm": {"replicas": 3}}}, "the 2 members that take tasks",
    ),
    "members too small": (
        {"host": {"plan": "vc2-2c-4gb"}, "fleet": {"workers": 2, "workerPlan": "vc2-1c-2gb"}}, "has no room: its memoryMb",
    ),
    "a first host too small for the databases": (
        {"host": {"plan": "vc2-1c-1gb"}, "fleet": {"workers": 3, "workerPlan": "vc2-4c-8gb"}}, "mech:host.plan: the databases may use 1536 MiB",
    ),
    "a worker without the cores": (
        {"fleet": {"workers": 1, "workerPlan": "vc2-1c-8gb"}, "services": {"llm": {"cpus": 2}}}, "the 1 cores of mech:fleet.workerPlan vc2-1c-8gb",
    ),
    "alerts by one of several": (
        {"fleet": {"workers": 1}, "alerts": {"enabled": True, "onHost": True}}, "mech:alerts.onHost: the host looks at itself alone",
    ),
    "a port of the tasks": (
        {"fleet": {"workers": 1}, "firewall": {"exposeServicePorts": False}, "services": {"llm": {"port": 12001}}}, "taken by the tasks of queue",
    ),
    "quotes in a path": ({"host": {"sshPrivateKey": '/k/"a"'}}, "ssh's options do not take"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_would_be_nonsense_is_refused(name: str) -> None:
    sections, says = WRONG[name]
    found = mistakes(sections)
    assert any(says in one for one in found), found
    assert not any(LIBRARY.search(one) for one in found), found


def test_without_path_and_under_another_name() -> None:
    raw, marked = raw_config({"host.region": "fra"})
    with pytest.raises(ConfigError, match=r"set without --path.*pulumi config set --path 'mech:host.region' VALUE"):
        load(raw, marked)
    raw, marked = raw_config({})
    with pytest.raises(ConfigError, match="Mech:host is not read.*rename it to mech:host"):
        load({**raw, "Mech:host": "{}", "docker:host": "unix:///x", "pulumi:tags": "{}"}, marked)


RIGHT: dict[str, dict[str, Any]] = {
    "a zone of its own": {"domain": "staging.mech.is", "edge": {"plan": "enterprise"}},
    "a registry's second level": {"domain": "mech.co.uk"},
    "a larger plan": {"edge": {"plan": "business"}, "proxy": {"maxBodyMb": 200}},
    "an edge that waits": {"edge": {"plan": "enterprise", "readTimeoutS": 600}, "proxy": {"readTimeoutS": 600}},
    "a limit that was raised": {"edge": {"plan": "enterprise", "maxUploadMb": 2000}, "proxy": {"maxBodyMb": 2000}},
    "the edge's own number": {"proxy": {"readTimeoutS": 120}},
    "a number for a version of TLS": {"edge": {"minTlsVersion": 1.2}},
    "numbers and booleans": {"services": {"llm": {"environment": {"LIMIT": 5, "DEBUG": True, "RATE": 1.0}}}},
    "names like secrets that are none": {
        "services": {"llm": {"environment": {
            "MAX_TOKENS": 4096, "TOKEN_LIMIT": "100", "PUBLIC_KEY": "abc", "KEY_PREFIX": "a", "TLS_KEY": "/run/secrets/key.pem",
            "SESSION_TOKEN": "", "USE_API_KEY": True, "CORS_ORIGIN": "http://localhost:5173", "Log.Level": "a", "PORT": 3008,
        }}},
    },
    "another database elsewhere": {"services": {"search": {"environment": {"MONGODB_URI": "mongodb://nowhere:27017/mech"}}}},
    "another database of ours": {"services": {"search": {"environment": {"MONGODB_URI": "mongodb://mongodb:27017/other"}}}},
    "images by digest, by mirror": {
        "services": {"llm": {"image": f"localhost:5000/a/b_c.d@sha256:{'0' * 64}"}},
        "datastores": {"redis": {"image": "valkey/valkey:8"}, "mongodb": {"image": "r.example.com:5000/lib/mongo:7.0.14-jammy"}},
    },
    "networks": {"host": {"sshFrom": ["203.0.113.0/24", "2001:db8::/32", "10.0.0.0/8"]}, "edge": {"blocked": ["41.0.0.0/8", "10.77.0.19"]}},
    "numbers in quotes": {"host": {"dataVolumeGb": "100"}, "services": {"llm": {"port": "3003"}}},
    "a fleet": {"fleet": {"workers": 2, "managers": 3, "drained": ["mech-m2"]}, "services": {"llm": {"replicas": 4}}},
    "a fleet whose members are smaller than one host": {
        "host": {"plan": "vc2-2c-4gb"}, "fleet": {"workers": 3, "workerPlan": "vc2-1c-4gb"},
    },
    "a small host with little on it": {
        "host": {"plan": "vc2-2c-4gb"}, "datastores": {"redis": {"memoryMb": 256}, "mongodb": {"memoryMb": 512}},
        "services": {name: {"memoryMb": 256} for name in catalogue.SERVICES},
    },
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_what_a_sane_team_would_write_is_taken(name: str) -> None:
    assert mistakes(RIGHT[name]) == []


@pytest.mark.parametrize("password", ["a@b", "a/b", "a#b", "a?b", 'a"b', "a%b", "a b", "a'b", "ü€"])
def test_a_password_may_have_what_an_address_may_not(password: str) -> None:
    assert mistakes({}, {"REDIS_PASSWORD": password, "MONGODB_PASSWORD": password}) == []


def test_an_address_without_the_password_that_there_is_is_refused() -> None:
    sections = {"services": {"search": {"environment": {"MONGODB_URI": "mongodb://mongodb:27017/other"}}}}
    (said,) = mistakes(sections, {"MONGODB_PASSWORD": "s3cr3t"})
    assert "mech:MONGODB_PASSWORD is set, and this address has no password" in said


# -- whole files ------------------------------------------------------------------------------------------------

PLANTED = "pl4nted-s3cret-value"
_ODD = st.sampled_from(
    [*SECRETS.values(), PLANTED, "", " ", "\n", "\ud800", "NaN", "1e999", "0x10", "²", "::/0", "0.0.0.0/0", "-----BEGIN PRIVATE KEY-----"]
)  # fmt: skip
_TEXT = st.text(max_size=8) | _ODD
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)


def written(part: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Something that a person may write there: right, nearly right, or anything."""
    known = [*part.get("examples", []), *part.get("refused", [])]
    return _JSON | (st.sampled_from(known) if known else _JSON)


def section(part: dict[str, Any]) -> st.SearchStrategy[Any]:
    part = refused.leaf(part)
    if "$ref" in part:
        part = MODEL["$defs"][part["$ref"].rpartition("/")[2]]
    if "properties" in part:
        keys = {name: section(inner) for name, inner in part["properties"].items()}
        return st.fixed_dictionaries({}, optional=keys) | _JSON
    if "$ref" in part.get("additionalProperties", {}):
        names = st.sampled_from(sorted(catalogue.SERVICES)) | _TEXT
        return st.dictionaries(names, section(part["additionalProperties"]), max_size=3)
    return written(part)


FILES = st.fixed_dictionaries({}, optional={name: section(part) for name, part in MODEL["properties"].items()}).flatmap(
    lambda known: st.dictionaries(_TEXT, _JSON, max_size=1).map(lambda more: {**more, **known})
)


@settings(deadline=None, max_examples=150)
@given(FILES, st.booleans(), _JSON)
def test_no_file_makes_the_loader_crash_or_tell_a_secret(sections: dict[str, Any], hidden: bool, own: Any) -> None:
    raw, marked = raw_config({key: json.dumps(value) for key, value in {**sections, "serviceSecrets": own}.items()})
    raw["mech:REDIS_PASSWORD"] = PLANTED
    marked += ["mech:REDIS_PASSWORD", "mech:serviceSecrets", *(["mech:services"] if hidden else [])]
    try:
        load(raw, marked)
    except ConfigError as error:
        for said in error.mistakes:
            assert re.match(r"mech:|\S+ is not read", said) and len(said.splitlines()) == 1, said
            assert not LIBRARY.search(re.sub(r"'.*'|mech:\S+", "", said)), said
            said.encode()
            assert not any(value in said for value in [*SECRETS.values(), PLANTED]), said
