"""Vultr for the replay: the sandbox's own API, in this process, with what the recorded requests say is there.

The engine's requests hold the state of every resource; from these come the account's records. What the answers hold
is never looked at, but for one thing: an id that the API makes is the recorded one, so that later requests find it.
"""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox import credentials
from sandbox.cloud import Store, vultr_app
from sandbox.providers.fields import snake
from sandbox.settings import Settings
from tests.parity.hand import Edits
from tests.parity.recordings import Call, Json
from tests.unit.cloud.rig import FakeHosts

KEY = "parity-key"
_KINDS = {
    "vultr:index/sSHKey:SSHKey": "ssh_key",
    "vultr:index/startupScript:StartupScript": "startup_script",
    "vultr:index/firewallGroup:FirewallGroup": "firewall_group",
    "vultr:index/reservedIp:ReservedIp": "reserved_ip",
    "vultr:index/blockStorage:BlockStorage": "block",
    "vultr:index/instance:Instance": "instance",
}
_RULE = "vultr:index/firewallRule:FirewallRule"


def states(calls: Iterable[Call]) -> dict[tuple[str, str], Json]:
    """Each resource's state as the first request that holds it has it, by (token, id)."""
    found: dict[tuple[str, str], Json] = {}
    for call in calls:
        state = call.request.get("olds") if call.method in ("Diff", "Update") else call.request.get("properties")
        if call.request.get("id") and state:
            found.setdefault((call.token, call.request["id"]), state)
    return found


class VultrWorld:
    def __init__(self, store: Store, hosts: FakeHosts, url: str) -> None:
        self.store, self.hosts, self.url = store, hosts, url
        self.next_id = ""

    def begin(self, calls: list[Call], edits: Edits) -> None:
        """The account as it was when a step's first call came."""
        for kind in {*_KINDS.values(), *(record for record in self._rule_kinds())}:
            for record in self.store.all(kind):
                self.store.delete(kind, str(record["id"]))
        known = states(calls)
        for (token, id), state in known.items():
            if token in _KINDS:
                self.store.put(_KINDS[token], id, _record(token, id, state))
            elif token == _RULE:
                self.store.put(
                    f"firewall_rule:{state['firewallGroupId']}", id, {**_record(token, id, state), "id": int(id)}
                )
        self._relations(known)
        for kind, label, change in edits.vultr:
            self._edit(kind, label, change)

    def _rule_kinds(self) -> list[str]:
        return [f"firewall_rule:{group['id']}" for group in self.store.all("firewall_group")]

    def _relations(self, known: dict[tuple[str, str], Json]) -> None:
        """What one thing does to another: an instance holds its address, an attach command ties the volume."""
        for (token, id), state in known.items():
            if token.endswith(":Instance") and state.get("reservedIpId"):
                self.hosts.states[id] = "running"
                self.store.update("reserved_ip", state["reservedIpId"], lambda ip, id=id: ip.update(instance_id=id))
            if token == "command:local:Command" and "BLOCK" in (state.get("environment") or {}):
                names = state["environment"]
                self.hosts.blocks[names["BLOCK"]] = names["INSTANCE"]
                self.store.update(
                    "block", names["BLOCK"], lambda b, names=names: b.update(attached_to_instance=names["INSTANCE"])
                )

    def _edit(self, kind: str, label: str, change: Json | None) -> None:
        kinds = self._rule_kinds() if kind == "firewall_rule" else [kind]
        for name in kinds:
            for record in self.store.all(name):
                if label in (record.get("label"), record.get("port")):
                    if change is None:
                        self.store.delete(name, str(record["id"]))
                    else:
                        self.store.put(name, str(record["id"]), {**record, **change})


def _record(token: str, id: str, state: Json) -> Json:
    told = {snake(name): value for name, value in state.items() if value is not None and not name.startswith("__")}
    if token.endswith(":Instance"):
        told = {"image_id": "", "snapshot_id": "", **told, "_reserved_ip": state.get("reservedIpId", "")}
    told.pop("live", None)  # the plugin's own: the API does not have it
    return {**told, "id": id}


@contextmanager
def running(folder: Path) -> Iterator[VultrWorld]:
    """The API on loopback, in a thread."""
    settings = Settings("parity", folder, folder / "cache", 7)
    credentials.ensure(settings, {"vultr_api_key": KEY})
    (folder / "cloud.json").write_text('{"vultr_per_second": 100000}')
    store, hosts = Store(folder / "cloud.sqlite"), FakeHosts()
    world = VultrWorld(store, hosts, "")
    real, loop, ready = uuid.uuid4, asyncio.new_event_loop(), threading.Event()
    runner: list[web.AppRunner] = []

    async def start() -> None:
        runner.append(web.AppRunner(vultr_app(store, settings, hosts)))
        await runner[0].setup()
        site = web.TCPSite(runner[0], "127.0.0.1", 0)
        await site.start()
        port = runner[0].addresses[0][1]
        world.url = f"http://127.0.0.1:{port}/v2"
        ready.set()

    def serve() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(start())
        loop.run_forever()

    def next_id() -> Any:
        id, world.next_id = world.next_id, ""
        return uuid.UUID(id) if id else real()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    ready.wait(10)
    uuid.uuid4 = next_id
    try:
        yield world
    finally:
        uuid.uuid4 = real
        asyncio.run_coroutine_threadsafe(runner[0].cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        store.close()
