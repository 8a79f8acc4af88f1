"""Which change of which resource loses data, purely. Property names are the providers'; sizes are GB.

Sources: `replaced_by` is what the providers' schemas mark as "a change replaces"; that an absent `attachedToInstance`
detaches is terraform-provider-vultr 2.27.1's own behaviour, seen on a running stack.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Values = Mapping[str, Any]

CONTAINER = "docker:index/container:Container"
RESERVED_IP = "vultr:index/reservedIp:ReservedIp"
INSTANCE = "vultr:index/instance:Instance"
IMAGE = "docker:index/remoteImage:RemoteImage"
CHANGES = ("replace", "delete", "detach", "shrink", "remount", "downgrade", "skip", "upgrade", "interrupt")
# Until a database of some MB that is made anew answers again: it ends, starts, and is looked at once (measured: 8 to 13).
OUTAGE_S = 15


def member(urn: str) -> str:
    """Of a fleet's host beside the first one, by its instance or address: its mark (w1, m2); empty for everything else."""
    found = re.fullmatch(r"host-([mw]\d+)-(?:address|instance)", urn.rpartition("::")[2])
    return found[1] if found else ""


@dataclass(frozen=True)
class Kind:
    """What one type of resource keeps. `attachment` and `size` name the inputs that take it off or cut it.

    `absent_detaches`: the plugin takes an attachment that is not declared for one that is not wanted.
    """

    what: str
    loses: str
    replaced_by: tuple[str, ...] = ()
    attachment: str = ""
    absent_detaches: bool = False
    size: str = ""


KINDS: Mapping[str, Kind] = {
    "vultr:index/blockStorage:BlockStorage": Kind(
        "block storage", "the databases would start empty on another volume",
        replaced_by=("region", "blockType"), attachment="attachedToInstance", absent_detaches=True, size="sizeGb",
    ),
    RESERVED_IP: Kind(
        "the reserved address", "every record and every key check that names it would be wrong, and Vultr gives it away",
        replaced_by=("region", "ipType"), attachment="instanceId",
    ),
    INSTANCE: Kind(
        "the protected instance", "all that is on its own disk would go with it",
        replaced_by=("region", "osId", "hostname", "imageId", "snapshotId", "appId", "userData", "userScheme"),
    ),
    CONTAINER: Kind("a container with data", "it would run on other data than now"),
}  # fmt: skip


# What a finding of any type is told with. An image keeps nothing; its version is judged in mech_infra.guard.versions.
_WORDS = {**KINDS, IMAGE: Kind("a database's image", "it would not start on them")}
# What a change costs where that is not what its type says.
_COSTS = {"upgrade": "what the new one writes the one before does not read, so only a backup leads back"}


@dataclass(frozen=True)
class Permission:
    """One entry of mech:allow: exactly this change of exactly this resource."""

    change: str
    resource: str

    @property
    def text(self) -> str:
        return f"{self.change} {self.resource}"


@dataclass(frozen=True)
class Backup:
    """Hours: how old the newest good snapshot is, and how old it may be, the RPO.

    The age is infinite where there is no snapshot yet, and None where the host does not say.
    """

    age_h: float | None
    rpo_h: float

    @property
    def why_not(self) -> str:
        """Why nobody may rely on it; empty where one may."""
        if self.age_h is None:
            return "the host does not say how old the newest good snapshot is"
        if math.isinf(self.age_h):
            return "there is no good snapshot yet"
        return (
            f"the newest good snapshot is {self.age_h:.0f} h old (RPO {self.rpo_h:g} h)"
            if self.age_h > self.rpo_h
            else ""
        )


@dataclass(frozen=True)
class Finding:
    """A change that loses data. `why` says what causes it, `instead` how to go without it."""

    type: str
    resource: str
    change: str
    why: str
    instead: str

    @property
    def permission(self) -> Permission:
        return Permission(self.change, self.resource)


def declared(type: str, name: str, old: Values, new: Values) -> Iterator[Finding]:
    """What the program's own words change: `old` is the state, `new` the inputs that are known before the plan."""
    kind = KINDS[type]
    for key in kind.replaced_by:
        had, wanted = _text(old.get(key)), _text(new.get(key))
        if _set(old.get(key)) and _set(new.get(key)) and had.lower() != wanted.lower():
            yield Finding(type, name, "replace", f"{key} {had} → {wanted} makes it anew", f"leave {key} at {had}")
    if kind.size and _number(new.get(kind.size)) < _number(old.get(kind.size)):
        had, wanted = (f"{_number(values.get(kind.size)):g} GB" for values in (old, new))
        yield Finding(type, name, "shrink", f"{had} → {wanted} cuts it", f"leave it at {had}")
    if type == CONTAINER:
        yield from _remounted(name, old, new)


def updated(type: str, name: str, old: Values, new: Values, ignored: Collection[str]) -> Iterator[Finding]:
    """What an update in place would do; `ignored` are the resource's ignore_changes, which no plugin acts on."""
    key = KINDS[type].attachment
    told = key in new or KINDS[type].absent_detaches
    if key and told and key not in ignored and _set(old.get(key)) and old[key] != new.get(key):
        yield Finding(type, name, "detach", f"{key} {_text(old[key])} → {_text(new.get(key))} takes it off its host",
                      f"declare {key}, or put it into ignore_changes")  # fmt: skip
    yield from declared(type, name, old, new)


def adopted(type: str, name: str, old: Values, id: Any) -> Iterator[Finding]:
    """What the import of another one in its place would do; `old` has its own id where the plugin tells it."""
    if isinstance(id, str) and _set(old.get("id")) and old["id"] != id:
        yield Finding(type, name, "replace", f"{id} would be adopted in place of {old['id']}",
                      f"take the import away, or import {old['id']}")  # fmt: skip


def replaced(type: str, name: str) -> Finding:
    return Finding(type, name, "replace", "it would be made anew, since its provider wants that or it is gone at the cloud",
                   "see `pulumi preview --diff` for the property (a new version of a plugin may be the cause); when it is gone "
                   "already, `pulumi refresh` says so, and then it may be made anew")  # fmt: skip


def interrupted(name: str, old: Values, new: Values) -> Finding:
    """A container with data is made anew: nothing is lost, and nobody else answers meanwhile."""
    keys = [key for key in ("image", "cpus") if _set(old.get(key)) and _set(new.get(key)) and old[key] != new[key]]
    what = ", ".join(f"{key} {_short(old[key])} → {_short(new[key])}" for key in keys) or "see `pulumi preview --diff`"
    return Finding(CONTAINER, name, "interrupt", f"outage of about {OUTAGE_S} s: there is one of it, and it is made anew ({what}); "
                   "what asks it meanwhile waits or fails", "leave that until it may, or take the change back")  # fmt: skip


def restarted(name: str) -> Finding:
    return Finding(INSTANCE, name, "interrupt", "outage of about a minute: Vultr restarts a host that is put onto a private network",
                   "leave mech:fleet out until that may be")  # fmt: skip


def unsaved(name: str, had: str, wanted: str, backup: Backup | None) -> Iterator[Finding]:
    """A database goes to its next major version: only beside a good snapshot that is younger than the RPO."""
    why, instead = "no backup is declared", "declare mech:backup, run pulumi up and `mech backup now`, then this again"
    if backup is not None:
        why, instead = backup.why_not, "run `mech backup now`, then this again"
    if why:
        yield Finding(IMAGE, name, "upgrade", f"{had} → {wanted} is another major version, and {why}", instead)


def missing(type: str, name: str) -> Finding:
    return Finding(type, name, "delete", "the program no longer declares it under this name and parent",
                   "declare it again, or give what was renamed an alias: opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name=…)])")  # fmt: skip


def same_thing(old: Values, new: Values) -> bool:
    """Whether both bear the label or name that only one of the platform's things bears."""
    return any(_set(old.get(key)) and old.get(key) == new.get(key) for key in ("label", "name"))


def mounts(values: Values) -> dict[str, str]:
    """Where a container's data are: target to `type:source`, of mounts and volumes that it may write to."""
    found = {}
    for mount in _maps(values.get("mounts")):
        if not mount.get("readOnly") and mount.get("type") in ("bind", "volume"):
            found[str(mount.get("target"))] = f"{mount['type']}:{mount.get('source') or ''}"
    for volume in _maps(values.get("volumes")):
        if not volume.get("readOnly") and volume.get("containerPath"):
            source = volume.get("hostPath") or volume.get("volumeName") or ""
            found[str(volume["containerPath"])] = f"{'bind' if volume.get('hostPath') else 'volume'}:{source}"
    return found


def keeps(type: str, outputs: Values, protect: bool) -> bool:
    """Whether this resource of the state keeps something: a container with data, an instance that is protected, …"""
    if type == CONTAINER:
        return bool(mounts(outputs))
    return type in KINDS and (protect or type != INSTANCE)


def sentence(finding: Finding) -> str:
    """What is wrong, what would be lost, and both ways out."""
    if finding.change == "interrupt":
        return (
            f"change-with-outage: {finding.resource}: {finding.why}. Instead: {finding.instead}. "
            f"If it is meant: pulumi config set --path 'mech:allow[0]' '{finding.permission.text}'"
        )
    cost = _COSTS.get(finding.change, _WORDS[finding.type].loses)
    return (
        f"{finding.resource} ({_WORDS[finding.type].what}): {finding.why}; {cost}. "
        f"Instead: {finding.instead}. If it is meant: pulumi config set --path 'mech:allow[0]' '{finding.permission.text}'"
    )


def _remounted(name: str, old: Values, new: Values) -> Iterator[Finding]:
    now = mounts(new)
    for target, source in mounts(old).items():
        if now.get(target) != source:
            yield Finding(CONTAINER, name, "remount", f"{target} is on {source}, and would be on {now.get(target, 'nothing')}",
                          f"mount {source} at {target}")  # fmt: skip


def _maps(value: Any) -> list[Values]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return []
    return [item for item in value if isinstance(item, Mapping)]


def _short(value: Any) -> str:
    return _text(value).removeprefix("sha256:")[:12]


def _set(value: Any) -> bool:
    return isinstance(value, str | int | float) and value not in ("", 0)


def _number(value: Any) -> float:
    """A size, or infinity where it is not told: nothing is smaller than that."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else float("inf")


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value) if _set(value) else "nothing"
