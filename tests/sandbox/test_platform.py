"""The main job: the real engine brings the whole platform up against the real sandbox, and takes it down again."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mech_infra.catalogue import SERVICES
from sandbox import internet
from sandbox.credentials import VENDOR_KEYS

from .stack import REPO, Listener, Stack

pytestmark = pytest.mark.in_order
SCAN = """
import asyncio, sys
async def main(host):
    gate, found = asyncio.Semaphore(1500), set()
    async def probe(port, wait):
        async with gate:
            try:
                _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), wait)
            except (OSError, asyncio.TimeoutError):
                return
            found.add(port)
            writer.close()
    await asyncio.gather(*(probe(port, 1.0) for port in range(1, 65536)))
    # A busy machine does not answer 1500 at once within a second; these are asked again, one by one.
    for port in {*map(int, sys.argv[2:])} - found:
        await probe(port, 10.0)
    print(sorted(found))
asyncio.run(main(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def stack(bare: Stack) -> Stack:
    return bare


@pytest.mark.brings_up
def test_up_and_no_secret_shows(stack: Stack) -> None:
    with Listener() as listener:
        done = stack.up()
    stack.well()
    planted = [value.encode() for value in VENDOR_KEYS.values()]
    said = (done.stdout + done.stderr).encode()
    places = [("output of pulumi up", said), *(("a process's arguments", line) for line in listener.seen)]
    for folder in (stack.settings.state / "pulumi", stack.settings.logs):
        places += [(str(path), path.read_bytes()) for path in folder.rglob("*") if path.is_file()]
    journal = stack.ssh("journalctl -b --no-pager; cat /var/log/nginx/*.log; docker ps --no-trunc")
    places.append(("the host's journal", journal.encode()))
    assert [where for where, text in places for secret in planted if secret in text] == []


def test_second_up_changes_nothing_within_a_minute(stack: Stack) -> None:
    begin = time.monotonic()
    done = stack.up()
    assert time.monotonic() - begin < 60
    assert re.search(r"Resources:\s+\d+ unchanged\n", done.stdout), done.stdout


def test_names_are_cleared_before_a_running_redis_is_given_its_settings(stack: Stack) -> None:
    """Else a `docker restart` meets the removal of a container made by hand, and `pulumi up` fails now and then."""
    resources = json.loads(stack.pulumi("stack", "export").stdout)["deployment"]["resources"]
    conf = next(r for r in resources if r["urn"].endswith("::datastores-redis-conf"))
    assert [urn for urn in conf["dependencies"] if urn.endswith("::network-names")]


@pytest.mark.parametrize("flags", [(), ("--refresh",)])
def test_preview_is_clean(stack: Stack, flags: tuple[str, ...]) -> None:
    stack.pulumi("preview", "--expect-no-changes", *flags)


def test_only_declared_ports_answer(stack: Stack) -> None:
    declared = {22, 80, 443} | {service.port for service in SERVICES.values()}
    argv = [sys.executable, "-c", SCAN, stack.outputs()["host_ip"], *map(str, declared)]
    with internet.process(stack.settings, argv, stdout=subprocess.PIPE) as running:
        said, _ = running.communicate(timeout=200)
    assert set(ast.literal_eval(said.decode())) == declared


def test_the_guides_commands_work_as_written(stack: Stack) -> None:
    def there(line: str) -> str:
        with internet.process(stack.settings, ["bash", "-c", line], stdout=subprocess.PIPE) as running:
            return str(running.communicate(timeout=60)[0].decode())

    host = stack.outputs()["host_ip"]
    assert '"status": "ok"' in there("curl -s https://llm.mech.is/health | jq")
    assert stack.settings.edge in there("dig +short llm.mech.is")
    assert "mech.is" in there("openssl s_client -connect llm.mech.is:443 </dev/null 2>/dev/null")
    assert there("curl -sI http://llm.mech.is/health | head -1").startswith("HTTP/1.1 301")
    assert "mech-llms" in there(f"ssh -i ~/.ssh/vultr_mech_machines root@{host} docker ps")
    assert "PONG" in stack.ssh("docker exec mech-queue redis-cli -h redis ping")
    assert "ok: 1" in stack.ssh("docker exec mongodb mongosh --quiet --eval \"db.adminCommand('ping')\"")
    assert "active" in stack.ssh("systemctl is-active nginx; ufw status numbered; ss -tlnp")


def test_production_previews_without_a_violation(stack: Stack, tmp_path: Path) -> None:
    """Pulumi.prod.yaml as it is, with placeholder secrets of the right form, through the engine and the policies."""
    for name in ("Pulumi.yaml", "__main__.py", "mech_infra", "policies", ".venv"):
        (tmp_path / name).symlink_to(REPO / name)
    (tmp_path / "Pulumi.prod.yaml").write_text((REPO / "Pulumi.prod.yaml").read_text())
    key = tmp_path / "key"
    key.touch(mode=0o600)
    key.write_bytes((stack.settings.home / ".ssh" / internet.KEY).read_bytes())
    Path(f"{key}.pub").write_bytes((stack.settings.home / ".ssh" / f"{internet.KEY}.pub").read_bytes())

    def pulumi(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", *arguments, "--stack", "prod", "--non-interactive"],
            cwd=tmp_path, env=stack.env, input=text, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    assert pulumi("stack", "init").returncode == 0
    for name, value in VENDOR_KEYS.items():
        assert pulumi("config", "set", "--secret", f"mech:{name.upper()}", text=value).returncode == 0
    assert pulumi("config", "set", "--path", "mech:host.sshPrivateKey", str(key)).returncode == 0
    done = pulumi("preview", "--policy-pack", "policies")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[mandatory]" not in done.stdout


def test_destroy_leaves_only_the_databases_data_and_up_finds_it(stack: Stack) -> None:
    insert = "docker exec mongodb mongosh --quiet --eval 'db.kept.insertOne({a: 1})'"
    assert "acknowledged: true" in stack.ssh(insert)
    stack.destroy()
    settings = stack.settings
    assert list(settings.hosts.iterdir()) == []
    assert str(settings.state) not in subprocess.run(["losetup", "-a"], capture_output=True, text=True).stdout
    assert str(settings.state) not in Path("/proc/self/mounts").read_text()
    assert not list(Path("/sys/class/net").glob(f"m{settings.index}-*"))
    assert not list(Path("/sys/fs/cgroup").glob(f"*/mech{settings.index}-*"))
    left = {name: count for name, count in stack.inventory().items() if count}
    assert left == {"blocks": 1}
    stack.up()
    assert stack.ssh("docker exec mongodb mongosh --quiet --eval 'db.kept.countDocuments({})'") == "1"
    stack.well()
