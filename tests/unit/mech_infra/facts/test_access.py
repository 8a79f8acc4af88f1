from __future__ import annotations

from mech_infra.facts.host.access import foreign_keys, foreign_listeners

from .conftest import recorded, told

OURS = recorded()["keys"][0]["key"]
PORTS = {80: "nginx", 443: "nginx", 3008: "nginx", 13008: ""}


def test_the_host_as_declared_shows_nothing() -> None:
    assert told(foreign_keys(f"{OURS} us@here"), recorded()) == []
    assert told(foreign_listeners(PORTS), recorded()) == []


def test_a_key_of_somebody_else() -> None:
    theirs = [{"key": OURS, "comment": "x"}, {"key": "ssh-rsa THEIRS", "comment": "a@b"}, {"key": "ssh-rsa 0123456789abcdef012", "comment": ""}]  # fmt: skip
    assert told(foreign_keys(OURS), recorded(keys=theirs)) == [
        "not ours: the key a@b may log in as root (left as it is)",
        "not ours: the key …3456789abcdef012 may log in as root (left as it is)",
    ]


def test_somebody_else_on_a_port_of_ours() -> None:
    facts = recorded(listeners=[{"port": 3008, "process": "python3"}, {"port": 13008, "process": "docker-proxy"},
                                {"port": 8080, "process": "python3"}])  # fmt: skip
    assert told(foreign_listeners(PORTS), facts) == ["not ours: port 3008 is held by python3 (left as it is)"]
