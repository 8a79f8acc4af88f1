"""What `mech recover` takes for an orphan, and what it leaves alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from mech_ops import backend, host_shell, orphans, recover
from mech_ops.errors import OpsError

INSTANCE = {
    "type": "creating",
    "resource": {"urn": "u", "type": "vultr:index/instance:Instance", "inputs": {"label": "mech"}},
}


def vendors(answers: dict[str, Any], deleted: list[str] | None = None) -> orphans.Vendors:
    def handle(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if request.method == "DELETE":
            if deleted is not None:
                deleted.append(path)
            return httpx.Response(204)
        return httpx.Response(200, json=answers[path]) if path in answers else httpx.Response(404, json={})

    client = httpx.Client(base_url="https://api", transport=httpx.MockTransport(handle))
    return orphans.Vendors(client, client)


def test_an_instance_that_the_state_does_not_know_is_an_orphan() -> None:
    listed = {"/instances": {"instances": [{"id": "1", "label": "mech"}, {"id": "2", "label": "other"}]}}
    found = vendors(listed).find(INSTANCE, set())
    assert [(orphan.how, orphan.where) for orphan in found] == [("vultr", "/instances/1")]


def test_what_the_state_knows_is_left_alone() -> None:
    listed = {"/instances": {"instances": [{"id": "1", "label": "mech"}]}}
    assert vendors(listed).find(INSTANCE, {"1"}) == []


def test_an_update_that_was_under_way_leaves_no_orphan() -> None:
    assert vendors({}).find({**INSTANCE, "type": "updating"}, set()) == []


def test_the_databases_block_storage_is_never_an_orphan() -> None:
    block = {
        "type": "creating",
        "resource": {"type": "vultr:index/blockStorage:BlockStorage", "inputs": {"label": "mech-data"}},
    }
    assert vendors({"/blocks": {"blocks": [{"id": "b", "label": "mech-data"}]}}).find(block, set()) == []


def test_a_record_with_another_address_is_not_ours() -> None:
    inputs = {"zoneId": "z", "name": "llm.mech.is", "type": "A", "content": "10.0.0.1"}
    record = {"type": "creating", "resource": {"type": "cloudflare:index/dnsRecord:DnsRecord", "inputs": inputs}}
    items = [
        {"id": "1", "name": "llm.mech.is", "content": "10.0.0.1"},
        {"id": "2", "name": "llm.mech.is", "content": "192.0.2.1"},
    ]
    deleted: list[str] = []
    at = vendors({"/zones/z/dns_records": {"result": items}}, deleted)
    for orphan in at.find(record, set()):
        at.remove(orphan)
    assert deleted == ["/zones/z/dns_records/1"]


def test_an_api_that_refuses_is_said() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        return httpx.Response(401, json={"error": "Invalid API token."})

    client = httpx.Client(base_url="https://api", transport=httpx.MockTransport(refuse))
    with pytest.raises(OpsError, match=r"GET https://api/instances answered 401; is its token set"):
        orphans.Vendors(client, client).find(INSTANCE, set())


def test_clearing_keeps_everything_else() -> None:
    state = {"version": 3, "deployment": {"resources": [{"id": "1"}], "pending_operations": [INSTANCE]}}
    assert recover.pending(state) == [INSTANCE]
    assert recover.cleared(state) == {"version": 3, "deployment": {"resources": [{"id": "1"}]}}


def test_the_host_is_reached_as_the_docker_provider_does() -> None:
    inputs = {"host": "ssh://root@192.0.2.1:22", "sshOpts": json.dumps(["-i", "key"])}
    state = {"deployment": {"resources": [{"type": "pulumi:providers:docker", "inputs": inputs}]}}
    argv = host_shell.command_for(state, "docker rm -f mech-queue")
    limits = ["ConnectTimeout=5", "ServerAliveInterval=5", "ServerAliveCountMax=3"]
    options = [part for limit in ("BatchMode=yes", *limits) for part in ("-o", limit)]
    assert argv == ["ssh", "-i", "key", *options, "-p", "22", "root@192.0.2.1", "docker rm -f mech-queue"]
    assert host_shell.command_for({"deployment": {}}, "x") is None


def test_a_lock_is_stale_when_its_process_is_gone(tmp_path: Path) -> None:
    lock = tmp_path / "lock.json"
    lock.write_text(json.dumps({"pid": 2**22 - 1, "hostname": os.uname().nodename}))
    assert backend.stale(lock)
    lock.write_text(json.dumps({"pid": 1, "hostname": "another-machine"}))
    assert not backend.stale(lock)


def test_a_half_written_note_beside_the_state_is_found(tmp_path: Path) -> None:
    stacks = tmp_path / ".pulumi" / "stacks" / "mech"
    stacks.mkdir(parents=True)
    (stacks / "prod.json").write_text("{}")
    (stacks / "prod.json.attrs").write_text("")
    (stacks / "other.json.attrs").write_text('{"md5": ""}')
    assert [note.name for note in backend.broken_notes(f"file://{tmp_path}")] == ["prod.json.attrs"]
    assert backend.broken_notes("s3://bucket") == []
