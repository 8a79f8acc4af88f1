"""The command that turns a fresh set of namespaces into a booting Debian host.

Recipe measured on these machines (findings §3). Each program does its part and becomes the next. The first joins the
host's control group, so that those after it, in a cgroup namespace of their own, see that group as the root.
"""

from __future__ import annotations

from pathlib import Path

from sandbox import network
from sandbox.host import blocks, cgroups
from sandbox.host.model import HostSpec, Place
from sandbox.host.run import shell


def argv(place: Place, spec: HostSpec, joins: list[Path]) -> list[str]:
    """The command whose only child becomes the host's pid 1; ends with SIGHUP for a reboot, SIGINT for power-off."""
    root = str(place.root)
    groups = [word for hierarchy in cgroups.hierarchies() for word in hierarchy.words]
    return [
        # whatever ends the supervisor ends the host: nobody would answer its next reboot
        "setpriv", "--pdeathsig", "KILL",
        "unshare", "--mount", "--uts", "--ipc", "--net", "--pid", "--fork", "--kill-child",
        *shell(__file__, "join", *map(str, joins), "--"),
        "unshare", "--cgroup",
        *network.inside(place.settings, spec.address),
        *shell(__file__, "mounts", root, *groups, "--"),
        *blocks.show_all(place, f"{root}/dev"),
        *shell(__file__, "init", root),
    ]  # fmt: skip
