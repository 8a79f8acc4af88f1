"""Which version of what is here: the program, the engine, the plugins that it pins, and what brought the stack up last."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib import metadata

from mech_infra.version import OUTPUT, version
from mech_ops import pulumi
from mech_ops.errors import FOUND, OK, OpsError
from mech_ops.preflight import plugins

_LIMIT_S = 20


@dataclass(frozen=True)
class Versions:
    """`engine` is empty where there is no CLI; `stack` is what it noted, `unknown` why that is not known."""

    program: str
    engine: str
    pinned: str
    plugins: dict[str, str]
    stack: str = ""
    unknown: str = ""

    @property
    def exit_code(self) -> int:
        """2 where the engine is not the pinned one, or another version of the program brought the stack up."""
        other = self.engine not in ("", self.pinned) or self.stack not in ("", self.program)
        return FOUND if other else OK

    def text(self) -> str:
        engine = self.engine or "not on PATH"
        if self.engine != self.pinned:
            engine += f", and the program is made for {self.pinned}: make setup, or install that one"
        stack = self.unknown or f"last brought up by {self.stack}"
        if self.stack and _order(self.stack) > _order(self.program):
            stack += ", which is newer than this program: get that one before you run `pulumi up`"
        elif self.stack not in ("", self.program):
            stack += "; CHANGELOG.md says what lies between, `pulumi preview` what it would do"
        pinned = ", ".join(f"{name} {found}" for name, found in self.plugins.items())
        rows = {"program": self.program, "engine": engine, "plugins": pinned, "stack": stack}
        return "\n".join(f"{name:8} {said}" for name, said in rows.items())

    def as_json(self) -> str:
        return json.dumps(
            {
                "exit_code": self.exit_code,
                "program": self.program,
                "engine": {"there": self.engine or None, "pinned": self.pinned},
                "plugins": self.plugins,
                "stack": {"version": self.stack or None, "unknown": self.unknown or None},
            },
            indent=2,
        )


def look(stack: str | None) -> Versions:
    """Raises OpsError for a named `stack` that cannot be read; that none is selected, or is up, is only said."""
    brought_up, unknown = "", ""
    try:
        outputs = pulumi.outputs(stack)
        brought_up = str(outputs.get(OUTPUT, ""))
        unknown = "" if brought_up else f"up, by a version before {version()}: it noted none" if outputs else "not up"
    except OpsError as error:
        if stack:
            raise
        unknown = f"not known: {error}"
    pinned = {plugin.name: plugin.version for plugin in plugins.wanted()}
    return Versions(version(), _engine(), metadata.version("pulumi"), pinned, brought_up, unknown)


def _order(text: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", text)]


def _engine() -> str:
    try:
        return pulumi.attempt(pulumi.version_command(), _LIMIT_S).stdout.strip().removeprefix("v")
    except OpsError:
        return ""
