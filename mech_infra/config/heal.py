"""Config of the healer on the host."""

from __future__ import annotations

from pydantic import Field

from mech_infra.config.types import Section, wrong


class HealConfig(Section):
    """What restarts unhealthy containers by itself; `mech heal` goes by the same limits."""

    enabled: bool = Field(
        False,
        description="a timer on the host heals what is ill: `mech-heal.timer`; with false only `mech heal` does, when somebody runs it",
        examples=[True],
        json_schema_extra=wrong(
            "With true, a container that somebody stops or pauses by hand runs again at the next turn",
            "prod",
        ),
    )
    interval_s: int = Field(
        60,
        description="seconds from the end of one turn of the timer to the next one",
        examples=[120],
        ge=30,
        le=3600,
        json_schema_extra=wrong(
            "Longer: what is ill stays ill for longer. Shorter: a busy small host looks at itself all the time",
            5,
            "1m",
        ),
    )
    first_wait_s: int = Field(
        60,
        description="seconds after the first try on a container until the second one; doubled after each further one",
        examples=[120],
        ge=30,
        le=1800,
        json_schema_extra=wrong("Shorter than a service needs to get well: it is restarted while it is about to be", 0),
    )
    per_container: int = Field(
        4,
        description="how often one container is tried within an hour, whoever runs the healer",
        examples=[2],
        ge=1,
        le=20,
        json_schema_extra=wrong(
            "Higher: a service that cannot work is restarted again and again, and what it had at work is lost each time",
            0,
            100,
        ),
    )
    per_hour: int = Field(
        12,
        description="how many tries there are on all containers together within an hour",
        examples=[20],
        ge=1,
        le=200,
        json_schema_extra=wrong(
            "Lower than the number of containers: after an outage of all of them the last ones wait",
            0,
            "many",
        ),
    )
    disk_percent: int = Field(
        90,
        description="how full the host's disk is, in percent, when containers' logs are cut and images without a name removed",
        examples=[95],
        ge=50,
        le=97,
        json_schema_extra=wrong(
            "Lower than what the host always uses: logs are cut down to their last lines again and again",
            100,
            "90%",
        ),
    )
