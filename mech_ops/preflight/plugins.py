"""Are the CLI and the provider plugins the ones that the installed SDKs were made with? The SDKs say which."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

from mech_ops import api, pulumi
from mech_ops.preflight.checks import Check, NotLooked, Subject, Wrong

_LIMIT_S = 20


@dataclass(frozen=True)
class Plugin:
    """A provider plugin as its SDK asks for it; `server` is empty for Pulumi's own."""

    name: str
    version: str
    server: str = ""

    @property
    def install(self) -> str:
        server = f" --server {self.server}" if self.server else ""
        return f"pulumi plugin install resource {self.name} {self.version}{server}"


def wanted() -> list[Plugin]:
    """What the installed SDKs ask for, by the pulumi-plugin.json that each carries."""
    found = []
    for distribution in metadata.distributions():
        for file in distribution.files or ():
            if file.name != "pulumi-plugin.json":
                continue
            said = json.loads(Path(str(distribution.locate_file(file))).read_text())
            if said.get("resource"):
                version = said.get("version") or distribution.version
                found.append(Plugin(said["name"], version.removeprefix("v"), said.get("server", "")))
    return sorted(found, key=lambda plugin: plugin.name)


def home() -> Path:
    """Where the CLI keeps its plugins."""
    return Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi") / "plugins"


def subject(plugins: Sequence[Plugin] | None = None, folder: Path | None = None) -> Subject:
    place = folder or home()
    return Subject(
        "Pulumi",
        [
            Check("CLI", cli),
            *(
                Check(f"plugin {p.name}", partial(installed, p, place))
                for p in (wanted() if plugins is None else plugins)
            ),
        ],
    )


def cli() -> str:
    """The CLI and the `pulumi` SDK share one protocol. Raises Wrong for another version."""
    pinned = metadata.version("pulumi")
    done = pulumi.attempt(pulumi.version_command(), _LIMIT_S)
    found = done.stdout.strip().removeprefix("v")
    if done.returncode or not found:
        raise NotLooked("`pulumi version` says nothing")
    if found != pinned:
        raise Wrong(
            f"the Pulumi CLI on PATH is {found}, the program is made for {pinned}; install {pinned}, or make setup"
        )
    return pinned


def installed(plugin: Plugin, place: Path) -> str:
    """What is said of one plugin in the folder `place`. Raises Wrong."""
    # The engine takes one on PATH first, whatever its version.
    if ambient := shutil.which(f"pulumi-resource-{plugin.name}"):
        raise Wrong(f"{ambient} is on PATH and would be taken for {plugin.name} {plugin.version}; remove it from PATH")
    start = f"resource-{plugin.name}-v"
    there = sorted(
        path.name.removeprefix(start)
        for path in place.glob(f"{start}*")
        if (path / f"pulumi-resource-{plugin.name}").is_file() and not path.with_name(f"{path.name}.partial").exists()
    )
    if plugin.version in there:
        return _official(plugin, place / f"{start}{plugin.version}")
    others = f"only {', '.join(there)} of it is" if there else "it is not"
    raise Wrong(f"{plugin.name} {plugin.version} is wanted and {others} in {place}; run: {plugin.install}")


def _official(plugin: Plugin, folder: Path) -> str:
    """The official ones are binaries. A script in its place is for other clouds than the real ones."""
    with (folder / f"pulumi-resource-{plugin.name}").open("rb") as file:
        script = file.read(2) == b"#!"
    if script and not api.elsewhere():
        raise Wrong(
            f"{folder} holds a stand-in (a script), not the official plugin, and the clouds are the real ones; "
            f"remove it or use another PULUMI_HOME, then run: {plugin.install}"
        )
    return f"{plugin.version}, a stand-in" if script else plugin.version
