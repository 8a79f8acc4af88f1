"""Caddy and Traefik: whether they send who comes by HTTP to HTTPS, which Caddy does where nobody says otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.model import Resource, Stack, Unjudged
from policies.reading.commands import scripts, written
from policies.reading.containers import containers, inside, words
from policies.reading.shell import known

_CADDYFILE = "/etc/caddy/Caddyfile"
_TRAEFIK = re.compile(r"redirections\.entry_?point\.(to=|scheme=https)", re.I)


def redirecting(stack: Stack) -> Iterator[tuple[Resource, str]]:
    """(who declares it, its name) of each such proxy that sends everybody to HTTPS."""
    for script in scripts(stack):
        if _CADDYFILE in script.written and _sends(script.written[_CADDYFILE]):
            yield script.resource, "Caddy"
    for one in containers(stack):
        held = inside(one, written(stack)) if one.sure else {}
        if _CADDYFILE in held and _sends(held[_CADDYFILE]):
            yield one, "Caddy"
        try:
            if one.sure and "traefik" in one.image and any(_TRAEFIK.search(word) for word in words(one)):
                yield one, "Traefik"
        except Unjudged:
            continue


def _sends(text: str) -> bool:
    """Whether one of a Caddyfile's sites is asked for by HTTPS, and by HTTP only to be sent there."""
    bare = re.sub(r"(?m)(^|\s)#.*$", "", text)
    if not known(bare) or re.search(r"\bauto_https\s+(off|disable_redirects)\b", bare):
        return False
    heads, deep = [], 0
    for line in bare.splitlines():
        if deep == 0 and line.strip():
            heads.append(line.strip())
        deep += len(re.findall(r"(?<=\s)\{|^\{", line)) - len(re.findall(r"(?:^|\s)\}", line))
    sites = [
        word
        for head in heads
        for word in re.split(r"[\s,]+", head.rstrip("{ "))
        if not head.startswith(("(", "{", "}"))
    ]
    return any(
        re.fullmatch(r"(https://)?(\*\.)?[\w-]+(\.[\w-]+)*\.[a-z]{2,}(:443)?(/\S*)?", site) for site in sites[:200]
    )
