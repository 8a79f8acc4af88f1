"""A Vultr plugin that knows no other address than https://api.vultr.com, as the official one, in a sandbox.

The plugin here is our stand-in without its $MECH_VULTR_URL: what it needs is then what the official one needs, a proxy
and a CA. The official one itself cannot be had everywhere; PARITY.md says what was measured with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from mech_infra.commands import script
from sandbox import cli, credentials, official, stack_env, steps
from sandbox.providers import install
from sandbox.settings import Settings, load
from tests.sandbox.bridged_stack import ROOT, Stack
from tests.sandbox.stack import own

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for the sandbox's addresses")
PROGRAM = """
import ediri_vultr as vultr

address = vultr.ReservedIp("address", region="ewr", ip_type="v4", label="mech")
host = vultr.Instance("host", region="ewr", plan="vc2-1c-1gb", os_id=2136, label="mech-1", hostname="mech-1",
                      reserved_ip_id=address.id)
"""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Settings]:
    settings = load(own("official"))
    steps.remove(settings)
    steps.up(settings, print)
    stack_env.prepare(settings)
    yield settings
    steps.remove(settings)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A PULUMI_HOME with that plugin in it."""
    program = install.folder(tmp_path / "home", "vultr") / "pulumi-resource-vultr"
    program.parent.mkdir(parents=True)
    program.write_text(script.program(script.room(__file__) / "vultr.sh", PYTHONPATH=str(ROOT)))
    program.chmod(0o755)
    return tmp_path / "home"


@pytest.fixture
def stack(sandbox: Settings, home: Path, tmp_path: Path) -> Stack:
    made = Stack(tmp_path, PROGRAM, {**stack_env.variables(sandbox), "PULUMI_CONFIG_PASSPHRASE": ""})
    made.pulumi = official.folder(sandbox) / "pulumi"
    return made


def test_it_reaches_the_sandbox_and_finds_all_that_it_asks_for(stack: Stack, sandbox: Settings) -> None:
    assert "+ 3 created" in stack.up()
    stack.clean("--refresh")
    headers = {"Authorization": f"Bearer {credentials.load(sandbox)['vultr_api_key']}"}
    with httpx.Client(base_url=sandbox.vultr_url + "/", headers=headers) as api:
        [instance] = api.get("instances").json()["instances"]
        assert (instance["id"], instance["label"]) == (stack.id("host"), "mech-1")
        # The official plugin asks for these at every read, and takes a 404 for an error.
        for kind in ("vpcs", "vpc2"):
            answer = api.get(f"instances/{instance['id']}/{kind}").json()
            assert answer == {"vpcs": [], "meta": {"total": 0, "links": {"next": "", "prev": ""}}}
        assert api.get("instances/none/vpcs").json() == {"error": "invalid instance ID", "status": 404}
    assert "3 deleted" in stack.destroy()


def test_status_says_which_plugins_are_official(home: Path, sandbox: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MECH_SANDBOX", sandbox.name)
    monkeypatch.setenv("PULUMI_HOME", str(home))
    install.install(home)
    done = CliRunner().invoke(cli.app, ["status"])
    rows = dict(line.split()[1::2] for line in done.output.splitlines() if line.startswith("plugin "))
    assert done.exit_code == 0
    assert rows == {"docker": "stand-in", "command": "stand-in", "cloudflare": "stand-in", "vultr": "official"}
