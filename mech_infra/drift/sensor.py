"""The sensor as a resource: its state is what the host says, its diff is the drift, its update asks for the repair.

Pulumi pickles `Sensor` into the state by its name: it stays small and where it is. Source of the design: findings §1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.dynamic import (
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

from mech_infra.facts.model import Check, Watch

# What a look found, as outputs: facts that are not as declared, sentences of watches, why nobody was reached.
_NOTHING: dict[str, Any] = {"drift": {}, "told": [], "silent": ""}
_DECLARED = ("title", "state", "checks", "watches", "access")


class Sensor(ResourceProvider):
    """Create and update only note what is declared; `read` asks the host. Nothing here changes the host."""

    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        from mech_infra.drift import engine

        engine.leave_with_it()

    def create(self, props: dict[str, Any]) -> CreateResult:
        _keep_watch(props["access"])
        return CreateResult(props["title"], {**props, **_NOTHING, "generation": 1})

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        from mech_infra.drift import engine
        from mech_infra.facts import look, model

        title, access = props["title"], props["access"]
        _keep_watch(access, told=True)
        try:
            facts = look.facts(access)
        except model.Unreachable as error:
            who, then = (f"host {access['host']}", " Next: mech recover") if "host" in access else (title, "")
            silent = f"{who} does not answer ({error}): what is on it was not looked at.{then}"
            if not error.told:  # once for all sensors
                error.told = True
                engine.say(silent)
            seen = {**props, **_NOTHING, "silent": silent}
            return ReadResult(id_, seen, {key: props[key] for key in _DECLARED})
        state = model.observe(props["checks"], facts)
        good = {label: check["good"] for label, check in props["checks"].items()}
        drift = {
            label: {"there": word, "declared": good[label]} for label, word in state.items() if word != good[label]
        }
        told = model.findings(props["watches"], facts, access)
        # For people; who reads on takes the same from the state.
        for label, word in drift.items():
            engine.say(f"drift: {title}: {label}: {word['there']} (declared: {word['declared']})")
        for text in told:
            engine.say(text)
        seen = {**props, "state": state, "drift": drift, "told": told, "silent": ""}
        return ReadResult(id_, seen, {key: seen[key] for key in _DECLARED})

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        _keep_watch(olds.get("access") or {})  # `up` refreshes in one process and changes things in another
        return DiffResult(changes=any(olds.get(key) != news.get(key) for key in _DECLARED))

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        moved = 0 if news.get("calm") and olds.get("state") == _good(olds) else 1
        return UpdateResult({**news, **_NOTHING, "generation": int(olds.get("generation") or 0) + moved})


def _good(props: Mapping[str, Any]) -> dict[str, str]:
    return {label: check["good"] for label, check in props["checks"].items()}


def _keep_watch(access: Mapping[str, str], told: bool = False) -> None:
    from mech_infra.drift import watchdog

    if "host" in access:
        watchdog.watch(access, told)


class HostState(Resource, module="mech", name="HostState"):
    """What of the host, or of a cloud, one component answers for. `generation` moves when it must be put right."""

    generation: pulumi.Output[int]

    def __init__(
        self,
        name: str,
        title: str,
        access: Mapping[str, Any],
        checks: Sequence[Check],
        watches: Sequence[Watch] = (),
        secret: bool = False,
        opts: pulumi.ResourceOptions | None = None,
        calm: bool = False,
    ) -> None:
        about = _props(title, access, checks, watches, secret)
        # Not among what is compared: with it or without it nothing changes.
        super().__init__(Sensor(), name, {**about, **({"calm": True} if calm else {})}, opts)

    @property
    def repair(self) -> pulumi.Output[str]:
        """For the triggers of the command that puts it right."""
        return _repair(self.generation)


class CloudState(Resource, module="mech", name="CloudState"):
    """What of a cloud one component answers for where no provider reads it. `generation` moves when it must be put right."""

    generation: pulumi.Output[int]

    def __init__(
        self,
        name: str,
        title: str,
        access: Mapping[str, Any],
        checks: Sequence[Check],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(Sensor(), name, _props(title, access, checks, (), secret=False), opts)

    @property
    def repair(self) -> pulumi.Output[str]:
        """For the command that puts it right."""
        return _repair(self.generation)


class CloudWatch(Resource, module="mech", name="CloudWatch"):
    """What others have at a cloud beside ours. It has no state and is never put right, only told."""

    def __init__(
        self,
        name: str,
        title: str,
        access: Mapping[str, Any],
        watches: Sequence[Watch],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(Sensor(), name, _props(title, access, (), watches, secret=False), opts)


def _repair(generation: pulumi.Output[int]) -> pulumi.Output[str]:
    return generation.apply(lambda number: f"repair {number}")


def _props(
    title: str, access: Mapping[str, Any], checks: Sequence[Check], watches: Sequence[Watch], secret: bool
) -> dict[str, Any]:
    wires: Any = {check.label: check.wire for check in checks}
    return {
        "title": title,
        "state": {check.label: check.good for check in checks},
        # Hashes of files with secrets are secrets: a weak password could be guessed from them.
        "checks": pulumi.Output.secret(wires) if secret else wires,
        "watches": [watch.wire for watch in watches],
        "access": dict(access),
        "generation": None,
    }
