"""Commands are text: what they do first, and that a shell takes them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mech_infra.commands import boot, certificate, containers, files, firewall, mongodb, nginx, redis, volume
from mech_infra.config.workloads import RedisConfig

GUARD = firewall.docker_guard("3001:3010")
ALLOWED = firewall.rules(["0.0.0.0/0"], "3001:3010")
SITES = [nginx.Site("llm", "llm.mech.is", 3008, (13008, 14008), (23008, 24008), 110, streams=True)]


@pytest.mark.parametrize(
    "script",
    [
        boot.startup_script(),
        boot.scan_host_key(60),
        boot.wait_ready(60),
        firewall.apply(ALLOWED, GUARD, 90),
        firewall.apply(ALLOWED, GUARD, 90, only_declared=True),
        containers.clear_names(["mech-llms"], "mech-network"),
        containers.attach({"mech-llms": (), "mongodb": ("mongo",)}, "mech-network"),
        containers.untag(["redis:alpine", "ghcr.io/x/y:1"]),
        redis.apply(RedisConfig()),
        redis.apply(RedisConfig(append_only=False)),
        redis.settle(),
        mongodb.apply(),
        mongodb.ensure(),
        mongodb.settle(True),
        mongodb.settle(False),
        boot.converge(),
        firewall.confirm("abc"),
        nginx.apply(),
        certificate.self_signed("mech.is", 365, 30),
        certificate.signing_request("mech.is"),
        certificate.install(),
        volume.attach_volume(),
        volume.mount_volume("ewr-1"),
        files.write_files("600"),
    ],
)
def test_a_posix_shell_parses_it(script: str) -> None:
    done = subprocess.run(["sh", "-n"], input=script, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_ssh_is_allowed_and_the_rollback_armed_before_anything_closes() -> None:
    script = firewall.apply(ALLOWED, GUARD, 90)
    steps = ["systemd-run", "done < /var/lib/mech/firewall/wanted", "default deny incoming", "ufw --force enable"]
    positions = [script.index(step) for step in steps]
    assert positions == sorted(positions)
    assert firewall.rules(["0.0.0.0/0"], None)[0].rule == "allow 22/tcp"


def test_ssh_can_be_limited_to_sources() -> None:
    allowed = firewall.rules(["203.0.113.0/24"], None)
    assert allowed[0].rule == "allow from 203.0.113.0/24 to any port 22 proto tcp"
    assert "allow 22/tcp" not in [allow.rule for allow in allowed]


def test_the_guard_drops_published_ports_that_are_not_declared() -> None:
    closed = firewall.docker_guard(None)
    assert "ctorigdstport" not in closed
    assert "-A DOCKER-USER -j DROP" in closed
    assert GUARD.index("--ctorigdstport 3001:3010 -j RETURN") < GUARD.index("-j DROP")


def test_files_survive_the_trip(tmp_path: object) -> None:
    target = f"{tmp_path}/a b/.env".replace(" ", "")
    text = "KEY=va'l\"ue $x\n\nÜ=1\n"
    done = subprocess.run(
        ["sh", "-c", files.write_files("600")], input=files.encode({target: text}), text=True, check=True
    )
    assert done.returncode == 0
    assert Path(target).read_text() == text


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
