"""The shipped program under mocks, once for all tests of the policies."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pulumi
import pytest

from mech_infra.config import keypair
from policies.mocked import Monitor
from policies.model import Resource
from policies.reading.secrets import marked
from tests.unit.mech_infra.conftest import Recorder, plain, raw_config

from .changes import Resources


class Keeper(Recorder):
    def __init__(self) -> None:
        super().__init__()
        self.kept: Resources = []
        self.ignored: dict[tuple[str, str], tuple[str, ...]] = {}
        self.declared: dict[tuple[str, str], tuple[str, int] | None] = {}
        self.parents: dict[tuple[str, str], str] = {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[object, object]]:
        id, outputs = super().new_resource(args)
        ignored = self.ignored[args.typ, args.name]
        self.kept.append(
            Resource(
                args.typ, args.name, plain(outputs), f"urn:{args.name}", ignored, secrets=frozenset(marked(outputs))
            )
        )
        return id, outputs


def program(folder: Path, **sections: Any) -> Resources:
    """What it declares with this config, with a key of its own in `folder`."""
    key = folder / "id"
    keypair.make(key)
    raw, marked = raw_config({"edge": {"zoneId": "0" * 31 + "1"}, "host": {"sshPrivateKey": str(key)}, **sections})
    keeper = Keeper()
    asyncio.set_event_loop(asyncio.new_event_loop())
    pulumi.runtime.set_mocks(keeper, project="mech", stack="unit", preview=False, monitor=Monitor(keeper))
    pulumi.runtime.set_all_config(raw, marked)
    from mech_infra.platform import declare, stack_config

    pulumi.runtime.test(lambda: declare(stack_config()))()
    return keeper.kept


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Resources:
    return program(tmp_path_factory.mktemp("key"))
