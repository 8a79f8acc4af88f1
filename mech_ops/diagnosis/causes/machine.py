"""The host's machine: disks, memory, load, clock, packages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from mech_infra.facts.host import disks
from mech_ops.diagnosis.causes.model import Found, cause
from mech_ops.diagnosis.look import Look, seconds

_JUST_S = 600
_SKEW_S = 60
_WRITES = ("storage", "queue", "indexer", "memories", "search", "llm")


@cause(
    "DISK_FULL",
    "{sentence}",
    layer="machine",
    visitor="507 and 500 for what must be kept, jobs refused",
    guide="Disk Space Issues",
    reads=("host.space",),
    fix="{fix}",
    floor="degraded",
)
def disk_full(look: Look) -> Iterator[Found]:
    for said in disks.ShortOfSpace().tell({"space": look.fact("host.space")}, {}):
        text, _, fix = said.removeprefix("not well: ").partition(": ")
        harmed = tuple(name for name in look.services if name in _WRITES)
        yield Found(harmed, {"sentence": text, "fix": f"{fix}; docker image prune (never volumes)"}, (f"df: {text}",))


@cause(
    "LOG_LARGE",
    "{sentence}",
    layer="machine",
    visitor="nothing, until the disk is full",
    guide="Disk Space Issues",
    reads=("host.logs", "host.docker"),
    fix="{fix}",
    rules=("services-no-log-rotation",),
)
def log_large(look: Look) -> Iterator[Found]:
    seen = {"logs": look.fact("host.logs"), "docker": look.fact("host.docker")}
    for said in disks.LargeLogs().tell(seen, {}):
        text, _, fix = said.removeprefix("not well: ").partition(": ")
        yield Found((), {"sentence": text, "fix": fix if fix.startswith("logrotate") else "pulumi up"})


@cause(
    "VOLUME_NOT_MOUNTED",
    "{path} is not mounted: the databases write to the host's own disk, beside their data",
    layer="machine",
    visitor="their data is not there",
    guide="MongoDB Connection Issues",
    reads=("drift.mounted",),
    fix="pulumi up",
    floor="data",
    follows=("VOLUME_DETACHED",),
    rules=(
        "data-mongodb-volume",
        "data-on-instance",
    ),
)
def not_mounted(look: Look) -> Iterator[Found]:
    for item in look.drift("mounted"):
        harmed = tuple(sorted({*look.using("mongodb"), *look.using("redis")}))
        yield Found(harmed, {"path": item.label}, (f"mounts: {item.label} {item.there}",))


@cause(
    "VOLUME_READ_ONLY",
    "{path} is mounted read-only: nothing can be written there",
    layer="machine",
    visitor="503 for what must be kept",
    guide="Disk Space Issues",
    reads=("host.space",),
    fix="dmesg | tail -20 (a kernel that met a broken disk does it); mount -o remount,rw {path}",
    floor="data",
)
def read_only(look: Look) -> Iterator[Found]:
    for fs in look.fact("host.space"):
        if fs.get("read_only"):
            harmed = tuple(sorted({*look.using("mongodb"), *look.using("redis")}))
            yield Found(harmed, {"path": fs["path"]}, (f"statvfs {fs['path']}: read-only",))


@cause(
    "MEMORY_SHORT",
    "the host has {free} of {total} MiB memory left",
    layer="machine",
    visitor="slow answers, then 502",
    guide="Memory Issues",
    reads=("host.machine",),
    fix="docker stats --no-stream; lower what mech:services.NAME.memoryMb allows, or a larger mech:host.plan",
    key="mech:host.plan",
    rules=("services-over-plan",),
)
def memory_short(look: Look) -> Iterator[Found]:
    about = look.fact("host.machine")["memory"]
    if about["total"] and about["available"] < 0.05 * about["total"]:
        yield Found((), {"free": about["available"] >> 20, "total": about["total"] >> 20}, ("/proc/meminfo",))


@cause(
    "LOAD_HIGH",
    "the host's load is {load} on {cpus} cores",
    layer="machine",
    visitor="slow answers",
    guide="High CPU Usage",
    reads=("host.machine",),
    fix="docker stats --no-stream; top -b -n1 | head -15",
    key="mech:services.NAME.cpus",
    floor="notice",
)
def load_high(look: Look) -> Iterator[Found]:
    about = look.fact("host.machine")
    if min(about["load"][0], about["load"][1]) > 4 * about["cpus"]:
        yield Found((), {"load": about["load"][0], "cpus": about["cpus"]}, ("/proc/loadavg, 1 and 5 minutes",))


@cause(
    "CLOCK_WRONG",
    "the host's clock is {seconds} s {which} this machine's",
    layer="machine",
    visitor="signed requests (R2, tokens) are refused",
    guide="public reports: clock skew",
    reads=("host.machine",),
    fix="on the host: timedatectl; timedatectl set-ntp true",
    floor="degraded",
)
def clock_wrong(look: Look) -> Iterator[Found]:
    """Each look tells its time; a request of R2's may be 15 min off."""
    skew = look.fact("host.machine")["now"] - dt.datetime.fromisoformat(look.bundle.taken).timestamp()
    if abs(skew) > _SKEW_S:
        which = "before" if skew > 0 else "behind"
        yield Found((), {"seconds": f"{abs(skew):.0f}", "which": which}, ("its time, and ours when we asked",))


@cause(
    "REBOOT_REQUIRED",
    "the host waits for a reboot: packages were updated",
    layer="machine",
    visitor="nothing",
    guide="Weekly checklist: updates",
    reads=("host.machine",),
    fix="reboot it in a quiet hour; everything starts at boot",
    floor="notice",
)
def reboot_required(look: Look) -> Iterator[Found]:
    if look.fact("host.machine")["reboot_required"]:
        yield Found((), {}, ("/run/reboot-required",))


@cause(
    "HOST_REBOOTED",
    "the host was started {minutes} min ago",
    layer="machine",
    visitor="52x or 502 for the seconds of the boot",
    guide="Escalation: Infrastructure Failure",
    reads=("host.machine", "host.inspected"),
    fix="nothing: units and containers start at boot; why: journalctl -b -1 -n 50",
    floor="notice",
)
def rebooted(look: Look) -> Iterator[Found]:
    """A host that is new was started, too: then no container is older than its boot."""
    about = look.fact("host.machine")
    booted = about["now"] - about["uptime_s"]
    older = [name for name, one in look.fact("host.inspected").items() if seconds(one["created"]) < booted]
    if about["uptime_s"] < _JUST_S and older:
        shows = f"uptime {about['uptime_s']:.0f} s, and containers that are older: {', '.join(sorted(older)[:3])}"
        yield Found((), {"minutes": int(about["uptime_s"] // 60)}, (shows,))


@cause(
    "UNIT_FAILED",
    "units of systemd failed on the host: {units}",
    layer="machine",
    visitor="whatever they are for",
    guide="System Status Overview",
    reads=("host.machine",),
    fix="systemctl status {first}; journalctl -u {first} -n 30",
    floor="notice",
    follows=("NGINX_DOWN", "NGINX_CONFIG_REFUSED", "NGINX_PORT_TAKEN", "DOCKER_DOWN"),
)
def unit_failed(look: Look) -> Iterator[Found]:
    if failed := look.fact("host.machine")["failed_units"]:
        yield Found((), {"units": ", ".join(failed), "first": failed[0]}, ("systemctl --failed",))


@cause(
    "PACKAGE_MISSING",
    "{label}: {there}",
    layer="machine",
    visitor="nothing at first",
    guide="System Status Overview",
    reads=("drift.package",),
    fix="pulumi up",
)
def package_missing(look: Look) -> Iterator[Found]:
    for item in look.drift("package"):
        yield Found((), {"label": item.label, "there": item.there})


@cause(
    "APT_LOCKED",
    "{who} holds the package lock: the host's first set-up waits for it",
    layer="machine",
    visitor="nothing",
    guide="public reports: apt lock at first boot",
    reads=("host.machine",),
    fix="wait until it is done: ps aux | grep -E 'apt|dpkg|unattended'",
    floor="notice",
)
def apt_locked(look: Look) -> Iterator[Found]:
    if who := look.fact("host.machine")["apt_lock"]:
        yield Found((), {"who": who}, ("/var/lib/dpkg/lock-frontend",))


@cause(
    "FILE_EDITED",
    "{path} is {there}",
    layer="machine",
    visitor="nothing at first",
    guide="by drift",
    reads=("drift.file",),
    fix="pulumi up",
)
def file_edited(look: Look) -> Iterator[Found]:
    """Of our files, those that no other cause speaks of."""
    for item in look.drift("file"):
        if not any(part in item.label for part in ("/.env", "/nginx/", "logrotate", "redis", "mongodb")):
            yield Found((), {"path": item.label, "there": item.there})


@cause(
    "SSH_KEY_FOREIGN",
    "{sentence}",
    layer="machine",
    visitor="nothing",
    guide="Unauthorized Access",
    reads=("host.told",),
    fix="if nobody knows it: remove the line from /root/.ssh/authorized_keys, then change every secret",
    floor="risk",
)
def foreign_key(look: Look) -> Iterator[Found]:
    for said in look.told("may log in as root"):
        yield Found((), {"sentence": said})
