"""The guard in the program: it knows what the stack has, and looks at each resource before it is declared and in the plan.

Two looks, since each sees what the other cannot. Before a resource is declared, its inputs against the state: refused at
once, also with --skip-preview. At its step of the plan (resource hooks, in previews too): what only the provider knows,
such as a new version of a plugin that wants to make it anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import pulumi
from pulumi._types import input_type_to_dict, is_input_type
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import get_monitor

from mech_infra.facts.host import trip
from mech_infra.facts.model import Unreachable
from mech_infra.guard import judging, versions
from mech_infra.guard.judging import CONTAINER, IMAGE, INSTANCE, KINDS, Backup, Finding, Permission
from mech_infra.state import State

Json = dict[str, Any]


# Of changes that lose no data; the worst first.
_WHY = {
    "downgrade": "a database would not start on its data", "skip": "a database would not start on its data",
    "upgrade": "there would be no way back", "interrupt": "it interrupts",
}  # fmt: skip


class Refused(pulumi.RunError):
    """The plan would lose data, leave them without a database that reads them, or take the way back.

    `findings` say what, the text also how to go without, for people.
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = findings
        lines = [f"  - {judging.sentence(finding)}" for finding in findings]
        whys = [_WHY.get(finding.change, "data would be lost") for finding in findings]
        why = next(words for words in ("data would be lost", *_WHY.values()) if words in whys)
        super().__init__("\n".join([f"refused, since {why}; nothing was changed:", *lines]))


class Guard:
    """What a stack keeps. `watch` before the first resource, `finish` after the last one.

    Both, and the plan, raise Refused for a change that loses data and that `allowed` does not name.
    """

    def __init__(
        self, allowed: Iterable[Permission], protect: bool, state: State, outage: Literal["tell", "refuse"] = "tell"
    ) -> None:
        self._allowed = frozenset(allowed)
        self._prefix = f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::"
        self._old = {
            urn: found["outputs"] for urn, found in state.items()
            # What the hosts beside the first one have is everybody's, and they come and go.
            if judging.keeps(found["type"], found["outputs"], protect) and not judging.member(urn)
        }  # fmt: skip
        self._images = {_name(urn): found["outputs"] for urn, found in state.items() if found["type"] == IMAGE}
        # By which the host is asked, as the stack's last run knew it.
        self._access = next(
            (found["outputs"]["access"] for found in state.values() if "host" in (found["outputs"].get("access") or {})), None
        )  # fmt: skip
        self._protect, self._outage = protect, outage
        self._types: dict[pulumi.Resource, str] = {}  # with the parents' types, as a URN has them
        self._aliased: set[pulumi.Resource] = set()
        self._declared: set[str] = set()
        self._ignored: dict[str, Sequence[str]] = {}
        self._renamed: set[str] = set()  # types of which an aliased resource is declared under a URN that is new
        self._hooks: pulumi.ResourceHookBinding | None = None
        self._watching = True

    def watch(self) -> None:
        """Look at every resource that is declared from now on."""
        if not isinstance(get_monitor(), MockMonitor):  # mocks have no plan
            early = pulumi.ResourceHookOptions(on_dry_run=True)
            self._hooks = pulumi.ResourceHookBinding(
                before_create=[pulumi.ResourceHook("mech-guard-create", self._created, early)],
                before_update=[pulumi.ResourceHook("mech-guard-update", self._updated, early)],
            )
        pulumi.runtime.register_stack_transformation(self._look)

    def images(self, wanted: Mapping[str, str], backup: Callable[[Json], Backup | None] = lambda facts: None) -> None:
        """Look at the databases' images, by database, before anything is declared; the host is asked only for another one.

        `backup`: how old the newest good snapshot is, by what the host says (nothing where it is silent); None where no
        backup is declared.
        """
        for database, judge in (("mongodb", versions.mongodb), ("redis", versions.redis)):
            had = self._images.get(f"images-{database}", {}).get("name")
            if had and had != wanted[database]:
                facts = self._facts()
                about = facts.get(database) or {}
                self._refuse(judge(had, wanted[database], about))
                saved = backup(facts)
                # Under mocks the host cannot be asked; the plan asks it.
                known = saved is None or saved.age_h is not None or self._hooks
                if known and versions.next_major(database, had, wanted[database], about):
                    self._refuse(judging.unsaved(f"images-{database}", had, wanted[database], saved))

    def restart(self, instance: str, outputs: Json | None) -> None:
        """An instance that the stack has (its outputs) is put onto its first private network."""
        if outputs is not None and not outputs.get("vpcIds"):
            self._interrupt(judging.restarted(instance))

    def finish(self) -> None:
        """Look at what the program no longer declares, and name the permissions that still stand."""
        self._watching = self._hooks is not None  # mocks keep one root, with this guard, for the next program
        gone = [urn for urn in self._old if urn not in self._declared and _type(urn) not in self._renamed]
        self._refuse(judging.missing(_type(urn), _name(urn)) for urn in gone)
        for permission in sorted(self._allowed, key=lambda one: one.text):
            pulumi.log.warn(f"mech:allow permits `{permission.text}`: take it out of the stack's config afterwards")

    # -- before a resource is declared --------------------------------------------------------------------------

    def _look(self, args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not self._watching:
            return None
        parent = args.opts.parent
        above = self._types.get(parent) if parent is not None else None
        self._types[args.resource] = kind = f"{above}${args.type_}" if above else args.type_
        if args.opts.aliases or parent in self._aliased:
            self._aliased.add(args.resource)
        if args.type_ not in KINDS:
            return None
        urn = f"{self._prefix}{kind}::{args.name}"
        self._declared.add(urn)
        self._ignored[urn] = args.opts.ignore_changes or ()
        if (old := self._old.get(urn)) is not None:
            new = _inputs(args.props)
            if args.type_ != CONTAINER or new is not None:
                self._refuse(judging.declared(args.type_, args.name, old, new or {}))
            self._refuse(judging.adopted(args.type_, args.name, old, args.opts.import_))
        elif args.resource in self._aliased:
            self._renamed.add(args.type_)
        else:
            self._refuse_renamed(args.type_, _inputs(args.props) or {})
        if self._hooks is None or (args.type_ == INSTANCE and not self._protect):
            return None
        hooks = pulumi.ResourceOptions(hooks=self._hooks)
        return pulumi.ResourceTransformationResult(args.props, pulumi.ResourceOptions.merge(args.opts, hooks))

    def _refuse_renamed(self, type_: str, new: Json) -> None:
        """What the stack has is declared anew under another URN: `finish` would see it, when the new one is made."""
        for urn, old in self._old.items():
            if _type(urn) == type_ and urn not in self._declared and judging.same_thing(old, new):
                self._refuse([judging.missing(type_, _name(urn))])

    # -- in the plan --------------------------------------------------------------------------------------------

    def _created(self, args: pulumi.ResourceHookArgs) -> None:
        old = self._old.get(args.urn)
        # The engine's own `protect` refuses to replace an instance; one that is gone at Vultr is made anew.
        if old is None or args.type == INSTANCE:
            return
        if args.type == CONTAINER:
            self._refuse(judging.declared(args.type, args.name, old, args.new_inputs or {}))
            self._interrupt(judging.interrupted(args.name, old, args.new_inputs or {}))
        else:
            self._refuse([judging.replaced(args.type, args.name)])

    def _updated(self, args: pulumi.ResourceHookArgs) -> None:
        ignored = self._ignored.get(args.urn, ())
        self._refuse(judging.updated(args.type, args.name, args.old_outputs or {}, args.new_inputs or {}, ignored))

    def _interrupt(self, finding: Finding) -> None:
        """The rule change-with-outage: told, or refused where mech:rollout.outage says so."""
        if self._outage == "refuse":
            self._refuse([finding])
        pulumi.log.warn(f"change-with-outage: {finding.resource}: {finding.why}")

    def _facts(self) -> Json:
        """What the host says now; nothing where it does not answer, which the sensors tell, and under mocks."""
        try:
            return trip.facts(self._access) if self._access and self._hooks else {}
        except Unreachable:
            return {}

    def _refuse(self, findings: Iterable[Finding]) -> None:
        refused = [finding for finding in findings if finding.permission not in self._allowed]
        if refused:
            self._watching = False
            raise Refused(refused)


def _type(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _inputs(props: Mapping[str, Any]) -> Json | None:
    """Inputs by the provider's names; None where a mount is known only later, which the hooks then judge."""
    values = {re.sub(r"_(\w)", lambda match: match[1].upper(), key): _plain(value) for key, value in props.items()}
    return None if _later(values.get("mounts")) or _later(values.get("volumes")) else values


def _plain(value: Any) -> Any:
    if is_input_type(type(value)):
        value = input_type_to_dict(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value


def _later(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_later, value.values()))
    return any(map(_later, value)) if isinstance(value, list) else isinstance(value, pulumi.Output)
