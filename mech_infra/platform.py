"""The platform: the components in the order in which they stand on each other."""

from __future__ import annotations

from pathlib import Path

import pulumi

from mech_infra import fleet, ground, state, upkeep
from mech_infra.alone import Alone
from mech_infra.components.edge import Edge, EdgeArgs
from mech_infra.config import (
    ConfigError,
    PlatformConfig,
    StackConfig,
    check_files,
    check_own_address,
    check_zone,
    load,
    service_url,
    stack_file,
)
from mech_infra.fleet import Fleet
from mech_infra.guard.judging import RESERVED_IP
from mech_infra.guard.program import Guard
from mech_infra.version import OUTPUT, version

PROJECT = Path(__file__).resolve().parents[1]


def stack_config(folder: Path = PROJECT) -> StackConfig:
    """This stack's validated config; its file is in `folder`. Raises pulumi.RunError, which the engine shows without a traceback."""
    from pulumi.runtime import config as runtime

    try:
        raw = runtime.CONFIG.get()
        secret = [key for key in raw if runtime.is_config_secret(key)]
        loaded = load(raw, secret, stack_file.plain(folder / f"Pulumi.{pulumi.get_stack()}.yaml", raw, secret))
        check_files(loaded.platform)
        check_zone(loaded.platform)
    except ConfigError as error:
        raise pulumi.RunError(str(error)) from None
    return loaded


def _turns_others_away(platform: PlatformConfig, before: state.State) -> None:
    """Raises pulumi.RunError where the host that the stack has is one of those that its edge blocks."""
    try:
        for found in before.values():
            if found["type"] == RESERVED_IP and isinstance(address := found["outputs"].get("subnet"), str):
                check_own_address(platform, address)
    except ConfigError as error:
        raise pulumi.RunError(str(error)) from None


def declare(config: StackConfig) -> None:
    """Declare everything and export the stack's outputs."""
    platform, secrets = config.platform, config.secrets
    before = state.read()
    _turns_others_away(platform, before)
    guard = Guard(platform.allow, platform.host.protect, before, platform.rollout.outage)
    guard.watch()
    guard.images(platform.datastores.images, lambda facts: upkeep.saved(platform.backup, facts))
    outside = ground.outside(platform, before)
    private = fleet.private_network(platform, before, guard)
    crossing = bool(before) and fleet.had(before) != platform.is_fleet
    first = ground.first(platform, secrets, outside, private, crossing)
    serving: Alone | Fleet
    if private is not None and platform.is_fleet:
        serving = Fleet(platform, secrets, before, first, outside, private)
    else:
        serving = Alone(platform, secrets, before, first, outside, leaving=crossing)
    running, host = serving.running, first.host
    first.datastores.settle([running])
    if platform.edge.enabled:
        front = EdgeArgs(
            platform.edge, platform.domain, running.serving, host.address, serving.entrances, serving.records
        )
        Edge("edge", front)
    upkeep.declare(config, host, serving.ready)

    guard.finish()
    pulumi.export("host_ip", host.address)
    pulumi.export("host_key", host.access.host_key)
    pulumi.export(
        "service_urls",
        {service.name: service_url(platform.domain, service.name) for service in platform.resolved_services()},
    )
    pulumi.export("containers", sorted(running.containers))
    pulumi.export(OUTPUT, version())
