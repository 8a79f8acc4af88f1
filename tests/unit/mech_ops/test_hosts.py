"""Which hosts a stack has, read off its state."""

from __future__ import annotations

import pytest

from mech_ops import hosts
from mech_ops.errors import OpsError

from .everyday import stand


def test_the_first_one_comes_first_and_each_has_its_own() -> None:
    first, one, two = hosts.of(stand.fleet())
    assert (first.name, first.address, first.private, first.role, first.first) == (
        "mech", stand.ADDRESS, "10.96.0.3", "manager", True,
    )  # fmt: skip
    assert (one.name, one.mark, one.address, one.instance, one.reserved_ip) == (
        "mech-w1",
        "w1",
        "192.0.2.10",
        "i1",
        "r1",
    )
    assert (one.access or {})["host"] == "192.0.2.10" and [h.drained for h in (first, one, two)] == [False, False, True]


def test_a_host_that_is_alone_needs_no_more_than_a_sensor() -> None:
    [host] = hosts.of(stand.resources())
    assert (host.address, host.role, host.first) == (stand.ADDRESS, "", True) and host.access
    assert hosts.of([]) == []


def test_one_that_was_not_usable_yet_is_known_all_the_same() -> None:
    made = [r for r in stand.fleet() if not r["urn"].endswith("::host-w1-system")]
    assert [host.name for host in hosts.of(made) if host.access is None] == ["mech-w1"]


def test_secrets_need_not_be_readable() -> None:
    """`mech ssh` and `mech recover` export the state as it is."""
    sealed = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}
    made = [
        {**r, "inputs": {**r["inputs"], "checks": sealed}} if r["urn"].endswith("system") else r for r in stand.fleet()
    ]
    assert len(hosts.of(made)) == 3


def test_a_name_is_a_host_or_one_sentence() -> None:
    known = hosts.of(stand.fleet())
    assert [hosts.named(known, name).address for name in ("mech", "mech-w2", "w2")] == [
        stand.ADDRESS,
        "192.0.2.11",
        "192.0.2.11",
    ]
    with pytest.raises(
        OpsError, match=r"no host 'mech-w3'; did you mean mech-w2\? The hosts are mech, mech-w1, mech-w2"
    ):
        hosts.named(known, "mech-w3")
