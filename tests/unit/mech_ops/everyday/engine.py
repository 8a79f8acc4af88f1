"""In place of the Pulumi CLI: a config that can be read, and what it was told to change."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mech_ops import pulumi

Json = dict[str, Any]


class Engine:
    """`told` are changes, (set or rm, key, value); `hidden` what came by standard input, by key; `argv` all words."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **sections: Any) -> None:
        self.told: list[tuple[str, ...]] = []
        self.hidden: dict[str, str] = {}
        self.argv: list[str] = []
        self.config = {f"mech:{name}": {"objectValue": value, "secret": False} for name, value in sections.items()}
        monkeypatch.setattr(pulumi, "attempt", self._attempt)
        monkeypatch.setattr(pulumi, "run", self._run)

    def _attempt(self, argv: list[str], limit_s: float) -> Any:
        self.argv += argv
        if argv[:2] == ["pulumi", "config"] and "--json" in argv:
            return type("Done", (), {"returncode": 0, "stdout": json.dumps(self.config), "stderr": ""})
        self.told.append((argv[2], *argv[argv.index("--") + 1 :]))
        return type("Done", (), {"returncode": 0, "stdout": "", "stderr": ""})

    def _run(self, argv: list[str], text: str | None = None) -> str:
        self.argv += argv
        if argv[1:3] == ["stack", "output"]:
            return json.dumps({"host_ip": "192.0.2.9"})
        assert argv[1:4] == ["config", "set", "--secret"] and text is not None
        self.hidden[argv[-1]] = text
        return ""
