"""`python3 -m engine setup | environment | preflight | uv`: have what `make` needs. Exit codes: 0 done, 3 cannot."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from engine import cli, environment, packages, preflight
from engine.languagehost import install as languagehost
from engine.run import SetupError


def main(arguments: list[str]) -> int:
    command = arguments[0] if arguments else "setup"
    if command not in ("setup", "environment", "preflight", "uv"):
        print("usage: python3 -m engine [setup|environment|preflight|uv]", file=sys.stderr)
        return 2
    found = preflight.problems(sandbox=command != "environment")
    if found:
        print("This machine cannot run it yet:", file=sys.stderr)
        for problem in found:
            print(f"  - {problem}", file=sys.stderr)
        return 3
    try:
        if command == "uv":
            print(environment.uv())
            return 0
        if command == "setup":
            _step("Debian packages", _packages)
        if command != "preflight":
            _step("Python environment", lambda: "made" if environment.ensure() else "cached")
        if command == "setup":
            _step("Pulumi CLI", lambda: cli.ensure(_say))
            _step("language host", lambda: "installed" if languagehost.ensure() else "cached")
            environment.write_environment()
    except SetupError as error:
        print(f"\nset-up stopped: {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("\nset-up interrupted; run the same command again to go on", file=sys.stderr)
        return 130
    return 0


def _packages() -> str:
    wanted = packages.missing()
    if not wanted:
        return "cached"
    _say(f"installing {', '.join(wanted)}")
    packages.install(wanted)
    return "installed"


def _step(name: str, work: Callable[[], str]) -> None:
    begin = time.monotonic()
    how = work()
    print(f"  {name:<20} {how:<11} {time.monotonic() - begin:6.1f} s", flush=True)


def _say(text: str) -> None:
    print(f"    {text}", flush=True)


sys.exit(main(sys.argv[1:]))
