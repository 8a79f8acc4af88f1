"""Application profiles that a text writes, beside those that are known."""

from __future__ import annotations

import configparser
from collections.abc import Mapping

from policies.reading.ufw.clauses import with_port
from policies.reading.ufw.names import KNOWN, PROTOCOLS, is_profile_name, is_service, split
from policies.reading.ufw.rule import Refused, Rule

FOLDER = "/etc/ufw/applications.d/"


def profiles(files: Mapping[str, str]) -> Mapping[str, str]:
    """The ports of each application profile by its name, with those that these files declare."""
    paths = sorted(path for path in files if path.startswith(FOLDER) and not path.endswith("~"))
    if not paths:
        return KNOWN
    found = dict(KNOWN)
    for path in paths:
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(files[path])
        except configparser.Error:
            continue
        for name in parser.sections():
            about = dict(parser.items(name))
            whole = all(about.get(key) for key in ("title", "description", "ports"))
            if whole and is_profile_name(name) and not is_service(name) and _are_ports(about["ports"]):
                found[name] = about["ports"]
    return found


def _are_ports(text: str) -> bool:
    try:
        for part in text.split("|"):
            port, proto = split(part)
            if proto not in (*PROTOCOLS, "any") or (proto == "any" and ("," in port or ":" in port)):
                return False
            with_port(Rule("allow", proto), port, "dst")
    except Refused:
        return False
    return True
