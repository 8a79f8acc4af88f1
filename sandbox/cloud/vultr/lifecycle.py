"""What happens to hosts behind the API: boots, power, firewall, disks, VPCs. Blocking; one thing at a time for each host."""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sandbox.cloud.store import Json, Store
from sandbox.host.model import HostSpec
from sandbox.settings import Settings

from . import networks
from .outer_firewall import host_rules

log = logging.getLogger("sandbox.vultr")


class Lifecycle:
    """`hosts` is the module `sandbox.host`, or a fake of it."""

    def __init__(self, store: Store, settings: Settings, hosts: Any) -> None:
        self.store, self.settings, self.hosts = store, settings, hosts
        self._locks: dict[str, threading.RLock] = {}
        self._guard = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="host")

    def close(self) -> None:
        """Wait for what is under way: a boot cut in half is slower to repair than to end."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def resume(self) -> None:
        """At start: end the boots that an earlier daemon was stopped in, and put firewalls back."""
        for record in self.store.all("instance"):
            if record["status"] == "pending":
                log.info("instance %s: its boot was interrupted; going on", record["id"])
                self.submit(record["id"], self.boot)
            elif self.state(record["id"]) == "running":
                self.submit(record["id"], self.firewall)
                self.submit(record["id"], self.vpcs)
            elif not record.get("_halted") and self.state(record["id"]) == "stopped":
                log.info("instance %s went down with the machine; starting it", record["id"])
                self.submit(record["id"], self.start)

    def submit(self, id: str, work: Callable[[str], None]) -> Future[None]:
        """Do it in the background; failures are logged, since nobody waits."""

        def run() -> None:
            try:
                work(id)
            except Exception:
                log.exception("instance %s: %s failed", id, getattr(work, "__name__", "work"))

        return self._pool.submit(run)

    def lock(self, id: str) -> threading.RLock:
        with self._guard:
            return self._locks.setdefault(id, threading.RLock())

    def state(self, id: str) -> str:
        """running, stopped or missing."""
        try:
            return str(self.hosts.state(self.settings, id))
        except Exception as error:
            log.error("instance %s: state unknown: %s", id, error)
            return "missing"

    def boot(self, id: str) -> None:
        """Bring a pending instance to active, wherever an earlier attempt ended; suspended where it cannot be."""
        with self.lock(id):
            record = self.store.get("instance", id)
            if record is None or record["status"] != "pending":
                return
            try:
                self._up(record)
            except Exception as error:
                log.error("instance %s (%s) did not boot: %s", id, record["label"] or record["hostname"], error)
                self._forget(id)
                why = str(error)
                # A status no client waits for: it stops waiting at once and shows it.
                self.store.update("instance", id, lambda r: r.update(status="suspended", _error=why))
                return

            def active(r: Json) -> None:
                r.update(
                    status="active", server_status="ok", main_ip=r["_address"],
                    netmask_v4="255.255.255.0", gateway_v4=self.settings.gateway,
                )  # fmt: skip

            self.store.update("instance", id, active)
            log.info("instance %s is active at %s", id, record["_address"])

    def _up(self, record: Json) -> None:
        state = self.state(record["id"])
        if state == "stopped" and record.get("_created"):
            self._plug(record["id"])
            self.hosts.start(self.settings, record["id"])
        elif state != "running":
            if state == "stopped":  # half made: its disk cannot be trusted
                self.hosts.destroy(self.settings, record["id"])
            self.hosts.create(self.settings, self.spec(record), networks.ports(record))
        self.store.update("instance", record["id"], lambda r: r.update(_created=True))
        self.firewall(record["id"])

    def spec(self, record: Json) -> HostSpec:
        """What to boot: keys and script as they were when the instance was asked for."""
        script = record["_script"]
        return HostSpec(
            id=record["id"], hostname=record["hostname"], address=record["_address"], disk_gb=record["disk"],
            ssh_keys=list(record["_ssh_keys"]),
            startup_script=base64.b64decode(script).decode("utf-8", "replace") if script else None,
            password=record["_password"],
        )  # fmt: skip

    def firewall(self, id: str) -> None:
        """Make the host's filter equal to its group's rules. No effect before the host exists."""
        with self.lock(id):
            record = self.store.get("instance", id)
            if record is None or self.state(id) == "missing":
                return
            self.hosts.set_firewall(
                self.settings, id, host_rules(self.store, self.settings, record["firewall_group_id"])
            )

    def vpcs(self, id: str) -> None:
        """Attach the host to its record's VPCs and no others. One that runs restarts for a new one, as people who
        measured it say of the real one, and the call returns when it is up again; it loses one while it runs."""
        with self.lock(id):
            record = self.store.get("instance", id)
            if record is None or self.state(id) == "missing":
                return
            new = set(networks.ports(record)) - set(self.hosts.vpcs(self.settings, id))
            if new and self.state(id) == "running":
                # A start, no reboot: what runs the host may be older than the sandbox's VPCs.
                self.hosts.halt(self.settings, id)
                self.start(id)
            else:
                self._plug(id)

    def _plug(self, id: str) -> None:
        record = self.store.get("instance", id)
        if record is not None:
            self.hosts.set_vpcs(self.settings, id, networks.ports(record))

    def start(self, id: str) -> None:
        with self.lock(id):
            self.store.update("instance", id, lambda r: r.update(_halted=False))
            if self.state(id) == "running":
                self.hosts.reboot(self.settings, id)  # as the real one: a start of a running machine restarts it
            else:
                self._plug(id)
                self.hosts.start(self.settings, id)
            self.firewall(id)

    def halt(self, id: str) -> None:
        with self.lock(id):
            self.store.update("instance", id, lambda r: r.update(_halted=True))
            if self.state(id) == "running":
                self.hosts.halt(self.settings, id)

    def reboot(self, id: str) -> None:
        with self.lock(id):
            self.store.update("instance", id, lambda r: r.update(_halted=False))
            if self.state(id) == "running":
                self.hosts.reboot(self.settings, id)
            else:
                self.hosts.start(self.settings, id)
            self.firewall(id)

    def destroy(self, id: str) -> None:
        """Remove the host and the record; blocks and reserved IPs are let go, not removed."""
        with self.lock(id):
            for block in self.attached_blocks(id):
                self.detach(block, id)
            self._forget(id)
            with self.store.transaction():
                for ip in self.store.all("reserved_ip"):
                    if ip["instance_id"] == id:
                        self.store.put("reserved_ip", ip["id"], {**ip, "instance_id": ""})
                self.store.delete("instance", id)

    def _forget(self, id: str) -> None:
        if self.state(id) != "missing":
            self.hosts.destroy(self.settings, id)

    def attached_blocks(self, id: str) -> list[Json]:
        return [block for block in self.store.all("block") if block["attached_to_instance"] == id]

    def attach(self, block: Json, id: str, live: bool) -> None:
        """Give the host the disk; without `live` the host restarts, as the real one does."""
        with self.lock(id):
            self.hosts.attach_block(self.settings, id, block["id"], block["mount_id"], self.image(block["id"]))
            self.store.update("block", block["id"], lambda b: b.update(attached_to_instance=id))
            if not live and self.state(id) == "running":
                self.hosts.reboot(self.settings, id)
                self.firewall(id)

    def detach(self, block: Json, id: str, live: bool = True) -> None:
        with self.lock(id):
            if self.state(id) != "missing":
                if not live and self.state(id) == "running":
                    self.hosts.halt(self.settings, id)
                self.hosts.detach_block(self.settings, id, block["id"])
                if not live:
                    self.hosts.start(self.settings, id)
                    self.firewall(id)
            self.store.update("block", block["id"], lambda b: b.update(attached_to_instance=""))

    def image(self, block: str) -> Path:
        return self.settings.blocks / f"{block}.img"
