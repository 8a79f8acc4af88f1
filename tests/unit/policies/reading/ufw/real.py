"""The real ufw in a folder of its own: its frontend and table as Debian ships them, without a kernel under it.

The packages come by `apt-get download`, once; nothing is installed. Run as a program this is the process in which ufw runs:
a JSON line in for each sequence of commands, a line out with how each ended and the table that it left.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

CACHE = Path(__file__).resolve().parents[5] / ".venv" / "ufw"
HOW = (
    "the tests need Debian's or Ubuntu's packages ufw (0.36.2) and netbase, and `apt-get download ufw netbase` failed; "
    "run `apt-get update` as root, then it works without root"
)


def fetched() -> Path:
    """The folder with the packages' files. Raises RuntimeError with what to do where they cannot be had."""
    if CACHE.is_dir():
        return CACHE
    with tempfile.TemporaryDirectory() as folder:
        for attempt in range(2):
            try:
                subprocess.run(["apt-get", "download", "ufw", "netbase"], cwd=folder, check=True, capture_output=True)
                break
            except (OSError, subprocess.CalledProcessError) as error:
                if attempt or os.getuid():
                    raise RuntimeError(HOW) from error
                subprocess.run(["apt-get", "update", "-qq"], check=False, capture_output=True)
        made = Path(tempfile.mkdtemp(prefix="ufw.", dir=CACHE.parent))
        for package in Path(folder).glob("*.deb"):
            subprocess.run(["dpkg", "-x", str(package), str(made)], check=True)
    with contextlib.suppress(OSError):  # another test was faster
        made.rename(CACHE)
    shutil.rmtree(made, ignore_errors=True)
    return CACHE


class Tool:
    """A process in which ufw runs."""

    def __init__(self, profiles: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(fetched())], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._profiles = profiles

    def run(self, commands: list[dict[str, Any]], ipv6: bool, files: dict[str, str]) -> list[dict[str, Any]]:
        """What each command left: `code`, `rules`, `rules6`, `enabled`, `defaults`."""
        assert self._process.stdin and self._process.stdout
        about = {"commands": commands, "ipv6": ipv6, "files": files, "profiles": self._profiles}
        self._process.stdin.write(json.dumps(about) + "\n")
        self._process.stdin.flush()
        found: list[dict[str, Any]] = json.loads(self._process.stdout.readline())
        return found

    def close(self) -> None:
        self._process.communicate(timeout=20)


def _serve(package: Path) -> None:
    out = os.fdopen(os.dup(1), "w")
    sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - for as long as the process lives
    sys.path.insert(0, str(package / "usr/lib/python3/dist-packages"))
    services = _services(package / "etc/services")

    def named(name: str, proto: str = "") -> int:
        for port, protocol in services.get(name, []):
            if proto in ("", protocol):
                return port
        raise OSError(name)

    socket.getservbyname = named
    backend, util = _patched()
    code = compile((package / "usr/sbin/ufw").read_text(), "ufw", "exec")
    with tempfile.TemporaryDirectory() as folder:
        for line in sys.stdin:
            asked = json.loads(line)
            _fresh(package, Path(folder), asked)
            said = []
            for command in asked["commands"]:
                util.under_ssh = lambda *_, is_so=command["ssh"]: is_so
                sys.stdin = io.StringIO(command["stdin"] or "")
                sys.argv = [*command["argv"], f"--rootdir={folder}", f"--datadir={folder}"]
                ended: int | str | None = 0
                try:
                    exec(code, {"__name__": "__main__"})
                except SystemExit as end:
                    ended = end.code
                except Exception:  # a traceback of the tool's
                    ended = 1
                said.append({"code": ended, **_state(Path(folder), backend)})
            out.write(json.dumps(said) + "\n")
            out.flush()


def _patched() -> tuple[Any, Any]:
    """ufw without a kernel: what it asks iptables is answered with yes."""
    base: Any = importlib.import_module("ufw.backend")
    iptables: Any = importlib.import_module("ufw.backend_iptables")
    util: Any = importlib.import_module("ufw.util")
    seconds = itertools.count()
    time.strftime = lambda *_: str(next(seconds))  # a backup a second: more than one is refused
    os.getuid = lambda: 0
    base.UFWBackend._do_checks = lambda self: None
    base.UFWBackend.use_ipv6 = lambda self: self.defaults["ipv6"] == "yes"
    util.get_iptables_version = lambda *_: "1.8.9"
    util.get_netfilter_capabilities = lambda *_: ["recent-set", "recent-update"]
    util.parse_netstat_output = lambda *_: {}
    for module in (util, iptables):
        module.cmd = lambda *_: [0, ""]
        module.cmd_pipe = lambda *_: [0, ""]
    return base, util


def _services(path: Path) -> dict[str, list[tuple[int, str]]]:
    found: dict[str, list[tuple[int, str]]] = {}
    for line in path.read_text().splitlines():
        words = line.partition("#")[0].split()
        if len(words) > 1:
            port, _, proto = words[1].partition("/")
            for name in (words[0], *words[2:]):
                found.setdefault(name, []).append((int(port), proto))
    return found


def _fresh(package: Path, root: Path, asked: dict[str, Any]) -> None:
    shutil.rmtree(root / "etc", ignore_errors=True)
    for folder in ("etc/default", "etc/ufw", "lib/ufw"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    if not (root / "usr").exists():
        shutil.copytree(package / "usr/share/ufw", root / "usr/share/ufw")
    for rules in (package / "usr/share/ufw/iptables").iterdir():
        shutil.copy(rules, root / "etc/ufw")
    shutil.copy(package / "usr/share/ufw/ufw.conf", root / "etc/ufw")
    shutil.copytree(package / "etc/ufw/applications.d", root / "etc/ufw/applications.d")
    defaults = (package / "etc/default/ufw").read_text()
    (root / "etc/default/ufw").write_text(defaults if asked["ipv6"] else defaults.replace("IPV6=yes", "IPV6=no"))
    ours = (package / "etc/ufw/applications.d").iterdir()
    there = "".join(path.read_text() for path in ours)
    (root / "etc/ufw/applications.d/more").write_text(
        "".join(
            f"[{name}]\ntitle={name}\ndescription={name}\nports={ports}\n"
            for name, ports in asked["profiles"].items()
            if f"[{name}]" not in there
        )
    )
    for path, text in asked["files"].items():
        (root / path.lstrip("/")).write_text(text)


def _state(root: Path, backend: Any) -> dict[str, Any]:
    config = (root / "etc/ufw/ufw.conf").read_text() + (root / "etc/default/ufw").read_text()
    about = dict(line.split("=", 1) for line in config.splitlines() if "=" in line and not line.startswith("#"))
    policies = {"ACCEPT": "allow", "DROP": "deny", "REJECT": "reject"}
    return {
        "rules": _tuples(root / "etc/ufw/user.rules"),
        "rules6": _tuples(root / "etc/ufw/user6.rules"),
        "enabled": about["ENABLED"] == "yes",
        "defaults": {
            way: policies[about[f"DEFAULT_{chain}_POLICY"].strip('"')]
            for way, chain in (("incoming", "INPUT"), ("outgoing", "OUTPUT"), ("routed", "FORWARD"))
        },
    }


def _tuples(path: Path) -> list[list[str]]:
    found = []
    for line in path.read_text().splitlines():
        if line.startswith("### tuple ### "):
            rule, _, comment = line.removeprefix("### tuple ### ").partition(" comment=")
            found.append([rule, bytes.fromhex(comment).decode()])
    return found


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
