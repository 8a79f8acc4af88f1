"""A stack under Pulumi's mocks: the program runs whole, without engine, cloud or root."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from mech_infra.config import keypair

SECRETS = {
    "OPENAI_API_KEY": "sk-proj-unit00000000000000000000",
    "ANTHROPIC_API_KEY": "sk-ant-unit00000000000000000000",
    "GITHUB_TOKEN": "ghp_unit00000000000000000000000000000000",
    "R2_ACCESS_KEY": "0" * 31 + "1",
    "R2_SECRET_KEY": "0" * 63 + "2",
}


class Recorder(pulumi.runtime.Mocks):
    """Answers as the clouds would and keeps what the program declared, by (type, name)."""

    def __init__(self) -> None:
        self.resources: dict[str, pulumi.runtime.MockResourceArgs] = {}
        self.state: dict[str, Any] = {}  # what the stack has before: URN to {type, outputs}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        self.resources[args.name] = args
        outputs = dict(args.inputs)
        computed = {
            "vultr:index/reservedIp:ReservedIp": {"subnet": "203.0.113.7"},
            "vultr:index/instance:Instance": {"internalIp": "10.96.0.3"},
            "vultr:index/blockStorage:BlockStorage": {"mountId": "ewr-0123456789abcd"},
            "command:local:Command": {"stdout": "ssh-ed25519 AAAAhostkey"},
            "command:remote:Command": {"stdout": "ok"},
            "docker:index/remoteImage:RemoteImage": {
                "imageId": "sha256:feed",
                "repoDigest": f"{args.inputs.get('name')}@sha256:feed",
            },
            "cloudflare:index/originCaCertificate:OriginCaCertificate": {"certificate": "-----BEGIN CERTIFICATE-----"},
        }.get(args.typ, {})
        return f"{args.name}-id", {**outputs, **computed}

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        if args.token.endswith(":getIpRanges"):
            return {"ipv4Cidrs": ["192.0.2.0/24"], "ipv6Cidrs": [], "id": "x", "etag": "x"}
        if args.token.endswith(":readStackResourceOutputs"):
            return {"name": args.args["stackName"], "outputs": self.state}
        return {}, [("", "no results were found")]

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        return {name: plain(args.inputs) for name, args in self.resources.items() if args.typ.endswith(f":{kind}")}


def plain(value: Any) -> Any:
    """Without the wrapping that marks secrets."""
    if isinstance(value, dict):
        return (
            plain(value["value"])
            if "4dabf18193072939515e22adb298388d" in value
            else {k: plain(v) for k, v in value.items()}
        )
    return [plain(item) for item in value] if isinstance(value, list) else value


Declare = Callable[..., Recorder]


def raw_config(
    sections: dict[str, Any], extra_secrets: dict[str, str] | None = None
) -> tuple[dict[str, str], list[str]]:
    secrets = {f"mech:{name}": value for name, value in {**SECRETS, **(extra_secrets or {})}.items()}
    raw = {f"mech:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in sections.items()}
    return {**raw, **secrets}, list(secrets)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "id"
    keypair.make(path)
    return path


@pytest.fixture
def declare(key: Path) -> Declare:
    def run(
        sections: dict[str, Any] | None = None,
        secrets: dict[str, str] | None = None,
        state: dict[str, Any] | None = None,
    ) -> Recorder:
        sections = {"edge": {"zoneId": "0" * 31 + "1"}, **(sections or {})}
        sections["host"] = {"sshPrivateKey": str(key), **sections.get("host", {})}
        raw, marked = raw_config(sections, secrets)
        recorder = Recorder()
        recorder.state = state or {}
        asyncio.set_event_loop(asyncio.new_event_loop())
        pulumi.runtime.set_mocks(recorder, project="mech", stack="unit", preview=False)
        pulumi.runtime.set_all_config(raw, marked)
        from mech_infra.platform import declare as whole
        from mech_infra.platform import stack_config

        pulumi.runtime.test(lambda: whole(stack_config()))()
        return recorder

    return run
