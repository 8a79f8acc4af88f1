"""Services and databases in their containers, as a restore needs them: stopped in order, started in order, waited for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from mech_infra.backup import child
from mech_infra.backup.scratch import docker
from mech_infra.backup.words import Failed
from mech_infra.catalogue import Service
from mech_infra.commands.containers import DATABASE_GRACE_S, SERVICE, SERVICE_GRACE_S
from mech_infra.rollout import asking

Groups = list[list[str]]  # containers, in the order in which they start
NOT_WELL = "NOT_WELL"
_WELL_S = 90
_CALL_S = 60
_STATE = (
    "{{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}"
    "{{range .NetworkSettings.Ports}}{{range .}} {{.HostPort}}{{end}}{{end}}"
)


def running(groups: Sequence[Sequence[Service]]) -> Groups:
    """Their containers that run now, of both slots. Raises Failed."""
    found = [
        [name for one in group for name in docker("ps", "--format", "{{.Names}}", "--filter", f"label={SERVICE}={one.name}").split()]
        for group in groups
    ]  # fmt: skip
    return [names for names in found if names]


def stop(groups: Groups) -> None:
    """Who calls another one first; each has its time to end. Raises Failed."""
    for names in reversed(groups):
        docker("stop", "-t", str(SERVICE_GRACE_S), *names, limit_s=SERVICE_GRACE_S + _CALL_S)


def start(groups: Groups) -> None:
    """All of them, though one fails. Raises Failed."""
    why: Failed | None = None
    for names in groups:
        try:
            docker("start", *names)
        except Failed as failed:
            why = failed
    if why:
        raise why


def start_in_order(groups: Groups) -> None:
    """Each group when the one before is well. Raises Failed, when all were started."""
    bad: list[str] = []
    for names in groups:
        start([names])
        bad += wait(names)
    if bad:
        raise Failed(
            NOT_WELL, f"{', '.join(bad)} not well {_WELL_S} s after the start; the data are restored: mech diagnose"
        )


def wait(names: Sequence[str], limit_s: float = _WELL_S) -> list[str]:
    """Who is not well by then, and how it is."""
    end = time.monotonic() + limit_s
    while True:
        bad = [f"{name} ({how})" for name in names if (how := state(name)) not in ("healthy", "running")]
        if not bad or time.monotonic() > end:
            return bad
        time.sleep(0.5)


def state(name: str) -> str:
    """Its health, or its state where it has no health check; "missing"."""
    done = child.run("docker", "inspect", "-f", _STATE, name, limit_s=_CALL_S)
    how, _, ports = done.out.strip().partition(" ")
    # Docker asks every ten seconds; who answers well at its port is well now.
    if how == "starting" and any(asking.health(int(port))[0] == 200 for port in ports.split()):
        return "healthy"
    return "missing" if done.code else how


def stop_database(name: str) -> None:
    """Raises Failed."""
    docker("stop", "-t", str(DATABASE_GRACE_S), name, limit_s=DATABASE_GRACE_S + _CALL_S)


def start_database(name: str, answers: Callable[[str], bool], limit_s: float = 150) -> None:
    """Does nothing to one that answers. Raises Failed where it does not by then."""
    end = time.monotonic() + limit_s
    docker("start", name)
    while not answers(name):
        if time.monotonic() > end:
            raise Failed(
                f"{name.upper()}_DOWN",
                f"{name} does not answer {limit_s:.0f} s after its start: docker logs --tail 20 {name}",
            )
        time.sleep(0.5)
