"""`mech preflight` against a real sandbox: all well, then each part spoiled and looked at again by the command itself."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox import steps
from sandbox.credentials import load as credentials

from .stack import REPO, STACK, Stack, make


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    made = make("preflight")
    yield made
    steps.remove(made.settings)


def preflight(
    stack: Stack, folder: Path | None = None, name: str = STACK, **env: str
) -> tuple[int, list[dict[str, str]]]:
    """The exit code, and the rows that are not ok."""
    argv = [str(REPO / ".venv" / "bin" / "mech"), "preflight", "--stack", name, "--json"]
    done = subprocess.run(
        argv,
        cwd=folder or stack.folder,
        env={**stack.env, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr and done.stdout, done.stderr
    for secret in (*credentials(stack.settings).values(), "mech-sandbox\n"):
        assert secret not in done.stdout + done.stderr
    rows: list[dict[str, str]] = json.loads(done.stdout)
    assert len(rows) > 10
    return done.returncode, [row for row in rows if row["state"] != "ok"]


@contextmanager
def refusing(stack: Stack, **vendors: Any) -> Iterator[None]:
    file = stack.settings.state / "refusals.json"
    file.write_text(json.dumps(vendors))
    yield
    file.unlink()


@contextmanager
def project(tmp_path: Path, *changes: tuple[str, str]) -> Iterator[Path]:
    """The project's folder with another config of the stack."""
    text = (REPO / "Pulumi.sandbox.yaml").read_text()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    shutil.copy(REPO / "Pulumi.yaml", tmp_path)
    (tmp_path / "Pulumi.sandbox.yaml").write_text(text)
    yield tmp_path


def test_all_is_well_and_nothing_was_changed(stack: Stack) -> None:
    def everything() -> dict[str, Any]:
        state = stack.settings.state / "pulumi"
        return {"clouds": stack.inventory()} | {str(p): p.read_bytes() for p in state.rglob("*") if p.is_file()}

    before = everything()
    assert preflight(stack) == (0, [])
    assert everything() == before


def test_a_stack_that_is_not_made_yet_is_well_too(stack: Stack, tmp_path: Path) -> None:
    assert preflight(stack, PULUMI_BACKEND_URL=f"file://{tmp_path}") == (0, [])
    assert list(tmp_path.iterdir()) == []


def told(rows: list[dict[str, str]], *says: str, state: str = "wrong") -> None:
    """Each of these sentences is one of the rows' in that state."""
    for sentence in says:
        assert [row for row in rows if row["state"] == state and sentence in row["said"]], (sentence, rows)


REFUSALS: list[tuple[dict[str, Any], list[str]]] = [
    (
        {
            "vultr": {
                "acls": ["subscriptions_view", "subscriptions", "firewall"],
                "sold_out": ["vc2-4c-8gb"], "no_block_storage": ["ewr", "ams"],
            },
            "cloudflare": {"zone": "pending", "scopes": ["#zone:read", "#dns_records:read", "#waf:read"]},
        },
        [
            "lacks provisioning (Deploy New Servers)", "vc2-4c-8gb is sold out or not offered in ewr",
            "Vultr has no block storage (storage_opt) in ewr", "the zone mech.is is pending", "may only read Zone > DNS",
            "the token lacks Zone > Zone Settings: Edit (Cloudflare: 10000 Authentication error",
        ],
    ),
    (
        {"vultr": {"address": True}, "cloudflare": {"token": "disabled"}},
        ["Vultr does not let this machine in; add 10.77.", "CLOUDFLARE_API_TOKEN is disabled"],
    ),
    ({"cloudflare": {"scopes": ["#dns_records:edit"]}}, ["is no zone that the token may read (9109 Unauthorized"]),
]  # fmt: skip


@pytest.mark.parametrize(("what", "says"), REFUSALS)
def test_what_the_clouds_refuse(stack: Stack, what: dict[str, Any], says: list[str]) -> None:
    with refusing(stack, **what):
        code, bad = preflight(stack)
    assert code == 2
    told(bad, *says)


def test_a_registry_that_asks_who_pulls(stack: Stack) -> None:
    file = stack.settings.state / "registry.json"
    file.write_text(json.dumps({"ghcr.io": {"user": "mech", "token": "ghp_0123"}}))
    code, bad = preflight(stack)
    file.unlink()
    assert (code, len(bad)) == (2, 8)
    assert all("the registry ghcr.io refuses a client that does not say who it is" in row["said"] for row in bad)


def test_a_private_registry_knows_the_stacks_user(stack: Stack, tmp_path: Path) -> None:
    file = stack.settings.state / "registry.json"
    with project(
        tmp_path, ("mech:domain: mech.is", "mech:domain: mech.is\n  mech:images: {registryUser: mech}")
    ) as folder:
        for token, known in (("ghp_0123456789", True), ("ghp_9876543210", False)):
            file.write_text(json.dumps({"ghcr.io": {"user": "mech", "token": "ghp_0123456789"}}))
            argv = ["pulumi", "config", "set", "--secret", "mech:REGISTRY_TOKEN", "--stack", STACK]
            subprocess.run(argv, cwd=folder, env=stack.env, input=token, text=True, check=True, capture_output=True)
            code, bad = preflight(stack, folder)
            assert token not in json.dumps(bad)
            assert (code, len(bad)) == ((0, 0) if known else (2, 8)), bad
            assert known or "ghcr.io refuses mech:images.registryUser mech with mech:REGISTRY_TOKEN" in bad[0]["said"]
    file.unlink()


ENVIRONMENTS: list[tuple[dict[str, str], list[str]]] = [
    (
        {
            "VULTR_API_KEY": "NONE", "CLOUDFLARE_API_TOKEN": "none", "PULUMI_HOME": "{tmp}", "MECH_SSH_DIR": "{tmp}",
            "PULUMI_CONFIG_PASSPHRASE_FILE": "", "PULUMI_CONFIG_PASSPHRASE": "no",
        },
        [
            "VULTR_API_KEY is not a valid token (Vultr: Invalid API token.)",
            "CLOUDFLARE_API_TOKEN is not a valid token (Cloudflare: 1000 Invalid API Token)",
            "docker 5.2.0 is wanted and it is not in {tmp}/plugins", "{tmp}/vultr_mech_machines.pub cannot be read",
            "is not the one that Pulumi.sandbox.yaml",
        ],
    ),
    (
        {"VULTR_API_KEY": "", "PULUMI_CONFIG_PASSPHRASE_FILE": ""},
        ["VULTR_API_KEY is not set", "the passphrase of Pulumi.sandbox.yaml is not set"],
    ),
    ({"PULUMI_BACKEND_URL": "file://{tmp}/no"}, ["the state backend's folder file://{tmp}/no is not there"]),
]  # fmt: skip


@pytest.mark.parametrize(("env", "says"), ENVIRONMENTS)
def test_what_is_wrong_on_this_machine(stack: Stack, tmp_path: Path, env: dict[str, str], says: list[str]) -> None:
    def here(text: str) -> str:
        return text.replace("{tmp}", str(tmp_path))

    code, bad = preflight(stack, **{name: here(value) for name, value in env.items()})
    assert code == 2
    told(bad, *map(here, says))


CONFIGS: list[tuple[list[tuple[str, str]], list[str]]] = [
    (
        [
            ("region: ewr", "region: xyz\n    osId: 1743"), ("plan: vc2-4c-8gb", "plan: vc2-5c-8gb"),
            ("zoneId: 6d65", "zoneId: 6e65"), ("mech:domain: mech.is", "mech:domain: mech.is\n  mech:images: {version: 9.9.9}"),
        ],
        [
            "mech:host.region xyz does not exist at Vultr", "mech:host.plan vc2-5c-8gb does not exist at Vultr",
            "mech:host.osId 1743 is Ubuntu 22.04 LTS x64, the program needs Debian",
            "set it to 6d656368000000000000000000000000, which is mech.is's",
            "ghcr.io has no mech-is/mech-queue with the tag 9.9.9",
        ],
    ),
    ([("mech:domain: mech.is", "mech:domain: mech.com")], ["is the zone mech.is, not mech.com"]),
    (
        [("ssl: flexible", "plan: business\n    ssl: flexible")],
        ["mech:edge.plan is business, and the zone mech.is is on Free Website"],
    ),
    ([("ssl: flexible", "ssl: strict")], ["mech:edge.ssl strict refuses a self-signed certificate"]),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "says"), CONFIGS)
def test_what_is_wrong_in_the_config(
    stack: Stack, tmp_path: Path, changes: list[tuple[str, str]], says: list[str]
) -> None:
    with project(tmp_path, *changes) as folder:
        code, bad = preflight(stack, folder)
    assert code == 2
    told(bad, *says)


def test_nothing_hangs_where_everything_accepts_and_never_answers(stack: Stack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        names = ("MECH_VULTR_URL", "CLOUDFLARE_BASE_URL", "MECH_REGISTRY_PROXY", "PULUMI_BACKEND_URL")
        begin = time.monotonic()
        code, bad = preflight(stack, **dict.fromkeys(names, url), PULUMI_ACCESS_TOKEN="pul-none")
        assert code == 2 and time.monotonic() - begin < 60
    assert {row["state"] for row in bad} == {"not looked at"}
    assert {row["subject"] for row in bad} == {"Stack", "Config", "Vultr", "Cloudflare", "Images"}


def test_production_as_it_is_shipped_is_told_what_to_fill_in(stack: Stack) -> None:
    code, bad = preflight(stack, name="prod")
    assert code == 2
    said = [row["said"] for row in bad]
    assert "Pulumi.prod.yaml is not encrypted yet: pulumi stack init prod asks for a passphrase" in said
    assert [text for text in said if text.startswith("mech:OPENAI_API_KEY is missing")]


def test_no_such_stack_and_no_project(stack: Stack, tmp_path: Path) -> None:
    done = stack.mech("preflight", "--stack", "nothere", check=False)
    assert done.returncode == 2 and "Pulumi.nothere.yaml does not exist" in done.stdout
    argv = [str(REPO / ".venv" / "bin" / "mech"), "preflight", "--stack", STACK]
    done = subprocess.run(argv, cwd=tmp_path, env=stack.env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "there is no Pulumi.yaml here or above" in done.stderr
