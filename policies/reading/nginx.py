"""nginx's config, as the command that puts it in place writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from policies.model import Resource, Stack
from policies.reading.commands import Script, first


@dataclass(frozen=True)
class Nginx:
    """nginx's config and the command that puts it in place."""

    resource: Resource
    command: str
    text: str

    @property
    def servers(self) -> list[str]:
        """The server blocks, each as text."""
        found, depth, start = [], 0, None
        for match in re.finditer(r"\bserver\s*\{|[{}]", self.text):
            word = match[0]
            if word.startswith("server") and start is None:
                start, depth = match.start(), 1
            elif start is not None:
                depth += -1 if word == "}" else 1
                if depth == 0:
                    found.append(self.text[start : match.end()])
                    start = None
        return found

    @property
    def names(self) -> set[str]:
        named = re.findall(r"^\s*server_name\s+([^;]+);", self.text, re.M)
        return {name for names in named for name in names.split() if name != "_"}

    @property
    def tls_names(self) -> set[str]:
        """The names that visitors ask for by HTTPS."""
        return {
            name for server in self.servers if re.search(r"^\s*listen\s+[^;]*\bssl\b", server, re.M)
            for names in re.findall(r"^\s*server_name\s+([^;]+);", server, re.M) for name in names.split() if name != "_"
        }  # fmt: skip

    @property
    def upstreams(self) -> list[list[set[int]]]:
        """For each place that requests are passed to, the ports of it: one set, or a choice of them where a variable names it.

        A server that is only a `backup` may be away.
        """
        groups = {
            match[1]: {
                int(port) for port in
                re.findall(r"^\s*server\s+(?:127\.0\.0\.1|localhost):(\d{1,5})(?![^;]*\bbackup\b)", match[2], re.M)
            }
            for match in re.finditer(r"^\s*upstream\s+(\S+)\s*\{([^}]*)\}", self.text, re.M)
        }  # fmt: skip
        found = []
        for server in self.servers:
            for target in re.findall(r"^\s*proxy_pass\s+https?://([^;/\s]+)", server, re.M):
                direct = re.fullmatch(r"(?:127\.0\.0\.1|localhost):(\d{1,5})", target)
                named = re.findall(rf"\bset\s+{re.escape(target)}\s+(\S+)\s*;", server) if "$" in target else [target]
                choice = [{int(direct[1])}] if direct else [groups[name] for name in named if name in groups]
                if choice and choice not in found:
                    found.append(choice)
        return found

    def body_mb(self) -> list[float]:
        """client_max_body_size of each block that sets it, in MB; 0 means no limit, nginx's default is 1."""
        scale = {"": 1 / 2**20, "k": 1 / 1024, "m": 1.0, "g": 1024.0}
        found = re.findall(r"client_max_body_size\s+(\d+)([kKmMgG]?)\s*;", self.text)
        return [float("inf") if int(n) == 0 else int(n) * scale[unit.lower()] for n, unit in found]


def nginx(stack: Stack) -> Nginx | None:
    """The proxy's config, None where there is none. Raises Unjudged."""

    def make(script: Script) -> Nginx | None:
        config = "\n".join(text for path, text in script.written.items() if path.startswith("/etc/nginx/"))
        return Nginx(script.resource, script.text, config) if config else None

    return first(stack, make)
