"""The cause, not the list: what is there, how bad it is, what only follows from something else, the true one first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mech_ops.diagnosis.causes import TABLE, Cause, Found
from mech_ops.diagnosis.causes.model import LAYERS, SEVERITIES, Severity
from mech_ops.diagnosis.look import Look, Missing
from mech_ops.diagnosis.mutes import Mute
from mech_ops.errors import FOUND, OK

_DEPTH = {layer: depth for depth, layer in enumerate(LAYERS)}


@dataclass(frozen=True)
class Named:
    """One cause that is there, with everything that was found of it."""

    cause: Cause
    found: tuple[Found, ...]
    severity: Severity
    failing: tuple[str, ...]  # services that fail, and that it harms
    after: tuple[str, ...] = ()  # causes that are there, too, and of which it is only a consequence

    @property
    def code(self) -> str:
        return self.cause.code

    @property
    def sentence(self) -> str:
        said = self.cause.words(self.found[0])[0]
        more = len(self.found) - 1
        return f"{said} (and {more} more like it)" if more else said

    @property
    def fix(self) -> str:
        return self.cause.words(self.found[0])[1]

    @property
    def key(self) -> str:
        return self.cause.words(self.found[0])[2]

    @property
    def evidence(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(found.prefix + shows for found in self.found for shows in found.evidence))

    @property
    def hosts(self) -> tuple[str, ...]:
        """Where it is, in a fleet."""
        return tuple(dict.fromkeys(found.host for found in self.found if found.host))

    @property
    def rank(self) -> tuple[bool, bool, int, bool, int, int, str]:
        notice, after = self.severity == "notice", bool(self.after)
        order = (SEVERITIES.index(self.severity), self.cause.fallback, -len(self.failing), _DEPTH[self.cause.layer])
        return (notice, after, *order, self.code)


@dataclass(frozen=True)
class Diagnosis:
    look: Look
    named: list[Named]
    skipped: dict[str, list[str]] = field(default_factory=dict)  # by reason, the codes that were not looked for
    looked_for: int = 0
    muted: Mapping[str, Mute] = field(default_factory=dict)  # by code, of those that are there; they are named last
    outgrown: Mapping[str, str] = field(default_factory=dict)  # by code, how one is worse than it was when it was muted

    @property
    def failing(self) -> dict[str, str]:
        return {name: view.state for name, view in self.look.views.items() if view.failing}

    @property
    def exit_code(self) -> int:
        """2 for a cause that is more than a notice, a service that fails, or a source that said nothing.

        What is muted, and what only follows from it, does not count; nor do the services that it makes fail.
        """
        read = {name for named in self.named if named.code in self.muted for name in named.cause.reads}
        wrong = (
            any(named.severity != "notice" and not self.quiet(named) for named in self.named)
            or self.alarming
            or any(f"{kind(source)}.silent" not in read for source in self.silent)
        )
        return FOUND if wrong else OK

    @property
    def silent(self) -> dict[str, str]:
        """Why a source said nothing, the hosts of a fleet by their names, too."""
        others = {f"host {name}": part["silent"].get("host") for name, part in self.look.bundle.members.items()}
        return self.look.bundle.silent | {source: why for source, why in others.items() if why}

    @property
    def alarming(self) -> set[str]:
        """Services that fail, without those that what is muted makes fail."""
        known = {name for named in self.named if named.code in self.muted for name in named.failing}
        return self.failing.keys() - known

    def quiet(self, named: Named) -> bool:
        """Whether it is muted, or only follows from what is."""
        return named.code in self.muted or any(code in self.muted for code in named.after)


def kind(source: str) -> str:
    """What a source is called in what causes read: a host of a fleet is a host."""
    return source.partition(" ")[0]


def diagnose(look: Look, mutes: Mapping[str, Mute] | None = None) -> Diagnosis:
    """Every cause is looked for; the fallbacks only for services that fail and that nothing else explains.

    `mutes` are those in force, by code.
    """
    skipped: dict[str, list[str]] = {}
    # A host that is alone is in no swarm.
    table = [cause for cause in TABLE.values() if look.hosts or cause.layer != "swarm"]
    found = {cause.code: there for cause in table if not cause.fallback and (there := _find(cause, look, skipped))}
    for one in (look, *look.hosts):
        one.explained = {name for there in found.values() for each in there for name in each.harms}
    found |= {cause.code: there for cause in table if cause.fallback and (there := _find(cause, look, skipped))}
    look.explained = set()
    named = sorted((_named(TABLE[code], there, found, look) for code, there in found.items()), key=lambda one: one.rank)
    muted = {one.code: mute for one in named if (mute := (mutes or {}).get(one.code))}
    worse = {
        one.code: how
        for one in named
        if one.code in muted and (how := muted[one.code].outgrown(one.severity, one.failing))
    }
    muted = {code: mute for code, mute in muted.items() if code not in worse}
    named.sort(key=lambda one: one.code in muted)
    looked_for = len(table) - len({code for codes in skipped.values() for code in codes})
    return Diagnosis(look, named, skipped, looked_for, muted, worse)


def _find(cause: Cause, look: Look, skipped: dict[str, list[str]]) -> tuple[Found, ...]:
    """Of a fleet on each host where it may be."""
    if not (cause.by_host and look.hosts):
        return _find_in(cause, look, skipped)
    return tuple(
        replace(found, host=found.host or one.host) for one in look.hosts for found in _find_in(cause, one, skipped)
    )


def _find_in(cause: Cause, look: Look, skipped: dict[str, list[str]]) -> tuple[Found, ...]:
    try:
        return tuple(cause.find(look))
    except Missing as why:
        reason = str(why)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        # Facts of a host can be odder than anybody thought; the other causes are looked for all the same.
        reason = f"its facts were not understood ({type(error).__name__}: {error})"
    skipped.setdefault(f"{look.host}: {reason}" if look.host else reason, []).append(cause.code)
    return ()


def _named(cause: Cause, found: tuple[Found, ...], all_: dict[str, tuple[Found, ...]], look: Look) -> Named:
    harmed = {name for one in found for name in one.harms}
    failing = tuple(sorted(harmed & look.failing))
    # In a fleet others serve on: without a service that fails it is no outage.
    severity: Severity = "degraded" if look.hosts and cause.floor == "outage" and not failing else cause.floor
    if failing and cause.floor != "notice":
        seen: Severity = "outage" if any(look.views[name].state == "down" for name in failing) else "degraded"
        severity = min(severity, seen, key=SEVERITIES.index)
    after = tuple(code for code in cause.follows if code in all_ and _meet(found, all_[code]))
    return Named(cause, found, severity, failing, after)


def _meet(found: tuple[Found, ...], other: tuple[Found, ...]) -> bool:
    """Whether one can follow from the other: where both say whom they harm, and where, it must be somebody in common."""
    harmed, theirs = ({name for one in some for name in one.harms} for some in (found, other))
    here, there = ({one.host for one in some if one.host} for some in (found, other))
    return all(not mine or not others or mine & others for mine, others in ((harmed, theirs), (here, there)))
