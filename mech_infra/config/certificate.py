"""Config of the origin's certificate."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mech_infra.config.types import Section, wrong


class CertificateConfig(Section):
    """The origin's certificate in /etc/ssl/mech."""

    source: Literal["self-signed", "origin-ca"] = Field(
        "self-signed",
        description="`self-signed` as in the guide; `origin-ca`, from Cloudflare, is what mech:edge.ssl `strict` needs",
        examples=["origin-ca"],
        json_schema_extra=wrong(
            "`self-signed` under `strict` is a 526 on every service: refused. `origin-ca` needs a token that may edit SSL and "
            "Certificates",
            "letsencrypt",
        ),
    )
    valid_days: int = Field(
        365,
        description="days that a new certificate is good for; origin-ca: rounded up to what Cloudflare issues (7, 30, 90, "
        "365, 730, 1095, 5475)",
        examples=[5475],
        ge=7,
        le=5475,
        json_schema_extra=wrong("With 30 or less the policy certificate-short refuses", 30, 3, 9999),
    )
    renew_before_days: int = Field(
        30,
        description="renew when fewer days than this are left",
        examples=[60],
        ge=1,
        le=365,
        json_schema_extra=wrong(
            "Not less than validDays: it would be renewed for ever, and is refused; so is more than three quarters of it",
            365,
            300,
            0,
        ),
    )

    @model_validator(mode="after")
    def _renewal_comes_before_expiry(self) -> CertificateConfig:
        if self.renew_before_days >= self.valid_days:
            raise ValueError(
                f"renewBeforeDays {self.renew_before_days} is not less than validDays {self.valid_days}: "
                "the certificate would be renewed for ever; lower renewBeforeDays"
            )
        if self.renew_before_days > self.valid_days * 3 // 4:
            raise ValueError(
                f"renewBeforeDays {self.renew_before_days} is more than three quarters of validDays {self.valid_days}: the "
                f"certificate would be made anew all the time; write {self.valid_days // 4} or so"
            )
        return self
