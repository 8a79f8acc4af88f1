"""Do two sets of plugins plan the same? `python -m tests.parity.plans --home DIR`, for whoever has official plugins.

DIR is a PULUMI_HOME with official plugins in its plugins folder; what it lacks is filled up with stand-ins, as `make up`
does. The other set are the stand-ins alone. With each, a sandbox of its own goes the same way: up from nothing, previews,
ups, drifts by hand one upon the other, their repair, destroy. At every step the plans are compared, operation by resource.
Exit code 0: the same at every step, and each step as it should be; 2: not so; 1: a command failed. Needs root.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from sandbox import steps
from sandbox.credentials import load as credentials
from sandbox.providers import install
from tests.sandbox.stack import Stack, make

_NOT_CHANGES = {"same", "refresh"}


@dataclass(frozen=True)
class Plan:
    """What a preview would do: operations by URN, and by URN what they are for. What stays as it is is left out."""

    operations: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        counts = Counter(self.operations.values())
        return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing"


@dataclass(frozen=True)
class Step:
    name: str
    plan: Plan
    wrong: str = ""  # what the plan should have been, where it is not


def read_plan(text: str) -> Plan:
    """The plan in the output of `pulumi preview --json`. Raises ValueError where it is none."""
    operations: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for step in json.loads(text)["steps"]:
        if step["op"] in _NOT_CHANGES:
            continue
        urn = step["urn"]
        operations[urn] = "+".join(sorted({step["op"], *operations.get(urn, step["op"]).split("+")}))
        reasons[urn] = ", ".join(sorted(step.get("detailedDiff") or step.get("diffReasons") or []))
    return Plan(operations, reasons)


def differences(one: Plan, other: Plan) -> list[str]:
    """A line for each resource with which the two would do something else."""
    lines = []
    for urn in sorted(one.operations.keys() | other.operations.keys()):
        pair = [plan.operations.get(urn, "same") for plan in (one, other)]
        if pair[0] != pair[1]:
            why = one.reasons.get(urn) or other.reasons.get(urn)
            lines.append(f"{urn.rpartition('::')[2]}: {pair[0]} | {pair[1]}" + (f" ({why})" if why else ""))
    return lines


def _api(stack: Stack, vendor: str) -> httpx.Client:
    """The vendor's API of this sandbox, as a person with the dashboard would use it."""
    keys = credentials(stack.settings)
    url, key = {
        "vultr": (stack.settings.vultr_url, "vultr_api_key"),
        "cloudflare": (stack.settings.cloudflare_url, "cloudflare_api_token"),
    }[vendor]
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {keys[key]}"}, timeout=30)


def _close_443(stack: Stack) -> None:
    with _api(stack, "vultr") as vultr:
        [group] = vultr.get("/firewalls").json()["firewall_groups"]
        rules = f"/firewalls/{group['id']}/rules"
        [rule] = [rule for rule in vultr.get(rules).json()["firewall_rules"] if rule["port"] == "443"]
        vultr.delete(f"{rules}/{rule['id']}").raise_for_status()


def _uncover(stack: Stack) -> None:
    with _api(stack, "cloudflare") as cloudflare:
        [zone] = cloudflare.get("/zones").json()["result"]
        records = f"/zones/{zone['id']}/dns_records"
        [record] = [one for one in cloudflare.get(records).json()["result"] if one["name"].startswith("llm.")]
        cloudflare.patch(f"{records}/{record['id']}", json={"proxied": False}).raise_for_status()


def _on_host(line: str) -> Callable[[Stack], Any]:
    return lambda stack: stack.ssh(line)


DRIFTS: dict[str, Callable[[Stack], Any]] = {
    "a container stopped": _on_host("docker stop mech-llms"),
    "a container's memory changed": _on_host("docker update --memory 100m --memory-swap 100m mech-queue"),
    "a container removed": _on_host("docker rm -f mech-reader"),
    "a container off the network": _on_host("docker network disconnect mech-network mech-storage"),
    "UFW's 80/tcp removed": _on_host("ufw delete allow 80/tcp"),
    "Vultr's rule for 443 removed": _close_443,
    "a DNS record without proxy": _uncover,
}


def walk(stack: Stack) -> Iterator[Step]:
    """The whole way in one sandbox, a step each time its plan is known. Raises AssertionError where a command fails."""

    def preview() -> Plan:
        return read_plan(stack.pulumi("preview", "--json").stdout)

    def up() -> None:
        stack.pulumi("up", "--yes", "--skip-preview", "--suppress-permalink=true")

    def clean(name: str) -> Step:
        plan = preview()
        return Step(name, plan, "there is nothing to do" if plan.operations else "")

    yield Step("up from nothing", preview())
    up()
    yield clean("preview after it")
    yield clean("another preview")
    for name in ("second up", "third up"):
        yield clean(name)
        up()
    seen = Plan()
    for name, spoil in DRIFTS.items():
        spoil(stack)
        before, seen = seen, preview()
        yield Step(f"+ {name}", seen, "" if seen.operations != before.operations else "the drift is not seen")
    up()
    yield clean("all repaired")
    stack.well()
    yield Step("destroy", read_plan(stack.pulumi("destroy", "--preview-only", "--json").stdout))
    stack.destroy()


def measure(home: Path, say: Callable[[str], None]) -> list[Step]:
    """The way under the plugins of this PULUMI_HOME, in a fresh sandbox that is removed afterwards."""
    os.environ["PULUMI_HOME"] = str(home)
    stack = make("plans")
    try:
        taken = []
        for step in walk(stack):
            say(f"  {step.name}: {step.plan}")
            for urn, operation in step.plan.operations.items() if step.wrong else ():
                say(f"    {urn.rpartition('::')[2]}: {operation} ({step.plan.reasons[urn]})")
            taken.append(step)
        return taken
    finally:
        steps.remove(stack.settings)


def main(home: Annotated[Path, typer.Option(help="A PULUMI_HOME with official plugins.")]) -> None:
    console = Console(highlight=False)
    plugins = [f"{one.name} {one.version}" for one in install.found(home) if one.kind == "official"]
    if not plugins:
        console.print(f"{home}/plugins has no official plugin of the versions that the program asks for")
        raise typer.Exit(1)
    with tempfile.TemporaryDirectory() as ours:
        sets = {"stand-ins": Path(ours), f"official {', '.join(plugins)}": home.resolve()}
        taken = []
        for name, place in sets.items():
            console.print(f"[bold]{name}[/]")
            try:
                taken.append(measure(place, console.print))
            except (AssertionError, *steps.FAILURES) as error:
                console.print(f"[bold red]error:[/] {error}")
                raise typer.Exit(1) from None
    table = Table("step", *sets, "", box=None, pad_edge=False)
    bad: list[str] = []
    for one, other in zip(*taken, strict=True):
        lines = differences(one.plan, other.plan)
        wrong = [
            f"wrong with {name}: {step.wrong}" for name, step in zip(sets, (one, other), strict=True) if step.wrong
        ]
        table.add_row(one.name, str(one.plan), str(other.plan), f"{len(lines)} differ" if lines else "the same")
        bad += [f"{one.name}: {line}" for line in [*lines, *wrong]]
    console.print(table)
    for line in bad:
        console.print(line)
    raise typer.Exit(2 if bad else 0)


if __name__ == "__main__":
    typer.run(main)
