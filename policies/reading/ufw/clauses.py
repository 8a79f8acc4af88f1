"""The clauses of a rule: `80/tcp`, `proto tcp from ADDRESS to any port 80`, in the tool's own grammar."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from policies.reading.shell import HOLE, known
from policies.reading.ufw.names import (
    PORTLESS,
    PROTOCOLS,
    is_profile_name,
    is_service,
    service_port,
    service_proto,
    split,
)
from policies.reading.ufw.rule import ANY4, Refused, Rule, is_address4, is_address6

_NUMBERS = re.compile(r"\d([0-9,:]*\d+)*$")
_KEYS = ("proto", "from", "to", "port", "app", "in", "out")


def short(rule: Rule, word: str) -> Rule:
    """A rule of one word: a port with or without its protocol, a service or a profile. Raises Refused."""
    if not known(word):
        port, _, proto = word.partition("/")
        return replace(rule, dport=HOLE, proto=proto if proto in ("tcp", "udp") else "any")
    if is_profile_name(word) and not is_service(word):
        return replace(rule, dapp=word, dport=word)
    port, proto = split(word)
    rule = with_port(_with_proto(rule, proto), port, "dst")
    if not _NUMBERS.match(port):
        rule = _of_service(rule, [port])
    return _verified(rule, "both")


def long(rule: Rule, words: Sequence[str]) -> tuple[Rule, str]:
    """A rule of clauses, and its family: both, v4 or v6. Raises Refused."""
    count = {key: list(words).count(key) for key in _KEYS}
    if len(words) % 2 == 0 or not (count["from"] or count["to"] or count["in"] or count["out"]):
        raise Refused("neither from nor to")
    most = {"port": 2, "app": 2}
    if any(count[key] > most.get(key, 1) for key in _KEYS) or (count["app"] and count["proto"]):
        raise Refused("a clause stands twice")
    family = {"from": "any", "to": "any"}
    services: list[str] = []
    end = ""
    for at, word in enumerate(words):
        if at % 2 and not known(word):
            raise Refused(f"{HOLE} is no clause")
        if at % 2 and word not in _KEYS:
            raise Refused(f"{word} is no clause")
        if word not in _KEYS:
            continue
        if at + 1 == len(words):
            raise Refused(f"{word} says nothing")
        value = words[at + 1]
        if word == "proto":
            rule = _with_proto(rule, value)
        elif word in ("in", "out"):
            rule = with_interface(rule, word, value)
        elif word in ("from", "to"):
            address, family[word] = _address(value.lower())
            end = "src" if word == "from" else "dst"
            rule = replace(rule, src=address) if end == "src" else replace(rule, dst=address)
        elif not end:
            raise Refused(f"{word} without from or to")
        else:
            if word == "app":
                rule = replace(rule, sapp=value) if end == "src" else replace(rule, dapp=value)
            elif known(value) and not _NUMBERS.match(value):
                if re.search("[,:]", value):
                    raise Refused("ranges of ports are numbers")
                services.insert(0 if end == "dst" else len(services), value)
            rule = with_port(rule, value, end)
    kinds = {kind for kind in family.values() if kind != "any"}
    if kinds == {"v4", "v6"}:
        raise Refused("both kinds of addresses")
    kind = next(iter(kinds), "both")
    if services:
        rule = _of_service(rule, services)
    if rule.proto in ("ipv6", "igmp") and kind == "both":
        kind = "v4"
    return _verified(rule, kind), kind


def _address(text: str) -> tuple[str, str]:
    if text == "any":
        return ANY4, "any"
    if not known(text):
        return text, "any"
    if is_address6(text):
        return ANY4 if text == "::/0" else text, "v6"
    if is_address4(text):
        return text, "v4"
    raise Refused(f"{text} is no address")


def _with_proto(rule: Rule, proto: str) -> Rule:
    if known(proto) and proto not in (*PROTOCOLS, "any"):
        raise Refused(f"{proto} is no protocol")
    return replace(rule, proto=proto)


def _of_service(rule: Rule, names: Sequence[str]) -> Rule:
    """The protocol is the service's, unless another is asked for."""
    proto = service_proto(names[0])
    for other in map(service_proto, names[1:]):
        if proto not in ("any", "", other) and other != "any":
            raise Refused("the services have no protocol in common")
        proto = other if proto in ("any", "") else proto
    if rule.proto == "any":
        return _with_proto(rule, proto)
    if proto not in ("any", rule.proto):
        raise Refused(f"{names[0]} is not {rule.proto}")
    return rule


def with_port(rule: Rule, port: str, end: str) -> Rule:
    """Raises Refused for what is no port; the name of a profile stands as it is."""
    if port != "any" and not (rule.dapp if end == "dst" else rule.sapp) and known(port):
        if port.startswith((",", ":")) or port.count(",") + port.count(":") > 14:
            raise Refused(f"bad port {port}")
        parts = [_port(part) for part in port.split(",")]
        port = ",".join(parts)
        rule = replace(rule, multi=rule.multi or len(parts) > 1 or ":" in port)
    return replace(rule, dport=port) if end == "dst" else replace(rule, sport=port)


def _port(part: str) -> str:
    if re.fullmatch(r"\d+:\d+", part):
        low, high = map(int, part.split(":"))
        if not 1 <= low < high <= 65535:
            raise Refused(f"bad port {part}")
        return part
    if part.isdecimal():
        if not 1 <= int(part) <= 65535:
            raise Refused(f"bad port {part}")
        return part
    return service_port(part)


def with_interface(rule: Rule, way: str, name: str) -> Rule:
    """Raises Refused for what is no interface's name."""
    if known(name) and (name in (".", "..") or not re.fullmatch(r"[a-zA-Z0-9_\-.+,=%@]{1,15}", name)):
        raise Refused(f"{name} is no interface")
    return replace(rule, iface_in=name) if way == "in" else replace(rule, iface_out=name)


def _verified(rule: Rule, family: str) -> Rule:
    if rule.proto != "any" and (rule.dapp or rule.sapp):
        raise Refused("a profile has its own protocol")
    if rule.proto in ("ipv6", "igmp") and family == "v6":
        raise Refused(f"{rule.proto} is for IPv4")
    if rule.proto in PORTLESS and (rule.dport != "any" or rule.sport != "any"):
        raise Refused(f"{rule.proto} has no ports")
    return rule
