"""Config of what is done when the platform is ill and somebody must be called; nothing on the host comes of it."""

from __future__ import annotations

from pydantic import Field

from mech_infra.config.types import Contact, Section, wrong

_NOBODY = "Not set: the text of `mech incident` names the role, and whoever sends it has to know the person"


class ContactsConfig(Section):
    """Whom the guide's escalation names ("Emergency Contacts"); any text that a person can use."""

    administrator: Contact | None = Field(
        None,
        description="who looks after server access and infrastructure",
        examples=["ops@mech.example, +1 555 0100"],
        json_schema_extra=wrong(_NOBODY, "TODO", ""),
    )
    developers: Contact | None = Field(
        None,
        description="who looks after the services themselves",
        examples=["#mech-dev"],
        json_schema_extra=wrong(_NOBODY, "TODO", ""),
    )
    provider: Contact | None = Field(
        None,
        description="where the cloud provider takes a ticket",
        examples=["https://my.vultr.com/support"],
        json_schema_extra=wrong(_NOBODY, "TODO", ""),
    )


class IncidentConfig(Section):
    """What `mech incident` says to whom."""

    contacts: ContactsConfig = ContactsConfig()
