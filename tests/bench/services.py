"""How a fleet's plan grows with its services: `python -m tests.bench.services`, without a cloud, an engine or root.

The program runs under Pulumi's mocks with a catalogue of so many services (the guide's eight, again and again under other
names and ports), each number in a process of its own: time until all is declared, memory at the most, resources.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import typer
import yaml
from rich.console import Console
from rich.table import Table

NUMBERS = (8, 125, 250, 500, 1000)


def grown(number: int) -> None:
    """Have a catalogue of so many services; before anything else of ours is imported."""
    from mech_infra import catalogue

    known = list(catalogue.SERVICES.values())
    made = {one.name: one for one in known[:number]}
    for n in range(len(known), number):
        one = known[n % len(known)]
        name = f"{one.name}-{n}"
        made[name] = replace(
            one, name=name, port=3001 + 10 + n, container=f"mech-{name}", memory_mb=64, cpus=0.1, calls=()
        )
    catalogue.SERVICES = MappingProxyType(made)
    catalogue.SERVICE_PORTS = range(3001, 3012 + number)


def declared(number: int) -> dict[str, float]:
    """Seconds, MiB and resources of one plan, in this process."""
    grown(number)
    from policies import mocked

    root = Path(__file__).parents[2]
    about = yaml.safe_load((root / "Pulumi.sandbox.yaml").read_text())
    about["config"]["mech:fleet"] = {"workers": 4, "encrypted": False}
    about["config"]["mech:host"] = {**about["config"].get("mech:host", {}), "plan": "vc2-200c-400gb"}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "Pulumi.sandbox.yaml").write_text(yaml.safe_dump(about))
        begun = time.monotonic()
        resources, _ = mocked.declare("sandbox", Path(folder))
        took = time.monotonic() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": took, "MiB": peak, "resources": len(resources)}


def main(one: Annotated[int, typer.Option(hidden=True)] = 0) -> None:
    if one:
        print(json.dumps(declared(one)))
        return
    table = Table("services", "resources", "seconds", "ms a service", "MiB", "KiB a service", box=None)
    first: dict[str, float] = {}
    for number in NUMBERS:
        argv = [sys.executable, "-m", "tests.bench.services", "--one", str(number)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=1200)
        if done.returncode:
            Console().print(f"error: {number} services: {done.stderr.strip().splitlines()[-1]}")
            raise typer.Exit(1)
        found = json.loads(done.stdout.splitlines()[-1])
        first = first or {**found, "number": number}
        more = number - first["number"]
        each = [
            f"{(found[key] - first[key]) * scale / more:.1f}" if more else "–"
            for key, scale in (("seconds", 1000), ("MiB", 1024))
        ]
        table.add_row(
            str(number), f"{found['resources']:.0f}", f"{found['seconds']:.1f}", each[0], f"{found['MiB']:.0f}", each[1]
        )
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
