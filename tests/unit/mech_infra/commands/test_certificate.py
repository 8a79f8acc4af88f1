"""The origin's certificate, with the real openssl: made, kept, renewed when it must be."""

from __future__ import annotations

import subprocess

import pytest

from mech_infra.commands import certificate
from mech_infra.commands.nginx import CERTIFICATE, KEY
from tests.unit.mech_infra.commands.rig import Rig

RELOAD = ["systemctl reload nginx"]


def make(rig: Rig, domain: str = "mech.is", valid_days: int = 365, renew_before_days: int = 30) -> str:
    """The words of `self_signed`. mech-certificate is run as the daily timer does: by its path, with no arguments."""
    rig.forget()
    return rig.run(certificate.self_signed(domain, valid_days, renew_before_days)).stdout.strip()


def about(rig: Rig) -> str:
    return subprocess.run(
        ["openssl", "x509", "-in", rig.path(CERTIFICATE), "-noout", "-text"], capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture(autouse=True)
def folder(rig: Rig) -> None:
    rig.path("/etc/ssl/mech").mkdir(parents=True)


def test_a_good_certificate_is_kept(rig: Rig) -> None:
    assert make(rig) == "renewed"
    assert "DNS:*.mech.is, DNS:mech.is" in about(rig)
    assert (rig.mode(KEY), rig.mode(CERTIFICATE)) == ("600", "644")
    assert rig.called("reload nginx") == RELOAD
    first = about(rig)
    rig.path(KEY).chmod(0o644)
    assert make(rig) == "unchanged"
    assert (about(rig), rig.mode(KEY), rig.called("reload nginx")) == (first, "600", [])
    assert rig.called("^systemctl (enable|restart|start)") == ["systemctl enable -q --now mech-certificate.timer"]


@pytest.mark.parametrize("broken", ["short", "names", "key", "gone"])
def test_it_is_renewed_when_it_must_be(rig: Rig, broken: str) -> None:
    make(rig, valid_days=20 if broken == "short" else 365, renew_before_days=10)
    if broken == "key":
        subprocess.run(["openssl", "genrsa", "-out", rig.path(KEY), "2048"], capture_output=True, check=True)
    if broken == "gone":
        rig.path(CERTIFICATE).unlink()
    assert make(rig, "example.com" if broken == "names" else "mech.is") == "renewed"
    assert ("DNS:*.example.com" in about(rig)) is (broken == "names")
    assert make(rig, "example.com" if broken == "names" else "mech.is") == "unchanged"


def test_a_broken_nginx_is_not_reloaded(rig: Rig) -> None:
    rig.fake("nginx", "exit 1")
    assert make(rig) == "renewed"
    assert rig.called("reload nginx") == []


def test_what_stands_on_the_host_is_what_is_compared(rig: Rig) -> None:
    make(rig)
    for path, text in certificate.files("mech.is", 365, 30).items():
        assert (rig.read(path), rig.mode(path)) == (rig.moved(text), certificate.MODES[path])


def test_a_signing_request_is_of_the_hosts_own_key_and_the_same_each_time(rig: Rig) -> None:
    first = rig.run(certificate.signing_request("mech.is")).stdout
    assert first.startswith("-----BEGIN CERTIFICATE REQUEST-----")
    assert rig.mode(KEY) == "600"
    assert rig.run(certificate.signing_request("mech.is")).stdout == first


def test_only_a_certificate_of_the_hosts_key_is_installed_and_once(rig: Rig) -> None:
    make(rig)
    mine = rig.read(CERTIFICATE)
    rig.path(CERTIFICATE).unlink()
    rig.forget()
    assert rig.run(certificate.install(), mine).stdout == "installed\n"
    assert (rig.read(CERTIFICATE), rig.called("reload nginx")) == (mine, RELOAD)
    rig.forget()
    assert rig.run(certificate.install(), mine).stdout == "installed\n"
    assert rig.called("reload nginx") == []
    rig.path(KEY).unlink()
    rig.run(certificate.signing_request("mech.is"))
    done = rig.run(certificate.install(), mine, check=False)
    assert done.returncode == 1
    assert "does not belong to /etc/ssl/mech/mech.key; run: pulumi up --replace" in done.stderr.replace(
        str(rig.root), ""
    )
