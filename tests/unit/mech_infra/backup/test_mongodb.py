"""What MongoDB has, by what its shell prints; each call of the shell costs the server's cores a second."""

from __future__ import annotations

import re

import pytest

from mech_infra.backup import child, mongodb

# As mongosh prints them, and as the sandbox's does.
WIDE = """{{
  cursor: {{
    id: Long('0'),
    ns: '{0}.$cmd.listCollections',
    firstBatch: [
{1}    ]
  }},
  ok: 1
}}
"""
NARROW = "{{ cursor: {{ id: 0, ns: '{0}.$cmd.listCollections', firstBatch: [ {1} ] }}, ok: 1 }}\n"
HAS = {"mech": {"jobs": 4459, "it's": 2, "system.views": 1}, "other": {"a.b": 0}, "empty": {}}


class Server:
    def __init__(self, form: str) -> None:
        self.form, self.calls = form, 0

    def __call__(self, *argv: str, limit_s: float, given: bytes = b"") -> child.Done:
        self.calls += 1
        said = "".join(self.said(line) for line in given.decode().splitlines())
        return child.Done(0, said, "")

    def said(self, line: str) -> str:
        if "listDatabases" in line:
            return "{ databases: [ " + ", ".join(f"{{ name: '{name}' }}" for name in ("admin", *HAS)) + " ], ok: 1 }\n"
        database = re.findall(r'getSiblingDB\("(\w+)"\)', line)[0]
        if "listCollections" in line:
            items = "".join(f"{{ name: '{name}', type: 'collection' }},\n" for name in HAS[database])
            return self.form.format(database, items + "{ name: 'seen', type: 'view' }\n")
        [name] = re.findall(r'getCollection\("(.*?)"\)', line)
        return f"{HAS[database].get(name, 0)}\n"


@pytest.mark.parametrize("form", [WIDE, NARROW], ids=["mongosh", "sandbox"])
def test_every_collection_is_counted_in_three_calls(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    server = Server(form)
    monkeypatch.setattr(child, "run", server)
    found = mongodb.live()
    assert found["mech.jobs"] == 4459 and found["other.a.b"] == 0
    assert not any("system" in name or "seen" in name for name in found)
    assert server.calls == 3
    assert mongodb.counted(["mech.jobs", "mech.gone"]) == {"mech.jobs": 4459, "mech.gone": 0}
    assert server.calls == 4


def test_a_server_without_a_collection_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "run", lambda *argv, limit_s, given: child.Done(0, "{ databases: [], ok: 1 }\n", ""))
    assert mongodb.live() == {}


def test_a_canary_is_put_in_and_the_version_read_in_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def shell(*argv: str, limit_s: float, given: bytes) -> child.Done:
        calls.append(given.decode())
        return child.Done(0, "7.0.14\n", "")

    monkeypatch.setattr(child, "run", shell)
    assert mongodb.plant("id-1", "the-value") == "7.0.14"
    assert len(calls) == 1 and "deleteMany" in calls[0] and '{"_id": "id-1", "value": "the-value"}' in calls[0]
