"""The origin only through the edge (mech:firewall.webFrom): who gets in, and what becomes of it when the edge's ranges change."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from mech_infra.commands import firewall
from sandbox import steps

from .load import Load
from .stack import REPO, STACK, Stack, make, project

pytestmark = [pytest.mark.in_order, pytest.mark.timeout(900)]
# Of Cloudflare's, beside the sandbox's edge; nobody comes from there.
MORE = ["103.21.244.0/22", "104.16.0.0/13", "162.158.0.0/15", "173.245.48.0/20"]
RATE = 20


class Origin:
    """A stack that lets in the edge alone, with a project and a config of its own."""

    def __init__(self, stack: Stack) -> None:
        self.folder = project(stack.settings.state / "project")
        self.stack = Stack(stack.settings, self.folder)
        self.edge = f"{stack.settings.edge}/32"
        self.publish(self.edge, *MORE)
        self.let_in("cloudflare")

    def let_in(self, who: str) -> None:
        about = yaml.safe_load((REPO / f"Pulumi.{STACK}.yaml").read_text())
        about["config"]["mech:firewall"] = {"exposeServicePorts": False, "webFrom": who}
        (self.folder / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump(about))

    def publish(self, *ranges: str, **instead: Any) -> None:
        """What Cloudflare's API says from now on."""
        said = instead or {"ipv4_cidrs": list(ranges)}
        (self.stack.settings.state / "ips.json").write_text(json.dumps(said))

    def outside(self, *argv: str) -> str:
        """A client on the internet that is not the edge."""
        return self.stack.mech("sandbox", "shell", "--", *argv, check=False).stdout

    def open_to(self) -> tuple[set[str], set[str]]:
        """Whom UFW lets in at 443, and whom Vultr's group."""
        rules = [line.split() for line in self.stack.ssh("ufw show added").splitlines() if " port 443 " in line]
        with self.stack.vultr() as vultr:
            group = vultr.get("/firewalls").json()["firewall_groups"][0]["id"]
            found = vultr.get(f"/firewalls/{group}/rules").json()["firewall_rules"]
        vultrs = {f"{r['subnet']}/{r['subnet_size']}" for r in found if r["port"] == "443"}
        return {rule[3] if "/" in rule[3] else f"{rule[3]}/32" for rule in rules}, vultrs

    def drift(self, *arguments: str) -> dict[str, Any]:
        done = self.stack.mech("drift", "--stack", STACK, "--format", "json", *arguments, check=False)
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    made = make("origin")
    found = Origin(made)
    found.stack.up("--skip-preview")
    yield found
    steps.remove(made.settings)


def unharmed(load: Load, about: str) -> None:
    result = load.result()
    print(f"\n{about}: {result.summary()}")
    assert result.total > 100
    assert (result.failed, result.cut) == ([], [])


def test_all_eight_answer_by_the_edge_and_nobody_else_gets_an_answer(origin: Origin) -> None:
    origin.stack.well()
    host = origin.stack.outputs()["host_ip"]
    for scheme in ("http", "https"):
        argv = ("curl", "-sk", "-m", "4", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Host: llm.mech.is")
        assert origin.outside(*argv, f"{scheme}://{host}/health") == "000", scheme
    begin = time.monotonic()
    answering = json.loads(origin.outside(sys.executable, "-m", "tests.sandbox.ports", host))
    print(f"\n65535 TCP ports of {host} asked in {time.monotonic() - begin:.0f} s; these answer: {answering}")
    assert answering == {"22": "open"}
    assert origin.open_to() == ({origin.edge, *MORE},) * 2
    origin.stack.pulumi("preview", "--expect-no-changes")


def test_ranges_that_change_at_the_api_are_drift_and_its_repair_costs_nobody_an_answer(origin: Origin) -> None:
    new = [*MORE[1:], "198.51.100.0/24"]
    origin.publish(origin.edge, *new)
    found = origin.drift()
    assert {(one["subject"], one["there"]) for one in found["drift"]} == {
        ("published and not let in", "198.51.100.0/24"),
        ("let in and not published any more", MORE[0]),
    }
    # Nobody changed the program: a repair that runs by itself may follow the list.
    assert found["unapplied"] == []
    assert "firewall-apply, firewall-confirm" in found["drift"][0]["repair"]
    with Load(origin.stack.settings, rate=RATE) as load:
        time.sleep(4)
        after = origin.drift("--repair")
        time.sleep(4)
    unharmed(load, "ranges changed at the API")
    assert (after["drift"], after["not_repaired"], len(after["repaired"])) == ([], "", 2)
    assert origin.open_to() == ({origin.edge, *new},) * 2
    origin.stack.pulumi("preview", "--expect-no-changes")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"ipv4_cidrs": []}, "Cloudflare's list of its ranges is refused: it is empty"),
        ({"ipv4_cidrs": ["0.0.0.0/0"]}, "with 0.0.0.0/0 it is 1/1 of all addresses"),
        ({"ipv4_cidrs": ["198.51.100.0/24"]}, "it lacks 4 of the 5 ranges in force"),
        ({"status": 503}, "Cloudflare's list of its ranges could not be had"),
    ],
)
def test_a_list_that_is_none_changes_nothing_and_is_said(origin: Origin, said: Any, why: str) -> None:
    before = origin.open_to()
    origin.publish(**said)
    done = origin.stack.up("--skip-preview", "--expect-no-changes")
    assert why in done.stdout
    assert "80 and 443 stay open to the 5 ranges that are in force" in done.stdout
    assert origin.open_to() == before
    origin.publish(origin.edge, *MORE[1:], "198.51.100.0/24")


def test_a_change_that_shuts_the_edge_out_is_undone_when_nobody_confirms_it(origin: Origin) -> None:
    before = origin.open_to()
    wanted = firewall.rules(["198.51.100.0/24"], None, ["198.51.100.0/24"])
    origin.stack.ssh(firewall.apply(wanted, firewall.docker_guard(None), 20))
    end = time.monotonic() + 90
    while time.monotonic() < end:
        try:
            origin.stack.well()
            break
        except AssertionError:
            time.sleep(2)
    assert origin.open_to() == before
    origin.stack.up("--skip-preview")


def test_everybody_and_back_costs_nobody_an_answer(origin: Origin) -> None:
    with Load(origin.stack.settings, rate=RATE) as load:
        time.sleep(4)
        for who in ("everyone", "cloudflare"):
            origin.let_in(who)
            origin.stack.up("--skip-preview")
            if who == "everyone":
                assert origin.open_to()[1] == {"0.0.0.0/0"}
        time.sleep(4)
    unharmed(load, "everyone, and back to cloudflare")
    assert origin.open_to()[1] >= {origin.edge}
    origin.stack.pulumi("preview", "--expect-no-changes")
