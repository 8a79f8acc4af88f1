"""Lines of the engine's event stream, as it writes them."""

from __future__ import annotations

import json
from typing import Any

from mech_ops.drift import values

SECRET = {values.SECRET: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
CONTAINER = "docker:index/container:Container"
COMMAND = "command:remote:Command"


def step(
    op: str, type_: str, old: Any, new: Any, *paths: str, name: str = "services-llm", part: str = "Services",
    ids: tuple[str, str] = ("", ""), outputs: Any = None, done: bool = False, **more: Any,
) -> str:  # fmt: skip
    """A step before it is done, or, when `done` or a refresh, after. `ids`: of the old and of the new state."""
    urn = f"urn:pulumi:s::mech::mech:platform:{part}${type_}::{name}"

    def state(properties: Any, id_: str) -> Any:
        about = {"inputs": properties, "outputs": outputs or properties, "parent": part, "id": id_}
        return None if properties is None else about

    about = {"op": op, "urn": urn, "type": type_, "old": state(old, ids[0]), "new": state(new, ids[1]), **more,
             "detailedDiff": {path: {"diffKind": "update"} for path in paths} or None}  # fmt: skip
    return json.dumps({"resOutputsEvent" if done or op == "refresh" else "resourcePreEvent": {"metadata": about}})


def sensor(title: str, part: str = "Host", kind: str = "HostState", **found: Any) -> str:
    """A sensor after its look: `drift` {label: (there, declared)}, `told` sentences, `silent` why nobody answered."""
    drift = {label: {"there": there, "declared": good} for label, (there, good) in found.pop("drift", {}).items()}
    outputs = {"title": title, "drift": drift, "told": [], "silent": "", **found}
    type_ = f"pulumi-python:dynamic/mech:{kind}"
    return step("refresh", type_, {"title": title}, {"title": title}, name="state", part=part, outputs=outputs)


def said(severity: str, message: str, urn: str = "", ephemeral: bool = False) -> str:
    about = {"severity": severity, "message": message + "\n", "urn": urn, "ephemeral": ephemeral}
    return json.dumps({"diagnosticEvent": about})
