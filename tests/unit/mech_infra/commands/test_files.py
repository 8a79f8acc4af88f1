"""Files survive the trip."""

from __future__ import annotations

from mech_infra.commands import files
from tests.unit.mech_infra.commands.rig import Rig


def test_files_arrive_whole_and_private(rig: Rig) -> None:
    texts = {"/opt/a/.env": "KEY=va'l\"ue $x\n\nÜ=1\n", "/opt/b/c": ""}
    rig.run(files.write_files("600"), files.encode(texts))
    assert {path: rig.read(path) for path in texts} == texts
    assert [rig.mode(path) for path in texts] == ["600", "600"]
    assert rig.called("chown root:root /opt/a/.env")
