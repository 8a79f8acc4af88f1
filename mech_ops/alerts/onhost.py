"""Runs on the host, as one file with what it imports (mech_infra/commands/alerts.py): looks at its own host, and posts.

It has no token of a cloud, so the zone and Vultr are left to who looks from outside, and so are visitors. Standard library
only, and Debian's Apprise.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mech_infra import catalogue
from mech_infra.facts import model, wanted
from mech_infra.facts.host import trip
from mech_ops import kept
from mech_ops.alerts import command
from mech_ops.alerts.report import lines
from mech_ops.alerts.seen import Seen, seen
from mech_ops.alerts.sending import destinations
from mech_ops.diagnosis import ranking
from mech_ops.diagnosis.bundle import Bundle
from mech_ops.diagnosis.look import Look
from mech_ops.errors import FAILED, OpsError
from mech_ops.redaction import redacted

FOLDER = Path("/etc/mech/alerts")
DECLARED, DESTINATIONS = "declared.json", "destinations"
FACTS = "facts.txt"  # beside this module: the program that reads the host
_LIMIT_S = 30


def main(folder: Path = FOLDER) -> int:
    """One run; says what is new. Exit codes as those of `mech alert`."""
    try:
        order = json.loads((folder / DECLARED).read_text())
        some = destinations((folder / DESTINATIONS).read_text().split())
        done = command.run(lambda: look(order), some, kept.place("alerts.json"))
    except (OSError, ValueError, KeyError, TypeError, OpsError) as error:
        # Of a file that is broken the text could be a secret.
        says = (
            str(error)
            if isinstance(error, OpsError)
            else f"{folder} cannot be read ({type(error).__name__}): pulumi up"
        )
        sys.stderr.write(f"{says}\n")
        return FAILED
    if done.news or done.failed:
        sys.stdout.write("\n".join(lines(done, rehearsed=False)) + "\n")
    return done.exit_code


def look(order: dict[str, Any]) -> Seen:
    """What this host says of itself now, judged by what is declared. Raises OpsError where it says nothing."""
    taken = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    facts = {"host": read(program())}
    found = Bundle(taken, order["declared"], facts)
    found.drift, found.told = wanted.judged(order["sensors"], facts)
    # Its environment's values, which Docker shows, are secrets of the services.
    clean = Bundle(**redacted(vars(found), secrets(order["hidden"])))
    return seen(ranking.diagnose(Look(clean)), order["least"])


def secrets(hidden: Sequence[str], root: Path = Path(catalogue.SERVICES_ROOT)) -> list[str]:
    """The services' keys and the databases' passwords, out of their .env files, longest first."""
    found: set[str] = set()
    for path in root.glob("*/.env"):
        for name, _, value in (line.partition("=") for line in path.read_text(errors="replace").splitlines()):
            if name in hidden:
                found.add(value)
            elif "://" in value and (password := urlsplit(value).password):
                found.update((password, unquote(password)))
    return sorted((text for text in found if len(text) >= 6), key=len, reverse=True)


def program() -> str:
    """What reads the host, as a preview sends it. Raises OpsError."""
    text = pkgutil.get_data(__package__, FACTS)
    if text is None:
        raise OpsError("the program that reads the host is not in here: pulumi up")
    return text.decode()


def read(text: str) -> dict[str, Any]:
    """Run it. Raises OpsError where it does not come to its end."""
    env = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            ["/usr/bin/python3", "-"], input=text.encode(), capture_output=True, timeout=_LIMIT_S, check=False, env=env
        )
        return trip.understood(done)
    except subprocess.TimeoutExpired:
        raise OpsError(f"this host was not read within {_LIMIT_S} s") from None
    except model.Unreachable as error:
        raise OpsError(f"this host could not be read: {error}") from None
