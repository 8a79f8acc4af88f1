"""Config of how a changed service takes over."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mech_infra.config.types import Section, wrong


class RolloutConfig(Section):
    """How a changed service takes over from the version before."""

    at_once: int = Field(
        4,
        description="services that may start at the same time",
        examples=[2],
        ge=1,
        le=8,
        json_schema_extra=wrong(
            "More than the host's cores carry: they start slowly, and startTimeoutS refuses them", 0, 9
        ),
    )
    start_timeout_s: int = Field(
        40,
        description="seconds in which a new version must be healthy, or it is refused and the one before goes on serving",
        examples=[120],
        ge=5,
        le=240,
        json_schema_extra=wrong(
            "Shorter than the service takes to start on a busy host: a good version is refused", 1, 600, "40s"
        ),
    )
    watch_s: int = Field(
        25,
        description="seconds for which it must stay healthy, or the version before serves again",
        examples=[60],
        ge=0,
        le=200,
        json_schema_extra=wrong("With 0, a version that falls ill after its first answer stays", -1, 3600),
    )
    drain_s: int = Field(
        30,
        description="seconds that requests under way at the version before may take, and as long again to end; also on the way between one host and a fleet",
        examples=[120],
        ge=0,
        le=200,
        json_schema_extra=wrong("Shorter than an upload or a stream takes: it is cut", -5, 3600),
    )
    outage: Literal["tell", "refuse"] = Field(
        "tell",
        description="a change that interrupts (a database made anew): named in the plan, or refused unless mech:allow has it",
        examples=["refuse"],
        json_schema_extra=wrong("With tell, `pulumi up --yes` interrupts without asking anybody", "ask"),
    )
