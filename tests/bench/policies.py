"""What a policy pack adds to a preview of 1,000 resources: `make bench`, on a machine with nothing else to do.

Three previews in turn, several times: without a pack, with one that says nothing, with ours. The second is what the
engine and the library cost for any pack in Python (two calls a resource); the rest is our rules.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
PACKS: dict[str, Path | None] = {
    "no pack": None,
    "a pack that says nothing": HERE / "silent",
    "policies": HERE.parents[1] / "policies",
}
# The providers check their config, and a preview of new resources asks no API for anything.
CREDENTIALS = {"CLOUDFLARE_API_TOKEN": "x" * 40, "VULTR_API_KEY": "x", "PULUMI_CONFIG_PASSPHRASE": "bench"}


def preview(pack: Path | None) -> list[str]:
    """The command of one preview."""
    words = ["pulumi", "preview", "--stack", "bench", "--non-interactive", "--cwd", str(HERE / "thousand")]
    return words if pack is None else [*words, "--policy-pack", str(pack)]


def _run(words: Sequence[str], environment: dict[str, str]) -> float:
    began = time.monotonic()
    done = subprocess.run(words, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} failed; a bench of failures says nothing:\n{done.stdout}{done.stderr}")
    return time.monotonic() - began


def main(rounds: int = typer.Option(4, min=1, help="Previews of each kind; one more of each is not counted.")) -> None:
    console = Console()
    seconds: dict[str, list[float]] = {name: [] for name in PACKS}
    with tempfile.TemporaryDirectory() as backend:
        environment = {**os.environ, **CREDENTIALS, "PULUMI_BACKEND_URL": f"file://{backend}"}
        _run(["pulumi", "stack", "init", "bench", "--cwd", str(HERE / "thousand")], environment)
        with console.status("") as status:
            for number in range(rounds + 1):
                for name, pack in PACKS.items():
                    status.update(f"round {number} of {rounds}: {name}")
                    took = _run(preview(pack), environment)
                    if number:
                        seconds[name].append(took)

    base = statistics.median(seconds["no pack"])
    table = Table("preview of 1,000 resources with", "median", "adds", "fastest", "slowest", title=f"{rounds} rounds")
    for name, took in seconds.items():
        median = statistics.median(took)
        table.add_row(name, *(f"{value:.1f} s" for value in (median, median - base, min(took), max(took))))
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
