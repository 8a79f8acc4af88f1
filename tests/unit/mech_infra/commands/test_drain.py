"""nginx' workers of before are waited for, and nobody else, and not for ever; how many connections they have is said."""

from __future__ import annotations

import pytest

from mech_infra.commands import nginx
from tests.unit.mech_infra.commands.rig import Rig

ENTERED, LEFT = nginx.drain(30, leaves=False), nginx.drain(30, leaves=True)
WORKERS, NOW, UNTIL = "/etc/nginx/workers", "/etc/nginx/now", "/etc/nginx/until"
OLD, NEW = "11 nginx: worker process is shutting down\n", "12 nginx: worker process\n"
# Two of visitors' to the old one, whose second it passes on, and one to the new one.
OPEN = """0 0 10.77.0.9:443 10.77.0.3:50001 users:(("nginx",pid=11,fd=3))
0 0 10.77.0.9:80 10.77.0.3:50002 users:(("nginx",pid=11,fd=4))
0 0 127.0.0.1:50003 127.0.0.1:13008 users:(("nginx",pid=11,fd=5))
0 0 10.77.0.9:443 10.77.0.3:50004 users:(("nginx",pid=12,fd=3))
"""


@pytest.fixture(autouse=True)
def host(rig: Rig) -> None:
    """A second goes by whenever the script sleeps; at UNTIL the old worker has answered all."""
    rig.write(NOW, "1000")
    rig.write(UNTIL, "1000000")
    rig.write(WORKERS, f"10 nginx: cache manager process\n{OLD}{NEW}")
    rig.write("/etc/nginx/open", OPEN)
    rig.fake("date", f"cat {NOW}")
    rig.fake(
        "sleep",
        f"echo $(($(cat {NOW}) + 1)) >{NOW}; [ $(cat {NOW}) -lt $(cat {UNTIL}) ] || sed -i '/^11 /d' {WORKERS}",
    )
    rig.fake(
        "systemctl",
        f'case $1 in show) echo 7 ;; reload) sed -i "s/process$/process is shutting down/" {WORKERS}; echo "{NEW.strip().replace("12", "13")}" >>{WORKERS} ;; esac',
    )
    rig.fake(
        "ps",
        f'case "$*" in *"--ppid 7") cat {WORKERS} ;; *"-p "*) grep -o "^$4 " {WORKERS} ;; *) exit 1 ;; esac',
    )
    rig.fake("ss", "cat /etc/nginx/open")


def test_what_is_answered_is_waited_for_and_no_longer(rig: Rig) -> None:
    rig.write(UNTIL, "1014")
    said = rig.run(ENTERED).stdout.splitlines()
    assert said == [
        "nginx still serves 2 connections that it took before: waited for, 5 s of 30",
        "nginx still serves 2 connections that it took before: waited for, 10 s of 30",
        "nginx has answered all that it took before, after 12 s",
    ]
    assert rig.read(NOW).strip() == "1014" and not rig.called("reload")


def test_what_takes_longer_than_it_may_is_said_and_fails_nothing(rig: Rig) -> None:
    done = rig.run(ENTERED)
    assert done.stdout.splitlines()[-1] == (
        "after 30 s nginx still serves 2 connections that it took before: WebSockets, or what takes longer than "
        "mech:rollout.drainS. They are cut."
    )
    assert done.stderr == ""


def test_where_nothing_is_of_before_nothing_is_waited_for(rig: Rig) -> None:
    rig.write(WORKERS, NEW)
    assert rig.run(ENTERED).stdout == ""
    assert rig.called("sleep") == ["sleep 2"]


def test_a_host_that_goes_reads_its_config_anew_and_its_workers_of_until_then_are_waited_for(rig: Rig) -> None:
    rig.write(WORKERS, OLD.replace(" is shutting down", "") + NEW)
    # All three are of both.
    assert "after 3 s nginx still serves 3 connections" in rig.run(nginx.drain(3, leaves=True)).stdout
    assert rig.called("systemctl reload|sleep 5") == ["sleep 5", "systemctl reload nginx"]
    # Those that begin with the new config are not.
    rig.write(NOW, "1000")
    rig.write(UNTIL, "1006")
    rig.write(WORKERS, OLD.replace(" is shutting down", ""))
    assert rig.run(LEFT).stdout == ""
    assert rig.read(NOW).strip() == "1006"


@pytest.mark.parametrize("command", [ENTERED, LEFT], ids=["entered", "left"])
def test_without_an_nginx_that_runs_nothing_is_waited_for(rig: Rig, command: str) -> None:
    rig.fake("systemctl", "case $1 in show) echo 0 ;; *) exit 1 ;; esac")
    done = rig.run(command)
    assert (done.stdout, done.stderr) == ("", "")
    assert len(rig.called("sleep")) == 1
