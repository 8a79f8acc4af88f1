"""nginx's files: which of those that a program writes nginx reads, beside the ones that its package brings."""

from __future__ import annotations

import fnmatch
import functools
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

from policies.reading.nginx.tree import Directive, Text, included, parsed
from policies.reading.shell import HOLE, known

FOLDER = "/etc/nginx/"
_MAIN = FOLDER + "nginx.conf"
# What the package of Debian and Ubuntu has in its nginx.conf, as far as it matters here.
_STOCK = """
include /etc/nginx/modules-enabled/*.conf;
events { worker_connections 768; }
http {
    include /etc/nginx/mime.types;
    access_log /var/log/nginx/access.log;
    include /etc/nginx/conf.d/*.conf;
    include /etc/nginx/sites-enabled/*;
}
"""
# Files of the package: none has what a rule asks for. certbot's option file has TLS settings only.
_PACKAGE = re.compile(
    r"(mime\.types|fastcgi_params|fastcgi\.conf|proxy_params|scgi_params|uwsgi_params|koi-utf|koi-win|win-utf"
    r"|snippets/(fastcgi-php|snakeoil)\.conf|modules-enabled/\*\.conf|modules-enabled/\S+)$|letsencrypt/options-ssl-nginx\.conf$"
)


def of_nginx(files: Mapping[str, str]) -> dict[str, str]:
    """The files in nginx's folder, those that are links with what they lead to."""
    found = {path: text for path, text in files.items() if path.startswith(FOLDER)}
    for path, text in found.items():
        if text == HOLE and "/sites-enabled/" in path:
            # Linked before it was written, or by a name that is not known.
            found[path] = found.get(path.replace("/sites-enabled/", "/sites-available/"), text)
    return found


@dataclass(frozen=True)
class Config:
    """The main context with all that is included; `unknown` are includes that nobody wrote, `faults` why nginx would not
    take it, `holes` whether a part of the texts is not known."""

    directives: tuple[Directive, ...]
    unknown: tuple[str, ...]
    faults: tuple[str, ...]
    holes: bool


@functools.lru_cache(maxsize=256)
def config(all_of: tuple[tuple[str, str], ...]) -> Config:
    """The config that these files make, by (path, text)."""
    files = dict(all_of)
    seen = {**files, **of_nginx(files)}
    read = [seen.get(_MAIN, "")]

    def find(pattern: str, context: tuple[str, ...]) -> list[Text] | None:
        path = posixpath.normpath(posixpath.join(FOLDER, pattern))
        if not known(path):
            return None
        names = sorted(name for name in seen if fnmatch.fnmatchcase(name, path) and name.count("/") == path.count("/"))
        if not names and re.search(r"[*?\[]", path):
            return []  # a folder of which the program fills nothing
        if not names:
            return [] if _PACKAGE.search(path) else None
        read.extend(seen[name] for name in names)
        return [parsed(seen[name], name, context) for name in names]

    main = parsed(seen.get(_MAIN, _STOCK), _MAIN, ())
    directives, unknown, faults = included(main.directives, find, ())
    return Config(directives, unknown, (*main.faults, *faults), any(not known(text) for text in read))
