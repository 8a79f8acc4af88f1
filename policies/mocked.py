"""A stack's program under Pulumi's mocks: what it would declare, as resources that the rules can judge. No cloud, no root."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pulumi
from pulumi.runtime.mocks import MockMonitor

from mech_infra.catalogue import EDGE_NETWORKS, SECRETS
from mech_infra.config import ConfigError, keypair, load, stack_file
from mech_infra.config.secrets import STAND_INS
from policies.model import Resource
from policies.reading.secrets import MARK, marked

ROOT = Path(__file__).resolve().parents[1]
_PLUMBING = ("remote.py", "sensor.py", "containers.py")  # they declare for whoever calls them
# What providers make known only when the resource is there.
COMPUTED: dict[str, dict[str, Any]] = {
    "vultr:index/reservedIp:ReservedIp": {"subnet": "203.0.113.7"},
    "vultr:index/blockStorage:BlockStorage": {"mountId": "ewr-0123456789abcd"},
    "command:local:Command": {"stdout": "ssh-ed25519 AAAAhostkey"},
    "command:remote:Command": {"stdout": "ok"},
    "docker:index/remoteImage:RemoteImage": {"imageId": "sha256:feed"},
    "cloudflare:index/originCaCertificate:OriginCaCertificate": {"certificate": "-----BEGIN CERTIFICATE-----"},
}


class ConfigProblem(Exception):
    """The stack's config cannot be read or is refused by the program; the text is for people."""


class Monitor(MockMonitor):
    """Tells the mocks what they are not told of a resource, by its type and name: its ignore_changes (in `ignored`), and
    the line that declares it (in `declared`), and the component that it stands under (in `parents`)."""

    def RegisterResource(self, request: Any) -> Any:
        # By name, not "the next one": the SDK registers several at once, each in a thread.
        self.mocks.ignored[request.type, request.name] = tuple(request.ignoreChanges)  # type: ignore[attr-defined]
        self.mocks.declared[request.type, request.name] = _declared(request.stackTrace.frames)  # type: ignore[attr-defined]
        self.mocks.parents[request.type, request.name] = request.parent.rpartition("::")[2]  # type: ignore[attr-defined]
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


def _declared(frames: Any) -> tuple[str, int] | None:
    """The innermost line of the program's own, outside what all components reach the host with."""
    for frame in frames:
        path = Path(unquote(urlsplit(frame.pc.uri).path))
        ours = path.is_relative_to(ROOT) and not {".venv", "policies", "tests"} & set(path.relative_to(ROOT).parts)
        if ours and path.name not in _PLUMBING:
            return path.relative_to(ROOT).as_posix(), frame.pc.line
    return None


class _Mocks(pulumi.runtime.Mocks):
    def __init__(self, running: Mapping[str, Any]) -> None:
        self.resources: list[Resource] = []
        self.ignored: dict[tuple[str, str], Sequence[str]] = {}
        self.declared: dict[tuple[str, str], tuple[str, int] | None] = {}
        self.parents: dict[tuple[str, str], str] = {}
        self._running = running

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        outputs = {**args.inputs, **COMPUTED.get(args.typ, {})}
        key = args.typ, args.name
        urn = f"{args.typ}::{args.name}"
        about = Resource(*key, _plain(outputs), urn, self.ignored[key], self.declared[key], frozenset(marked(outputs)))
        self.resources.append(replace(about, parent=self.parents[key]))
        return f"{args.name}-id", outputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        if args.token.endswith(":getIpRanges"):
            return {"ipv4Cidrs": self._edge(), "ipv6Cidrs": [], "id": "x", "etag": "x"}
        if args.token.endswith(":readStackResourceOutputs"):
            return {"name": args.args["stackName"], "outputs": dict(self._running)}
        return {}, [("", "no results were found")]

    def _edge(self) -> list[str]:
        """Cloudflare's ranges as the stack has them in force: what is published today is not the program's doing."""
        looks = [about["outputs"].get("access") for about in self._running.values()]
        known = next((look["ranges"] for look in looks if isinstance(look, Mapping) and look.get("ranges")), None)
        return list(known or [one for one in EDGE_NETWORKS if ":" not in one])


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return _plain(value["value"]) if MARK in value else {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def config(stack: str, root: Path = ROOT) -> tuple[dict[str, str], list[str], list[str]]:
    """(config as the engine gives it, secret keys, secrets that are stood in for). Raises ConfigProblem."""
    try:
        file = stack_file.read(root / f"Pulumi.{stack}.yaml")
    except stack_file.StackFileError as error:
        raise ConfigProblem(str(error)) from None
    raw, secret = dict(file.values), list(file.encrypted)
    stood_in = [key.partition(":")[2] for key in secret]
    raw |= {key: STAND_INS.get(name, stack_file.STAND_IN) for key, name in zip(secret, stood_in, strict=True)}
    # Of an object in which something is encrypted, that is stood in for already.
    secret += file.partly
    stood_in += [key.partition(":")[2] for key in file.partly]
    for name in SECRETS:
        if f"mech:{name}" not in raw:  # production's are filled in by its owner, not in this repository
            raw[f"mech:{name}"] = STAND_INS[name]
            secret.append(f"mech:{name}")
            stood_in.append(name)
    return raw, secret, stood_in


def declare(
    stack: str, root: Path = ROOT, running: Mapping[str, Any] | None = None
) -> tuple[list[Resource], list[str]]:
    """(resources of the stack's program, secrets that were stood in for).

    `running`: what the stack has (policies.exported.running). Raises ConfigProblem, and mech_infra.guard's Refused where
    the program would lose some of it.
    """
    raw, secret, stood_in = config(stack, root)
    try:  # as it is written, which is with a key of its own
        load(raw, secret, stack_file.plain(root / f"Pulumi.{stack}.yaml", raw, secret))
    except ConfigError as error:
        raise ConfigProblem(str(error)) from None
    with tempfile.TemporaryDirectory(prefix="mech-check-") as folder:
        key = Path(folder) / "key"
        keypair.make(key)
        raw["mech:host"] = json.dumps({**json.loads(raw.get("mech:host", "{}")), "sshPrivateKey": str(key)})
        mocks = _Mocks(running or {})
        asyncio.set_event_loop(asyncio.new_event_loop())
        pulumi.runtime.set_mocks(mocks, project="mech", stack=stack, preview=False, monitor=Monitor(mocks))
        pulumi.runtime.set_all_config(raw, secret)
        from mech_infra.guard.program import Refused
        from mech_infra.platform import declare as whole
        from mech_infra.platform import stack_config

        try:
            pulumi.runtime.test(lambda: whole(stack_config(root)))()  # type: ignore[no-untyped-call]
        except Refused:
            raise
        except pulumi.RunError as error:
            raise ConfigProblem(str(error)) from None
    return mocks.resources, stood_in
