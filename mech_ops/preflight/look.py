"""All checks of a stack, and what they said as text or JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache, partial

from rich.markup import escape
from rich.table import Table

from mech_infra.config import PlatformConfig, key_mistake
from mech_infra.registry import TOKEN, host
from mech_infra.registry import login as known_as
from mech_ops import api
from mech_ops.errors import FOUND, OK
from mech_ops.preflight import plugins, registry
from mech_ops.preflight.checks import Check, NotLooked, Row, Subject, Wrong, run
from mech_ops.preflight.cloudflare import Cloudflare
from mech_ops.preflight.stack import Stack
from mech_ops.preflight.vultr import Vultr

_COLOURS = {"ok": "green", "wrong": "bold red", "not looked at": "yellow"}


def look(name: str | None) -> tuple[str, list[Row]]:
    """The stack's name, and a row a check. Raises OpsError where there is no project or no stack to look at."""
    stack = Stack(name)
    rows = run([stack.subject(), plugins.subject()])
    # What the config says is known now, from the CLI or, as far as it is not encrypted, from its file.
    platform, secrets = stack.platform()
    config = Subject("Config", [Check(stack.file.name, stack.config)])
    rows += run([config, *(subjects(platform, secrets, stack.running) if platform else [])])
    if platform is None:
        unseen = "it needs: a config that the program takes"
        rows += [
            Row(subject, "all", "not looked at", unseen) for subject in ("SSH key", "Vultr", "Cloudflare", "Images")
        ]
    return stack.name, hidden(
        rows, [*secrets.values(), *map(os.environ.get, ("VULTR_API_KEY", "CLOUDFLARE_API_TOKEN"))]
    )


def subjects(platform: PlatformConfig, secrets: Mapping[str, str], running: bool) -> list[Subject]:
    """What a configured platform needs, at this machine and elsewhere."""
    clouds: list[Vultr | Cloudflare] = [
        Vultr(api.vultr(), platform.host, running, platform.members()),
        Cloudflare(api.cloudflare(), platform, running),
    ]
    return [
        Subject("SSH key", [Check(platform.host.ssh_private_key, partial(key_pair, platform))]),
        *(cloud.subject() for cloud in clouds),
        images(platform, secrets),
    ]


def key_pair(platform: PlatformConfig) -> str:
    """Raises Wrong."""
    if found := key_mistake(platform):
        raise Wrong(found)
    return "the pair fits, and ssh takes it"


def images(platform: PlatformConfig, secrets: Mapping[str, str]) -> Subject:
    """Every image of the program, once."""
    names = {*(s.image for s in platform.resolved_services()), *platform.datastores.images.values()}
    registries, user = cache(registry.client), platform.images.registry_user
    unread = user and TOKEN not in secrets
    login = None if unread else known_as(platform.images.registry, user, secrets)

    def pull(name: str) -> str:
        if unread and host(name) == host(f"{platform.images.registry}/"):
            raise NotLooked(f"mech:{TOKEN} cannot be read (see: passphrase)")
        return registry.pull(registries(), name, login)

    return Subject("Images", [Check(name, partial(pull, name)) for name in sorted(names)])


def hidden(rows: Sequence[Row], secrets: Iterable[str | None]) -> list[Row]:
    """The same without a secret, should an answer ever carry one."""
    known = [secret for secret in secrets if secret and len(secret) > 5]

    def clean(text: str) -> str:
        for secret in known:
            text = text.replace(secret, "…")
        return text

    return [replace(row, what=clean(row.what), said=clean(row.said)) for row in rows]


def exit_code(rows: Sequence[Row]) -> int:
    """0 only where everything was looked at and is well."""
    return OK if all(row.state == "ok" for row in rows) else FOUND


def as_json(rows: Sequence[Row]) -> str:
    return json.dumps([asdict(row) for row in rows], indent=2)


def as_table(stack: str, rows: Sequence[Row]) -> Table:
    counts = {state: sum(row.state == state for row in rows) for state in _COLOURS}
    caption = ", ".join(f"{count} {state}" for state, count in counts.items() if count or state == "ok")
    table = Table(title=f"Preflight of {stack}", title_justify="left", box=None, pad_edge=False, caption=caption)
    for column in ("subject", "looked at", ""):
        table.add_column(column)
    table.caption_justify = "left"
    before = ""
    for row in rows:
        said = row.said if row.state == "ok" else f"[{_COLOURS[row.state]}]{row.state}:[/] {escape(row.said)}"
        mark = "[green]ok[/]  " if row.state == "ok" else ""
        table.add_row(row.subject if row.subject != before else "", escape(row.what), f"{mark}{said}")
        before = row.subject
    return table
