"""What a rollout says to people beforehand, in the plan."""

from __future__ import annotations

from mech_infra.rollout.slots import Standing


def planned(service: str, standing: Standing, version: str, image: str) -> str | None:
    """What this `up` will do to a service, for the plan; None when nothing."""
    if version == standing.serving:
        return None
    if not standing.serving:
        return (
            None if not standing.versions else f"{service}: version {version} ({image}) is tried; none has served yet"
        )
    again = ", tried again" if version in standing.versions else ""
    return (
        f"{service}: rolling, no outage: version {standing.serving} serves until {version} ({image}{again}) is healthy, "
        "and again if that one fails"
    )
