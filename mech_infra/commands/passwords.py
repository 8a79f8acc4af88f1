"""A database's password: the name of the user that has it, and how it is spelled where it is not plain text."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote

# Every name that `user` gives; nobody else's (database/database.sh has it, too).
USER = "mech-[0-9a-f]{8}"


def user(database: str, password: str) -> str:
    """The user of this password. Another password is another user, so that for a moment both get in.

    By a slow hash, and a short one: the name is no help to who guesses passwords.
    """
    salt = f"mech {database}".encode()
    return f"mech-{hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1, dklen=4).hex()}"


def in_url(password: str) -> str:
    return quote(password, safe="")


def in_redis(password: str) -> str:
    r"""As redis-cli and redis.conf read it, in \xHH."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in password.encode()) + '"'


def in_json(password: str) -> str:
    r"""As JSON and JavaScript read it, in \uHHHH: no quote, no bracket and no semicolon for any shell to take amiss."""
    return '"' + re.sub("(....)", r"\\u\1", password.encode("utf-16-be").hex()) + '"'


def mistake(password: str) -> str | None:
    """What a password cannot have, as the end of a sentence; None when it is good."""
    if not password:
        return "is empty, which would ask nobody for a password"
    # A line of an .env file ends with the line, and Docker cuts an environment at a zero.
    if re.search(r"[\x00-\x1f\x7f]", password):
        return "has a control character or a line break in it"
    return None
