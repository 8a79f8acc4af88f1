"""What services say of what they need: the one loop of every cause that goes by it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from mech_infra import catalogue
from mech_ops.diagnosis.causes.model import Found
from mech_ops.diagnosis.look import Look

DATABASES = ("redis", "mongodb")
WORKERS = ("workers",)
SERVICES = tuple(catalogue.SERVICES)


def said(look: Look, of: Collection[str] = (), like: str = "", unlike: str = "") -> Iterator[Found]:
    """A finding for each dependency `of` which a service complains; without names, of each that is not ours: the vendors.

    `like` and `unlike` are patterns of its words, in any case.
    """
    for service, name, word in look.needs():
        asked = name in of if of else name not in (*DATABASES, *WORKERS, *SERVICES)
        if asked and re.search(like, word, re.I) and not (unlike and re.search(unlike, word, re.I)):
            about = look.services[service]
            given = {
                "service": service, "name": name, "word": word, "container": about["containers"][0],
                "key": _keys(word) or ", ".join(about["secrets"]) or "its key",
            }  # fmt: skip
            yield Found((service,), given, (f"{service}/health: {name}: {word}",))


def _keys(word: str) -> str:
    """Names of variables that it has."""
    return ", ".join(dict.fromkeys(re.findall(r"[A-Z][A-Z0-9]+_[A-Z0-9_]+", word)))
