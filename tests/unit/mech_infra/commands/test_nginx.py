"""nginx' config: in place only when nginx takes it, and nginx left alone that runs it already."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from mech_infra.commands import files, nginx
from mech_infra.commands.nginx import CONFIG, LOGROTATE
from tests.unit.mech_infra.commands.rig import Rig

SITES = [nginx.Site("llm", "llm.mech.is", 3008, (13008, 14008), (23008, 24008), 110, streams=True)]
READ, HELD = "/etc/nginx/read", "/etc/nginx/held"  # what the faked nginx did, and which address it holds
TEXT = "server {\n    listen 80;\n    listen 127.0.0.1:3008;\n    listen 443 ssl;\n}\n"
GIVEN = files.encode({CONFIG: TEXT, LOGROTATE: nginx.logrotate()})


@pytest.fixture(autouse=True)
def folders(rig: Rig) -> None:
    rig.write("/etc/nginx/sites-enabled/default", "server {}")
    rig.path(CONFIG).parent.mkdir(parents=True)
    rig.path(LOGROTATE).parent.mkdir(parents=True)
    started(rig, after_config=False)


def started(rig: Rig, after_config: bool) -> None:
    """nginx' processes as the kernel tells of them: started at boot, or, once it has read its config anew, a moment from now."""
    rig.path(READ).unlink(missing_ok=True)
    if after_config:
        rig.write(READ, "")
    ticks = f"$([ -e {READ} ] && echo 1000000000 || echo 1)"
    rig.fake("cat", f'case "$*" in /proc/*) echo "7 (nginx) S 1 {"0 " * 17}{ticks} 0" ;; *) exec /bin/cat "$@" ;; esac')
    rig.fake("systemctl", f"case $1 in reload*) touch {READ} ;; esac")


def test_a_new_config_is_tested_then_read(rig: Rig) -> None:
    assert rig.run(nginx.apply(), GIVEN).stdout == "reloaded\n"
    assert (rig.read(CONFIG), rig.mode(CONFIG)) == (TEXT, "644")
    assert rig.read(LOGROTATE) == nginx.logrotate()
    assert not rig.path("/etc/nginx/sites-enabled/default").exists()
    assert rig.called("nginx -t|reload") == ["nginx -t", "nginx -t", "systemctl reload-or-restart nginx"]
    assert rig.called("systemctl (unmask|enable)") == ["systemctl unmask -q nginx", "systemctl enable -q nginx"]


def test_a_config_that_nginx_refuses_leaves_the_old_one(rig: Rig) -> None:
    rig.fake("nginx", "echo 'nginx: [emerg] unknown directive' >&2; exit 1")
    for before in (None, "server { listen 80; }\n"):
        if before:
            rig.write(CONFIG, before)
        done = rig.run(nginx.apply(), GIVEN, check=False)
        assert done.returncode == 1
        assert (
            "nginx refused the new config, the old one stays in force:\nnginx: [emerg] unknown directive" in done.stderr
        )
        assert (rig.read(CONFIG) if before else rig.path(CONFIG).exists()) == (before or False)
    assert rig.called("reload") == []


def test_what_nginx_runs_already_is_not_read_again(rig: Rig) -> None:
    rig.run(nginx.apply(), GIVEN)
    started(rig, after_config=True)
    rig.fake("stat", 'if [ "$2" = "%a %U:%G" ]; then echo "644 root:root"; else exec /usr/bin/stat "$@"; fi')
    rig.forget()
    assert rig.run(nginx.apply(), GIVEN).stdout == "unchanged\n"
    assert rig.called("reload|restart|docker|^chown") == []


def test_the_right_file_that_nginx_has_not_read_is(rig: Rig) -> None:
    rig.run(nginx.apply(), GIVEN)
    started(rig, after_config=False)
    rig.forget()
    assert rig.run(nginx.apply(), GIVEN).stdout == "unchanged\n"
    assert rig.called("reload") == ["systemctl reload-or-restart nginx"]


BINDS = Path(__file__).with_name("nginx_binding.sh").read_text()


@pytest.mark.parametrize("before", [TEXT.replace("127.0.0.1:", ""), TEXT])
def test_a_port_that_nginx_itself_has_on_other_addresses_is_let_go_first(rig: Rig, before: str) -> None:
    rig.write(CONFIG, before)
    rig.write("/var/log/nginx/error.log", "an older one [emerg]\n")
    rig.write(HELD, "nginx")
    rig.fake("systemctl", BINDS)
    assert rig.run(nginx.apply(), GIVEN).stdout == ("unchanged\n" if before == TEXT else "reloaded\n")
    assert rig.read(CONFIG) == TEXT
    assert rig.path(READ).exists() and not rig.path(HELD).exists()
    assert len(rig.called("reload")) == 3


def test_a_port_that_somebody_else_has_leaves_the_old_config_in_file_and_in_force(rig: Rig) -> None:
    before = "server { listen 80; }\n"
    rig.write(CONFIG, before)
    rig.write("/var/log/nginx/error.log", "an older one [emerg]\n")
    rig.write(HELD, "nc")
    rig.fake("systemctl", BINDS)
    done = rig.run(nginx.apply(), GIVEN, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        "nginx cannot take the new config, the old one stays in force:\nbind() to 127.0.0.1:3008"
    )
    assert "older" not in done.stderr
    assert rig.read(CONFIG) == before


def test_a_mode_by_hand_is_put_right(rig: Rig) -> None:
    rig.run(nginx.apply(), GIVEN)
    rig.path(CONFIG).chmod(0o600)
    assert rig.run(nginx.apply(), GIVEN).stdout == "unchanged\n"
    assert rig.mode(CONFIG) == "644"


def test_containers_that_hold_its_ports_are_stopped(rig: Rig) -> None:
    rig.fake("docker", 'case "$*" in *publish=3008*) echo c1 ;; esac')
    assert rig.run(nginx.apply(), GIVEN).stdout == "stopped a container that held port 3008\nreloaded\n"
    assert rig.called("docker stop") == ["docker stop -t 30 c1"]
    assert rig.called("docker ps") == [
        f"docker ps -q --filter label=mech.managed --filter publish={port}" for port in ("3008", "80")
    ]


def test_an_nginx_that_does_not_start_is_said(rig: Rig) -> None:
    rig.fake("systemctl", '[ "$1" != reload-or-restart ]')
    rig.fake("journalctl", "echo 'bind() to 0.0.0.0:80 failed [emerg]'; echo other")
    done = rig.run(nginx.apply(), GIVEN, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "nginx does not start:\nbind() to 0.0.0.0:80 failed [emerg]\n"


def test_one_that_does_not_run_is_not_started_with_half_of_its_config(rig: Rig) -> None:
    """A port of its own it could let go of; this one is somebody else's, and without it nginx would start."""
    rig.fake(
        "systemctl",
        f"case $1 in is-active) [ -e {READ} ] ;; reload*) ! grep -q 3008 {CONFIG} && touch {READ} ;; esac",
    )
    done = rig.run(nginx.apply(), GIVEN, check=False)
    assert done.returncode == 1 and done.stderr.startswith("nginx does not start:")
    assert not rig.path(READ).exists() and rig.read(CONFIG) == TEXT


def test_nothing_is_left_behind(rig: Rig, tmp_path: Path) -> None:
    rig.run(nginx.apply(), GIVEN, TMPDIR=str(tmp_path))
    assert not list(tmp_path.glob("tmp.*"))


def test_nginx_refuses_names_that_are_not_ours_and_limits_rates() -> None:
    text = nginx.render(
        SITES,
        exposed=False,
        max_body_mb=100,
        requests_per_second=50,
        burst=100,
        redirect_to_https=False,
        trusted_proxies=["192.0.2.0/24"],
    )
    assert "return 444;" in text
    assert "client_max_body_size 100M;" in text
    assert "rate=50r/s" in text
    assert text.count("server 127.0.0.1:") == 8
    assert "return 301" not in text


@pytest.mark.parametrize(("domain", "roomy"), [("a" * 39 + ".is", False), ("a" * 40 + ".is", True)])
def test_a_name_that_is_longer_than_nginx_holds_gets_room(domain: str, roomy: bool) -> None:
    """nginx 1.22 takes 46 characters by itself, and refuses the whole config with 47."""
    site = nginx.Site("llm", f"llm.{domain}", 3008, (13008,), (23008,), 110)
    text = nginx.render(
        [site],
        exposed=True,
        max_body_mb=100,
        requests_per_second=50,
        burst=100,
        redirect_to_https=False,
        trusted_proxies=[],
    )
    assert ("server_names_hash_bucket_size 512;" in text) == roomy


def test_of_a_fleet_all_members_are_asked_and_nobody_is_left_out() -> None:
    members = ("10.96.0.3:12008", "10.96.0.4:12008")
    text = nginx.render(
        [dataclasses.replace(SITES[0], tasks=members)],
        exposed=True, max_body_mb=50, requests_per_second=50, burst=100, redirect_to_https=False, trusted_proxies=[],
    )  # fmt: skip
    (upstream,) = re.findall(r"upstream mech_llm \{\n(.*?)\}", text, re.S)
    assert upstream.split(";\n") == [
        "    server 10.96.0.3:12008 max_fails=0",
        "    server 10.96.0.4:12008 max_fails=0",
        f"    include {nginx.BESIDE}/llm.*",
        "",
    ]
    assert "13008" not in text and "mech_slot" not in text and text.count("proxy_pass http://mech_llm;") == 3
    # A member that is gone costs a third of a second, and an answer that does not come is not asked for elsewhere.
    assert "proxy_connect_timeout 300ms;" in text and "proxy_next_upstream error timeout;" in text
    assert "proxy_next_upstream_timeout 3s;" in text


def of_members(*addresses: str, port: int = 12008) -> str:
    """A fleet's config: llm and queue at these members."""
    sites = [
        nginx.Site(name, f"{name}.mech.is", at - 9000, (), (), 110, tasks=tuple(f"{one}:{at}" for one in addresses))
        for name, at in (("llm", port), ("queue", port - 7))
    ]
    return nginx.render(
        sites, exposed=True, max_body_mb=1, requests_per_second=1, burst=1, redirect_to_https=False, trusted_proxies=[]
    )


def widened(rig: Rig, text: str, nodes: str = "10.96.0.3") -> str:
    return rig.run(nginx.widen(), f"{nodes}\n" + files.encode({CONFIG: text, LOGROTATE: nginx.logrotate()})).stdout


def asked(rig: Rig) -> dict[str, set[str]]:
    """By upstream, whom nginx asks: those in its config, and those in what that includes."""
    found = {
        pool: set(re.findall(r"server (\S+) max_fails=0;", servers))
        for pool, servers in re.findall(r"upstream mech_(\S+) {\n(.*?)}", rig.read(CONFIG), re.S)
    }
    for pool, servers in found.items():
        beside = f"{nginx.BESIDE}/{pool}.servers"
        if rig.path(beside).exists():
            servers |= set(re.findall(r"^server (\S+) max_fails=0;$", rig.read(beside), re.M))
    return found


def at(*addresses: str) -> dict[str, set[str]]:
    return {"llm": {f"{one}:12008" for one in addresses}, "queue": {f"{one}:12001" for one in addresses}}


OTHERS = {
    "there": "10.96.0.7",  # what the swarm has is not asked where nginx knows whom it asks
    "new": "10.96.0.3 10.96.0.4 10.96.0.6",
    "empty": "10.96.0.3 10.96.0.4 10.96.0.6",
}


@pytest.mark.parametrize("begun", OTHERS)
def test_who_is_asked_now_goes_on_being_asked_beside_those_declared(rig: Rig, begun: str) -> None:
    """So that neither a task that moves to a new member nor one that is still at a member that goes is out of reach."""
    if begun != "new":
        rig.write(CONFIG, of_members("10.96.0.3", "10.96.0.6") if begun == "there" else "")
    declared = of_members("10.96.0.3", "10.96.0.4")
    for _ in range(2):  # also where an `up` stopped half-way and the next one does the same
        widened(rig, declared, OTHERS[begun])
        assert rig.read(CONFIG) == declared
        assert asked(rig) == at("10.96.0.3", "10.96.0.4", "10.96.0.6")
    assert f"include {nginx.BESIDE}/llm.*;" in declared
    rig.forget()
    assert rig.run(nginx.settle()).stdout == "reloaded\n" and rig.called("systemctl") == [
        "systemctl reload-or-restart nginx"
    ]
    assert asked(rig) == at("10.96.0.3", "10.96.0.4")
    assert rig.run(nginx.settle()).stdout == "nobody else is asked\n"


def test_who_is_declared_again_is_asked_once(rig: Rig) -> None:
    rig.write(CONFIG, of_members("10.96.0.3", "10.96.0.6"))
    widened(rig, of_members("10.96.0.3"))
    widened(rig, of_members("10.96.0.3", "10.96.0.6"))
    assert asked(rig) == at("10.96.0.3", "10.96.0.6") and not list(rig.path(nginx.BESIDE).iterdir())


@pytest.mark.parametrize(
    "before",
    [None, "", "edited by hand {", of_members("10.96.0.3", "10.96.0.4"), TEXT],
    ids=["none", "empty", "hand", "same", "other"],
)
def test_where_nobody_else_is_asked_the_config_is_the_declared_one(rig: Rig, before: str | None) -> None:
    if before is not None:
        rig.write(CONFIG, before)
    declared = of_members("10.96.0.3", "10.96.0.4")
    widened(rig, declared)
    assert rig.read(CONFIG) == declared and rig.read(LOGROTATE) == nginx.logrotate()
    assert asked(rig) == at("10.96.0.3", "10.96.0.4")


def test_from_one_host_nobody_of_its_containers_is_asked_any_more(rig: Rig) -> None:
    alone = nginx.render(
        SITES, exposed=True, max_body_mb=1, requests_per_second=1, burst=1, redirect_to_https=False, trusted_proxies=[]
    )
    rig.write(CONFIG, alone)
    assert widened(rig, of_members("10.96.0.3")) == "reloaded\n"
    assert asked(rig) == at("10.96.0.3")


def test_where_nginx_does_not_take_its_config_it_is_said_and_the_next_run_has_it_to_do(rig: Rig) -> None:
    rig.write(CONFIG, of_members("10.96.0.3", "10.96.0.6"))
    widened(rig, of_members("10.96.0.3"))
    rig.fake("nginx", "echo 'nginx: [emerg] unknown directive' >&2; exit 1")
    rig.forget()
    done = rig.run(nginx.settle(), check=False)
    assert done.returncode == 1 and "unknown directive" in done.stderr and "reloaded" not in done.stdout
    assert rig.called("systemctl") == [] and asked(rig) == at("10.96.0.3", "10.96.0.6")
