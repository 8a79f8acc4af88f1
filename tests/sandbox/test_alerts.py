"""`mech alert` beside a platform that is broken and put right: a webhook gets one alert within two minutes, and one all-clear."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.receiver import Receiver, receiver

from .stack import REPO, STACK, Listener, Stack, project

pytestmark = pytest.mark.in_order

WITHIN_S = 120
TOKEN = "T0ken-Not-To-Be-Seen-4711"
# What breaks it, what heals it, and the code that says so.
BROKEN = {
    "NGINX_DOWN": ("systemctl stop nginx", "systemctl start nginx"),
    "CONTAINER_STOPPED": ("docker stop -t 1 mech-llms", "docker start mech-llms"),
}


@pytest.fixture(scope="module")
def watched(platform: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Receiver, Path]]:
    """The platform, with a webhook in a config of its own, and nothing told yet."""
    folder = project(tmp_path_factory.mktemp("project"))
    shutil.copy(REPO / f"Pulumi.{STACK}.yaml", folder)
    own = pytest.MonkeyPatch()
    own.setenv("XDG_STATE_HOME", str(folder / "told"))  # this machine's owner may be told of a sandbox, too
    stack = Stack(platform.settings, folder)
    stack.pulumi("config", "set", "--path", "mech:alerts.enabled", "true")
    with receiver(host=platform.settings.gateway) as there:
        address = f"json://{platform.settings.gateway}:{there.port}/{TOKEN}"
        argv = ["pulumi", "config", "set", "--secret", "mech:ALERT_DESTINATIONS", "--stack", STACK, "--non-interactive"]
        subprocess.run(argv, cwd=folder, env=stack.env, input=address, text=True, check=True, capture_output=True)
        yield stack, there, folder
    own.undo()
    kept = [file for file in (*folder.iterdir(), *(folder / "told").rglob("*")) if file.is_file()]
    assert kept and all(TOKEN not in file.read_text() for file in kept)


@contextmanager
def alerting(stack: Stack, folder: Path) -> Iterator[None]:
    """`mech alert --every 10`, as somebody on the internet runs it."""
    argv = [
        str(Path(sys.prefix) / "bin" / "mech"),
        "sandbox",
        "shell",
        "--",
        "mech",
        "alert",
        "--stack",
        STACK,
        "--every",
        "10",
    ]
    log = folder / "alert.log"
    with log.open("a") as to:
        process = subprocess.Popen(argv, cwd=folder, env=stack.env, stdout=to, stderr=to, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, 15)
        process.wait(30)
        print(log.read_text()[-3000:])


def within(check: Callable[[], bool], seconds: float) -> float:
    begin = time.monotonic()
    while not check():
        assert time.monotonic() - begin < seconds
        time.sleep(0.5)
    return time.monotonic() - begin


@pytest.mark.parametrize("code", BROKEN)
def test_a_failure_is_told_once_and_cleared_once(watched: tuple[Stack, Receiver, Path], code: str) -> None:
    stack, _, folder = watched
    with alerting(stack, folder):
        once(watched, code)


def test_nothing_is_told_of_a_platform_that_is_well(watched: tuple[Stack, Receiver, Path]) -> None:
    stack, there, _ = watched
    before = len(there.got)
    done = stack.mech("sandbox", "shell", "--", "mech", "alert", "--stack", STACK, "--json", check=False)
    assert done.returncode == json.loads(done.stdout)["exit_code"] == 0, done.stdout + done.stderr
    assert there.got[before:] == [] and TOKEN not in done.stdout + done.stderr


def test_the_host_tells_by_itself(watched: tuple[Stack, Receiver, Path]) -> None:
    """Declared, seen by drift, one alert and one all-clear by its timer alone; then it is taken away."""
    stack, there, _ = watched
    stack.pulumi("config", "set", "--path", "mech:alerts.onHost", "true")
    stack.pulumi("config", "set", "--path", "mech:alerts.everyS", "20")
    with Listener() as listening:
        stack.up()
    assert not [argv for argv in listening.seen if TOKEN.encode() in argv]
    stack.pulumi("preview", "--expect-no-changes")
    before = len(there.got)
    for code in BROKEN:
        once(watched, code)
    assert all("(its host)" in title for title in there.titles[before:])
    said = stack.ssh("journalctl -u mech-alert -o cat; cat /var/lib/mech-alert/mech/alerts.json")
    assert "posted: " in said and TOKEN not in said
    print(stack.ssh("systemctl show -p ExecMainStatus,CPUUsageNSec mech-alert; ls -l /usr/local/sbin/mech-alert"))

    stack.ssh("systemctl disable -q --now mech-alert.timer; echo >>/usr/local/sbin/mech-alert")
    plan = stack.pulumi("preview").stdout
    assert "unit mech-alert.timer: not running" in plan and "/usr/local/sbin/mech-alert: edited" in plan
    stack.up("--skip-preview")
    stack.pulumi("preview", "--expect-no-changes")

    stack.pulumi("config", "set", "--path", "mech:alerts.onHost", "false")
    stack.up("--skip-preview")
    left = "ls /usr/local/sbin/mech-alert /etc/mech/alerts /etc/systemd/system/mech-alert.* 2>/dev/null | cat"
    assert stack.ssh(left) == ""


def once(watched: tuple[Stack, Receiver, Path], code: str) -> None:
    """Break it, hear of it within the time, heal it, hear that it is cleared, and then nothing more."""
    stack, there, _ = watched
    breaks, heals = BROKEN[code]
    before = len(there.got)
    stack.ssh(breaks)
    try:
        told = within(lambda: any(code in title for title in there.titles[before:]), WITHIN_S)
    finally:
        stack.ssh(heals)
    cleared = within(lambda: any("cleared" in title for title in there.titles[before:]), WITHIN_S)
    time.sleep(40)  # another run or two: nothing is said twice
    print(f"{code}: told after {told:.0f} s, cleared after {cleared:.0f} s")
    # Services that fail later of the same cause make it worse, and that is told.
    titles = [title for title in there.titles[before:] if ": worse " not in title]
    assert [code in title for title in titles].count(True) == len(titles) == 2 and "cleared" in titles[1], titles
    alert = there.got[before]
    assert f"docs/causes.md#{code.lower()}" in alert["message"] and "fix: " in alert["message"]
