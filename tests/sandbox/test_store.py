"""The real restic on a host of the sandbox, and the store that it keeps backups in: well, ill, damaged."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import httpx
import pytest

from sandbox import credentials

from .damage import Damage
from .lone import Host, lone
from .stack import Stack

pytestmark = pytest.mark.in_order


class Store:
    """restic on a host, with the key for backups, and what may happen to its store."""

    def __init__(self, host: Host) -> None:
        self.well, self._settings, self._host = host.well, host.settings, host
        self._keys, self.damage = credentials.load(host.settings), Damage(host.settings)
        self.well(
            "cat > /root/restic.sh",
            f"export AWS_ACCESS_KEY_ID={self._keys['r2_backup_access_key']}\n"
            f"export AWS_SECRET_ACCESS_KEY={self._keys['r2_backup_secret_key']} RESTIC_PASSWORD=word HOME=/root\n"
            f"export RESTIC_REPOSITORY=s3:https://{self._account}.r2.cloudflarestorage.com/mech-backup\n",
        )

    @property
    def _account(self) -> str:
        return self._keys["cloudflare_account_id"]

    def restic(self, line: str) -> subprocess.CompletedProcess[str]:
        return self._host.run(f". /root/restic.sh; restic {line}")

    def fault(self, **said: object) -> None:
        (self._settings.state / "vendors.json").write_text(json.dumps({"r2": said}))

    def lock(self, *prefixes: str) -> None:
        """Nothing with these prefixes may be deleted or overwritten for a day; all else may."""
        age = {"type": "Age", "maxAgeSeconds": 86400}
        rules = [{"id": each, "enabled": True, "prefix": each, "condition": age} for each in prefixes]
        url = f"{self._settings.cloudflare_url}/accounts/{self._account}/r2/buckets/mech-backup/lock"
        headers = {"Authorization": f"Bearer {self._keys['cloudflare_api_token']}"}
        httpx.put(url, json={"rules": rules}, headers=headers).raise_for_status()


@pytest.fixture(scope="module")
def store(bare: Stack) -> Iterator[Store]:
    with lone(bare.settings) as host:
        made = Store(host)
        yield made
        made.fault()
        made.lock()


def test_what_is_backed_up_comes_back(store: Store) -> None:
    store.well("mkdir data; head -c 5000000 /dev/urandom > data/big; date > data/now")
    store.well(". /root/restic.sh; restic init && restic backup -q /root/data")
    store.well("cp -a /root/data /root/first; head -c 5000000 /dev/urandom > /root/data/big")
    store.well(". /root/restic.sh; restic backup -q /root/data && restic restore -q latest --target /root/now")
    store.well("diff -r /root/data /root/now/root/data")
    first = json.loads(store.restic("snapshots --json").stdout)[0]["id"]
    store.well(
        f". /root/restic.sh; restic restore -q {first} --target /root/then && diff -r /root/first /root/then/root/data"
    )
    before = len(store.damage.keys("data/"))
    store.well(". /root/restic.sh; restic forget -q --keep-last 1 --prune && restic check -q --read-data")
    assert len(store.damage.keys("data/")) < before


def test_a_backup_goes_on_under_lock_rules(store: Store) -> None:
    store.lock("data/", "snapshots/", "keys/", "config")
    store.well("date >> /root/data/now; . /root/restic.sh; restic backup -q /root/data")
    assert store.damage.keys("locks/") == []
    store.lock()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"denied": True}, "Access Denied"),
        ({"skew_s": 1200}, "time is too large"),
        ({"unavailable": True}, "temporarily unavailable"),
    ],
)
def test_a_store_that_refuses_is_told_at_once(store: Store, fault: dict[str, object], said: str) -> None:
    store.fault(**fault)
    done = store.restic("snapshots")
    store.fault()
    assert (done.returncode, said in done.stderr) == (1, True), done.stderr
    assert store.restic("snapshots").returncode == 0


def test_a_store_that_is_down_now_and_then_is_tried_again(store: Store) -> None:
    store.fault(unavailable=4)
    done = store.restic("-o s3.retries=5 backup -q /root/data")
    store.fault()
    assert done.returncode == 0, done.stderr


def test_a_lost_index_is_made_again_from_the_data(store: Store) -> None:
    for key in store.damage.keys("index/"):
        store.damage.lose(key)
    assert store.restic("check -q").returncode == 1
    assert store.restic("rebuild-index -q").returncode == 0
    assert store.restic("check -q --read-data").returncode == 0


@pytest.mark.parametrize(
    ("what", "prefix", "check"),
    [
        ("flip", "data/", "check -q --read-data"),
        ("cut", "data/", "check -q"),
        ("lose", "data/", "check -q"),
        ("flip", "index/", "check -q"),
        ("flip", "snapshots/", "check -q"),
        ("lose", "keys/", "check -q"),
        ("lose", "config", "check -q"),
    ],
)
def test_damage_is_found_by_a_check(store: Store, what: str, prefix: str, check: str) -> None:
    key = store.damage.largest(prefix)
    with store.damage.undone(key):
        getattr(store.damage, what)(key)
        assert store.restic(check).returncode == 1
    assert store.restic("check -q --read-data").returncode == 0
