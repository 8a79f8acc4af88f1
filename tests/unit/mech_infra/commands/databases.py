"""A rig with a database in its Docker."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.unit.mech_infra.commands.rig import Rig


class Database:
    def __init__(self, rig: Rig, folder: str, **state: Any) -> None:
        self.rig, self._path = rig, rig.bin / "docker.json"
        program = Path(__file__).with_name("fake_docker.py").read_text()
        (rig.bin / "fake_docker.py").write_text(program)
        rig.fake("docker", f'exec {sys.executable} -I -S {rig.bin}/fake_docker.py "$@"')
        rig.path(folder).mkdir(parents=True, exist_ok=True)
        self.set(**{"running": True, "services": {}, "done": [], "folder": str(rig.path(folder)), **state})

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._path.read_text())
        return found

    def set(self, **changes: Any) -> None:
        before = self.state if self._path.exists() else {}
        self._path.write_text(json.dumps({**before, **changes}))

    @property
    def interruptions(self) -> list[str]:
        return self.rig.called("^docker (restart|stop|start|rm)")
