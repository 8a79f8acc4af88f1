"""Isolation: what of the host a container can reach. A hole in such a service is a hole in the host."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.family import Family
from policies.model import UNKNOWN, Unjudged
from policies.reading.containers import Container, mounts

rule = Family("services")
_CAPABILITIES = (
    "ALL", "SYS_ADMIN", "SYS_PTRACE", "SYS_MODULE", "SYS_RAWIO", "SYS_BOOT", "DAC_READ_SEARCH", "MAC_ADMIN", "MAC_OVERRIDE", "BPF",
)  # fmt: skip
# Whoever has one of these folders, also to read only, has Docker's socket, the keys, or the kernel's switches.
_FOLDERS = (
    "/", "/etc", "/root", "/root/.ssh", "/var", "/var/run", "/run", "/var/lib", "/var/lib/docker", "/proc", "/sys", "/dev", "/boot",
    "/lib", "/usr", "/home", "/etc/shadow", "/etc/sudoers", "/etc/sudoers.d", "/etc/ssh", "/etc/cron.d",
)  # fmt: skip
_SOCKETS = re.compile(r"(^|/)(docker|containerd|podman|crio)\.sock$")
_DEVICES = re.compile(r"/dev(/((s|v|xv|h)d[a-z]\d*|nvme\d.*|mem|kmem|port|mapper(/.*)?|dm-\d+|loop-control))?")


@rule.containers(
    "services-privileged",
    title="No privileged container",
    symptom="a hole in one service is a hole in the host",
    fix="remove privileged and added capabilities",
    severity="critical",
    cis=["5.4", "5.5"],
)
def privileged(container: Container) -> Iterator[str]:
    if container.once:
        return  # it ends with the command that runs as root already
    if container.get("privileged") is True:
        yield f"{container.label} is privileged"
    # In a network of its own it is what a VPN needs; none of the platform's services is one.
    network = ["NET_ADMIN"] if container.mech or container.mode("networkMode") == "host" else []
    for name in container.items("capabilities", "adds"):
        if str(name).upper().removeprefix("CAP_") in (*_CAPABILITIES, *network):
            yield f"{container.label} has capability {name}"


@rule.containers(
    "services-docker-socket",
    title="The host stays outside",
    symptom="a hole in one service is root on the host",
    fix="remove the mount",
    severity="critical",
    cis=["5.6", "5.32"],
)
def docker_socket(container: Container) -> Iterator[str]:
    unknown = False
    for mount in mounts(container) if not container.once else ():
        unknown = unknown or (mount.source is UNKNOWN and mount.kind == "bind")
        if isinstance(mount.source, str) and (_SOCKETS.search(mount.source) or mount.source in _FOLDERS):
            yield f"{container.label} mounts {mount.source} of the host"
        elif mount.source is UNKNOWN and isinstance(mount.target, str) and _SOCKETS.search(mount.target):
            yield f"{container.label} mounts {mount.target} of the host"
    if unknown:
        raise Unjudged(f"{container.name}.volumes")


@rule.containers(
    "services-host-namespace",
    title="Each container has its own namespaces",
    symptom="a hole in one service sees, stops and reads all processes of the host",
    fix="remove pidMode, ipcMode, utsMode, usernsMode and cgroupnsMode",
    severity="high",
    cis=["5.16", "5.17", "5.21", "5.25", "5.31"],
)
def host_namespace(container: Container) -> Iterator[str]:
    for key, what in _NAMESPACES.items():
        if container.mode(key) == "host" and not container.once:
            yield f"{container.label} shares the host's {what}"


_NAMESPACES = {
    "pidMode": "processes (pid: host)", "ipcMode": "memory (ipc: host)", "utsMode": "name (uts: host)",
    "usernsMode": "users (userns: host)", "cgroupnsMode": "control groups (cgroup: host)",
}  # fmt: skip


@rule.containers(
    "services-unconfined",
    title="The kernel's guards are on",
    symptom="a hole in one service reaches the kernel's rarely used calls",
    fix="remove unconfined from securityOpts, or name a profile of your own",
    severity="high",
    cis=["5.2", "5.3", "5.22", "5.26"],
)
def unconfined(container: Container) -> Iterator[str]:
    for option in container.items("securityOpts") if not container.once else ():
        said = str(option).replace("=", ":").strip().lower()
        if said in _OFF:
            yield f"{container.label} runs with {option}"


_OFF = (
    "seccomp:unconfined", "apparmor:unconfined", "label:disable", "label:type:unconfined_t", "systempaths:unconfined",
    "no-new-privileges:false",
)  # fmt: skip


@rule.containers(
    "services-host-disk",
    title="Disks and memory of the host stay outside",
    symptom="a hole in one service reads and writes the host's disk past all rights",
    fix="remove the device; mount a folder or a volume",
    severity="critical",
    cis=["5.18"],
)
def host_disk(container: Container) -> Iterator[str]:
    for device in container.maps("devices") if not container.once else ():
        path = device.get("hostPath")
        if isinstance(path, str) and _DEVICES.fullmatch(path.rstrip("/")):
            yield f"{container.label} has the device {path}"


@rule.containers(
    "services-device",
    title="Devices are meant",
    symptom="a service that can do more with the host than it needs",
    fix="keep only the devices that the service works with",
    severity="low",
    level="advisory",
    cis=["5.18"],
)
def device(container: Container) -> Iterator[str]:
    for given in container.maps("devices") if not container.once else ():
        path = given.get("hostPath")
        if isinstance(path, str) and not _DEVICES.fullmatch(path.rstrip("/")):
            yield f"{container.label} has the device {path}"
