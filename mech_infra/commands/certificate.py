"""The origin's certificate in /etc/ssl/mech, made and renewed on the host: its key never leaves it."""

from __future__ import annotations

from mech_infra.commands.nginx import CERTIFICATE, KEY
from mech_infra.commands.script import program, room, script

SCRIPT = "/usr/local/sbin/mech-certificate"
_SERVICE = "/etc/systemd/system/mech-certificate.service"
_TIMER = "/etc/systemd/system/mech-certificate.timer"
MODES = {SCRIPT: "755", _SERVICE: "644", _TIMER: "644"}
_ROOM = room(__file__)


def names(domain: str) -> list[str]:
    """What the certificate covers: every service, and the domain itself."""
    return [f"*.{domain}", domain]


def files(domain: str, valid_days: int, renew_before_days: int) -> dict[str, str]:
    """The script that makes and renews a self-signed certificate, and the units that run it daily: path to text."""
    return {
        SCRIPT: program(
            _ROOM / "mech-certificate.sh",
            DOMAIN=domain,
            VALID_DAYS=valid_days,
            RENEW_BEFORE_DAYS=renew_before_days,
            CERTIFICATE=CERTIFICATE,
            KEY=KEY,
        ),
        _SERVICE: (_ROOM / "mech-certificate.service").read_text(),
        _TIMER: (_ROOM / "mech-certificate.timer").read_text(),
    }


def self_signed(domain: str, valid_days: int, renew_before_days: int) -> str:
    """Make a self-signed certificate for *.DOMAIN and DOMAIN unless a good one is there; a daily timer renews it."""
    written = files(domain, valid_days, renew_before_days)
    return script(_ROOM / "self_signed.sh", SCRIPT, put={path: (MODES[path], text) for path, text in written.items()})


def signing_request(domain: str) -> str:
    """Print a CSR for *.DOMAIN and DOMAIN with the host's own key, which is made if it is not there."""
    return script(_ROOM / "signing_request.sh", domain, KEY)


def install() -> str:
    """Put the certificate of stdin in place, after checking that it belongs to the host's key."""
    return script(_ROOM / "install.sh", CERTIFICATE, KEY)
