"""Values that are random by nature, or that only a host knows: compared by their form, not by what they are."""

from __future__ import annotations

import re
from typing import NamedTuple

from tests.parity.comparing import Difference
from tests.parity.recordings import Call

_IP = r"\d{1,3}(\.\d{1,3}){3}"
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"


class Form(NamedTuple):
    """`type`, `path`: regular expressions that must match as a whole; `form`: what both values must look like."""

    type: str
    calls: tuple[str, ...]
    path: str
    form: str


FORMS = (
    # 8 random hex digits, at a preview as well; the name before them is compared with the rest of the form below.
    Form(r"command:.*", ("Create",), "id", r"{name}[0-9a-f]{{8}}"),
    # Said by the host.
    Form(r"command:.*", ("Create", "Update"), r"properties\.stdout", r"(?s).*"),
    Form(r"vultr:.*", ("Create", "Read"), r"properties\.date(Created|Modified)", _TIME),
    # Chosen by the cloud.
    Form(r"vultr:.*:(ReservedIp|Instance)", ("Create",), r"properties\.(subnet|mainIp|gatewayV4)", _IP),
    Form(r"vultr:.*:Instance", ("Create",), r"properties\.defaultPassword", r"[A-Za-z0-9]{{16}}"),
    Form(r"vultr:.*:BlockStorage", ("Create",), r"properties\.mountId", r"[a-z]{{3}}-[0-9a-f]{{14}}"),
    Form(r"vultr:.*:FirewallRule", ("Create",), r"(properties\.)?id", r"\d+"),
    # Chosen by the daemon.
    Form(r"docker:.*:Container", ("Create", "Update"), r"properties\.networkDatas\[\d+\]\.ipAddress", _IP),
    Form(r"docker:.*:Container", ("Create", "Update"), r"properties\.networkDatas\[\d+\]\.macAddress", r"([0-9a-f]{{2}}:){{5}}[0-9a-f]{{2}}"),
)  # fmt: skip


def alike(call: Call, difference: Difference) -> bool:
    """Whether both values have the form that this field is compared by."""
    for form in FORMS:
        if not (
            call.method in form.calls
            and re.fullmatch(form.type, call.token)
            and re.fullmatch(form.path, difference.path)
        ):
            continue
        pattern = form.form.replace("{name}", re.escape(call.resource)).replace("{{", "{").replace("}}", "}")
        return all(
            isinstance(value, str) and re.fullmatch(pattern, value) for value in (difference.recorded, difference.ours)
        )
    return False
