"""A registry that asks who pulls: what `pulumi up` says without a token and with a wrong one, and where the right one is seen."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import steps

from .stack import REPO, STACK, Listener, Stack, make

pytestmark = pytest.mark.in_order
USER = "mech-puller"
TOKENS = {"right": "ghp_right" + "1" * 31, "wrong": "ghp_wrong" + "2" * 31, "next": "ghp_after" + "3" * 31}
IMAGE = "ghcr.io/mech-is/mech-queue:1.0.0"


class Private:
    """One stack whose images are private, with a config file of its own."""

    def __init__(self, stack: Stack, config: Path) -> None:
        self.stack, self._file = stack, config
        shutil.copy(REPO / f"Pulumi.{STACK}.yaml", config)

    def registry_opens_to(self, token: str) -> None:
        known = {"ghcr.io": {"user": USER, "token": token}}
        (self.stack.settings.state / "registry.json").write_text(json.dumps(known))

    def pulumi(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.stack.pulumi(*arguments, "--config-file", str(self._file), check=check)

    def known_as(self, token: str) -> None:
        self.pulumi("config", "set", "--path", "mech:images.registryUser", USER)
        # As an argument of a test's own `pulumi`; people are asked for it.
        self.pulumi("config", "set", "--secret", "mech:REGISTRY_TOKEN", token)

    def up(self, check: bool = True) -> str:
        done = self.pulumi("up", "--yes", "--skip-preview", "--suppress-permalink=true", check=check)
        assert check or done.returncode, "this up should have failed"
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Private]:
    stack = make("images")
    found = Private(stack, tmp_path_factory.mktemp("config") / f"Pulumi.{STACK}.yaml")
    found.registry_opens_to(TOKENS["right"])
    yield found
    steps.remove(stack.settings)


def refusals(said: str) -> list[str]:
    """Our sentences among the diagnostics, and no error of the plugin's beside them."""
    lines = [line.strip() for line in said.partition("Diagnostics:")[2].splitlines() if "error:" in line]
    assert not [line for line in lines if "Unable to read Docker image" in line]
    return [line for line in lines if "the registry ghcr.io refuses" in line]


def test_without_credentials_one_sentence_says_what_to_set(private: Private) -> None:
    [said] = refusals(private.up(check=False))
    for part in (IMAGE, "ghcr.io", "mech:images.registryUser", "mech:REGISTRY_TOKEN"):
        assert part in said


def test_a_wrong_token_is_one_sentence_without_the_token(private: Private) -> None:
    private.known_as(TOKENS["wrong"])
    said = private.up(check=False)
    [sentence] = refusals(said)
    for part in (IMAGE, "ghcr.io", f"mech:images.registryUser {USER}", "mech:REGISTRY_TOKEN"):
        assert part in sentence
    assert TOKENS["wrong"] not in said


def test_the_right_token_pulls_and_is_seen_nowhere(private: Private) -> None:
    private.known_as(TOKENS["right"])
    with Listener() as listener:
        said = private.up()
    stack, secret = private.stack, TOKENS["right"].encode()
    stack.well()
    places = [("output of pulumi up", said.encode()), *(("an argument", line) for line in listener.seen)]
    places.append(("the export", stack.pulumi("stack", "export").stdout.encode()))
    for folder in (stack.settings.state / "pulumi", stack.settings.logs):
        places += [(str(path), path.read_bytes()) for path in folder.rglob("*") if path.is_file()]
    assert [where for where, text in places if secret in text] == []
    kept = f"grep -rlsF {TOKENS['right']} /root /etc /opt /run /home /tmp /var/log /var/lib/mech /var/lib/docker/image"
    assert (
        stack.ssh(f"{kept}; ls -d /root/.docker 2>&1; true")
        == "ls: cannot access '/root/.docker': No such file or directory"
    )


def test_another_token_is_an_update_of_the_provider_and_of_nothing_else(private: Private) -> None:
    private.registry_opens_to(TOKENS["next"])
    private.known_as(TOKENS["next"])
    plan = json.loads(private.pulumi("preview", "--json").stdout)
    steps_ = ((step["urn"].rpartition("::")[2], step["op"]) for step in plan["steps"])
    changes = {name: op for name, op in steps_ if op not in ("same", "refresh")}
    assert changes == {"docker": "update"}
    private.up()
    private.stack.ssh(f"docker rm -f mech-queue && docker rmi {IMAGE}")
    private.up()
    private.stack.well()


def test_one_key_without_the_other_stops_before_anything_is_touched(private: Private) -> None:
    private.pulumi("config", "rm", "mech:REGISTRY_TOKEN")
    done = private.pulumi("preview", check=False)
    assert "mech:images.registryUser is 'mech-puller' but mech:REGISTRY_TOKEN is missing" in done.stdout + done.stderr
