"""Create, start, stop, remove hosts; attach disks. Blocking; callers take care of one thing at a time a host."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from sandbox import network, switch
from sandbox.host import blocks, cgroups, firewall, ports, rootfs
from sandbox.host.model import FirewallRule, HostError, HostSpec, Place, Port, State
from sandbox.host.run import quiet, read_json, run, started, wait_for, write_json
from sandbox.settings import Settings

_SSHD_S = 60.0  # a busy machine of two cores boots eight at once
_GRACE_S = 12.0  # to power off by itself before the plug is pulled


def ensure_rootfs(settings: Settings, progress: Callable[[str], None]) -> None:
    """Build what hosts boot from unless it is cached (about 1 min). Raises HostError."""
    rootfs.ensure(settings, progress)


def create(settings: Settings, spec: HostSpec, wanted: Sequence[Port] = ()) -> None:
    """Boot a new host that is in the `wanted` VPCs; returns when sshd listens (its start-up script may still run).

    Raises HostError.
    """
    place = Place(settings, spec.id)
    if place.spec.exists():
        raise HostError(f"host {spec.id} exists already")
    if not rootfs.ready(settings):
        raise HostError("the hosts' system is not built; run `make up` (or: mech sandbox start)")
    place.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    place.system.write_text(rootfs.system(settings).name + "\n")
    place.disk.unlink(missing_ok=True)
    with place.disk.open("wb") as image:
        image.truncate(spec.disk_gb * 2**30)
    # No journal: a host that is killed loses nothing (the machine's page cache lives on).
    run(
        [
            "mkfs.ext4",
            "-q",
            "-F",
            "-O",
            "^has_journal",
            "-E",
            "lazy_itable_init=1,nodiscard",
            "-m",
            "0",
            str(place.disk),
        ]
    )
    ports.keep(place, wanted)
    write_json(place.spec, asdict(spec))
    start(settings, spec.id)


def start(settings: Settings, id: str) -> None:
    """Boot a host that is stopped; nothing happens if it runs. Raises HostError."""
    place = _known(settings, id)
    if state(settings, id) == "running":
        return
    network.up(settings)
    settings.logs.mkdir(parents=True, exist_ok=True)
    command = ["unshare", "--mount", "--propagation", "private",
               sys.executable, "-m", "sandbox.host.supervisor", settings.name, id]  # fmt: skip
    place.runtime.unlink(missing_ok=True)
    with place.log.open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=_environment(settings),
        )
    _await_sshd(place, 1, process)


def halt(settings: Settings, id: str) -> None:
    """Power off: asks the host's systemd, and pulls the plug when it does not obey within 12 s."""
    place = _known(settings, id)
    init = _init(place)
    if init:
        _signal(init, signal.SIGRTMIN + 4)
        wait_for(lambda: _init(place) is None, _GRACE_S)
    _pull_plug(place)


def reboot(settings: Settings, id: str) -> None:
    """Restart; returns when sshd listens again."""
    place = _known(settings, id)
    init = _init(place)
    boots = read_json(place.runtime).get("boots", 0)
    if init:
        _signal(init, signal.SIGRTMIN + 5)
        if wait_for(lambda: _init(place) not in (None, init), _GRACE_S):
            _await_sshd(place, boots + 1, None)
            return
    _pull_plug(place)
    start(settings, id)


def destroy(settings: Settings, id: str) -> None:
    """Remove a host, whatever state it is in: processes, namespaces, mounts, loop devices, disk, firewall."""
    place = Place(settings, id)
    _pull_plug(place)
    with contextlib.suppress(HostError):
        blocks.release(place)
    for device in blocks.loops(place.disk):
        quiet(["losetup", "-d", device])
    cgroups.remove(place.cgroup)
    if Path(f"/sys/class/net/{place.veth}").exists():
        quiet(["ip", "link", "del", place.veth])
    switch.unplug(place, ports.attached(place))
    quiet(["nft", "-f", "-"], firewall.script(place, None))
    shutil.rmtree(place.folder, ignore_errors=True)
    place.log.unlink(missing_ok=True)


def state(settings: Settings, id: str) -> State:
    """running (or on its way up), stopped, or missing."""
    place = Place(settings, id)
    if not place.spec.exists():
        return "missing"
    return "running" if _supervisor(place) is not None else "stopped"


def ids(settings: Settings) -> list[str]:
    """All hosts of the sandbox, half-made ones too."""
    return sorted(folder.name for folder in settings.hosts.glob("*") if folder.is_dir())


def set_firewall(settings: Settings, id: str, rules: list[FirewallRule] | None) -> None:
    """Let in what `rules` accept and nothing else, at once and without cutting open connections; None lets all in."""
    place = _known(settings, id)
    network.up(settings)
    run(["nft", "-f", "-"], firewall.script(place, rules))


def attach_block(settings: Settings, id: str, block_id: str, mount_id: str, image: Path) -> None:
    """Show `image` in the host as /dev/disk/by-id/virtio-<mount_id>, now and after every boot. Raises HostError."""
    place = _known(settings, id)
    attached = read_json(place.blocks)
    entry = attached.get(block_id) or {"mount_id": mount_id, "image": str(image), "letter": blocks.free_letter(place)}
    show = blocks.show("/dev", mount_id, entry["letter"], blocks.loop(image))
    write_json(place.blocks, {**attached, block_id: entry})
    init = _init(place)
    if init:
        run(["nsenter", "-t", str(init), "-m", *show])


def detach_block(settings: Settings, id: str, block_id: str) -> None:
    """Take the disk away; what still mounts it keeps reading it until it lets go. Nothing happens if not attached."""
    place = _known(settings, id)
    attached = read_json(place.blocks)
    entry = attached.pop(block_id, None)
    if entry is None:
        return
    init = _init(place)
    if init:
        there = ["nsenter", "-t", str(init), "-m"]
        node = f"/dev/vd{entry['letter']}"
        quiet([*there, "umount", node])
        quiet([*there, "rm", "-f", node, f"/dev/disk/by-id/virtio-{entry['mount_id']}"])
    for device in blocks.loops(Path(entry["image"])):
        quiet(["losetup", "-d", device])
    write_json(place.blocks, attached)


def vpcs(settings: Settings, id: str) -> list[Port]:
    """The VPCs that the host is attached to."""
    return ports.attached(_known(settings, id))


def set_vpcs(settings: Settings, id: str, wanted: Sequence[Port]) -> None:
    """Attach the host to these VPCs and no others, at once if it runs, and at every boot. Raises HostError."""
    place = _known(settings, id)
    ports.change(place, _init(place), wanted)


def remove_vpc(settings: Settings, vpc: str) -> None:
    """Remove what the machine keeps of a VPC that no host is attached to any more."""
    switch.remove(settings, vpc)


def sweep(settings: Settings) -> None:
    """Remove what hosts that were killed half-made left behind: folders, groups, cables."""
    for id in ids(settings):
        if not Place(settings, id).spec.exists():
            destroy(settings, id)
    prefix = f"mech{settings.index}-"
    known = {Place(settings, id).cgroup for id in ids(settings)}
    for name in cgroups.names(prefix) - known:
        for pid in cgroups.processes(name):
            _signal(pid, signal.SIGKILL)
        cgroups.remove(name)


def init_pid(settings: Settings, id: str) -> int | None:
    """The pid, on the machine, of the host's systemd; None while it is down."""
    return _init(_known(settings, id))


def _known(settings: Settings, id: str) -> Place:
    place = Place(settings, id)
    if not place.spec.exists():
        raise HostError(f"there is no host {id} in sandbox {settings.name}")
    return place


def _alive(place: Place, what: str) -> int | None:
    note = read_json(place.runtime)
    pid = note.get(what)
    return pid if pid and started(pid) == note.get(f"{what}_started") else None


def _init(place: Place) -> int | None:
    return _alive(place, "init")


def _supervisor(place: Place) -> int | None:
    return _alive(place, "supervisor")


def _pull_plug(place: Place) -> None:
    supervisor = _supervisor(place)
    if supervisor:
        _signal(supervisor, signal.SIGTERM)
        if not wait_for(lambda: started(supervisor) is None, 10):
            _signal(supervisor, signal.SIGKILL)
    for pid in cgroups.processes(place.cgroup):  # a supervisor that was killed takes them along; never rely on it
        _signal(pid, signal.SIGKILL)
    wait_for(lambda: not cgroups.processes(place.cgroup), 5)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _await_sshd(place: Place, boot: int, process: subprocess.Popen[bytes] | None) -> None:
    def up() -> bool:
        if process and process.poll() is not None:
            return True
        init = _init(place)
        return init is not None and read_json(place.runtime).get("boots", 0) >= boot and _listens(init, 22)

    good = wait_for(up, _SSHD_S)
    if process and process.poll() is not None:
        said = read_json(place.runtime).get("error") or place.log.read_text(errors="replace").strip()[-400:]
        raise HostError(f"host {place.id} ended while booting: {said}")
    if not good and process:
        raise HostError(f"host {place.id}: no sshd within {_SSHD_S:.0f} s of its boot; read {place.log}")


def _listens(pid: int, port: int) -> bool:
    """Whether something listens on TCP `port` in the network namespace of `pid`; sends nothing."""
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and fields[1].endswith(f":{port:04X}"):
                    return True
    return False


def _environment(settings: Settings) -> dict[str, str]:
    # Its own settings, whatever the caller's were; and no secrets of the caller.
    root = str(Path(__file__).resolve().parents[2])
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "PYTHONPATH": root,
        "MECH_SANDBOX_STATE": str(settings.state.parent),
        "MECH_CACHE": str(settings.cache),
        "LC_ALL": "C.UTF-8",
    }


def describe(settings: Settings, id: str) -> dict[str, str]:
    """Hostname, addresses and state, for people."""
    place = _known(settings, id)
    spec = json.loads(place.spec.read_text())
    addresses = ", ".join([spec["address"], *(port.address for port in ports.attached(place))])
    return {"hostname": spec["hostname"], "address": addresses, "state": state(settings, id)}
