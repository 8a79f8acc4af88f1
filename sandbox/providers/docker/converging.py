"""Whether a service runs as it was declared, asked again and again: the plugin's `convergeConfig`.

Source: resource_docker_service_funcs.go and Terraform's StateChangeConf (waits of 5 s, then 10 s, between two looks).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from sandbox.providers.bridge import Values
from sandbox.providers.contract import Context, ProviderError

from .engine import Engine
from .payload import duration, nanoseconds

UPDATE_DELAY = 7.0  # seconds before an update is first looked at, whatever `delay` says
_STATES = (
    "new", "allocated", "pending", "assigned", "accepted", "preparing", "ready", "starting", "running", "complete",
    "shutdown", "failed", "rejected",
)  # fmt: skip
_ENDED = {
    "rollback_completed": "service rollback completed",
    "paused": "service update paused",
    "rollback_paused": "service rollback paused",
}


class NotConvergedError(ProviderError):
    """The time was over."""


def wait(ctx: Context, engine: Engine, id: str, config: Values, first: float | None) -> None:
    """Until as many tasks run as there are to be; `first`: seconds before the first look of an update, None for a
    create. Raises ProviderError: the update was rolled back or paused, or the time is over."""
    limit = nanoseconds(config["timeout"]) / 1e9
    for _ in _looks(ctx, nanoseconds(config["delay"]) / 1e9 if first is None else first, limit):
        with engine.doing("Error response from daemon", absent=False):
            service = engine.client.inspect_service(id)
            status = service.get("UpdateStatus") or {}
            if first is not None:
                if status.get("State") == "completed":
                    return
                if status.get("State") in _ENDED:
                    raise ProviderError(f"{_ENDED[status['State']]}: {status.get('Message', '')}")
            if _running(engine, service) == _replicas(service):
                if status.get("State") == "rollback_started":
                    raise ProviderError(f"service rollback completed: {status.get('Message', '')}")
                return
    raise NotConvergedError(f"Service with ID ({id}) did not converge after {duration(nanoseconds(config['timeout']))}")


def _looks(ctx: Context, delay: float, limit: float) -> Iterator[None]:
    """One turn a look, at once after `delay`; none after `limit` seconds."""
    end, pause = time.monotonic() + limit, delay
    for next_pause in _pauses():
        if ctx.cancelled.wait(max(0.0, min(pause, end - time.monotonic()))) or time.monotonic() >= end:
            return
        yield
        pause = next_pause


def _pauses() -> Iterator[float]:
    yield 5.0
    while True:
        yield 10.0


def _replicas(service: Values) -> int:
    replicated = service["Spec"]["Mode"].get("Replicated")
    if replicated is None or replicated.get("Replicas") is None:
        raise ProviderError("no replica count")
    return int(replicated["Replicas"])


def _running(engine: Engine, service: Values) -> int:
    """Slots whose task runs: of two tasks of a slot the one that is less far counts; none on a node that is down."""
    client = engine.client
    up = {node["ID"] for node in client.nodes() if node["Status"]["State"] != "down"}
    slots: dict[int, tuple[int, int]] = {}
    tasks: list[Any] = client.tasks({"service": service["ID"], "desired-state": "running"})
    for task in tasks:
        desired, state = task.get("DesiredState", ""), task["Status"]["State"]
        if desired not in _STATES or state not in _STATES or (task.get("NodeID") and task["NodeID"] not in up):
            continue
        place = (_STATES.index(desired), _STATES.index(state))
        slot = int(task.get("Slot", 0))
        slots[slot] = min(slots.get(slot, place), place)
    running = _STATES.index("running")
    return sum(desired <= running and state == running for desired, state in slots.values())
