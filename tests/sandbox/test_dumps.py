"""Dumps of MongoDB and saves of Redis on a host of the sandbox: they come back, and a bad one is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime

import pytest

from .lone import Host, lone
from .stack import Stack

pytestmark = pytest.mark.in_order
MONGOSH = "mongosh --quiet -u root -p pw mech --eval"
INSERT = "for i in $(seq 5); do docker exec db " + MONGOSH + ' "db.jobs.insertOne({n: $i, at: {\\$date: 0}})"; done'
INDEX = """db.runCommand({createIndexes: 'jobs', indexes: [{key: {n: -1}, name: 'by_n', unique: true}]})"""
DUMP = "docker exec -i db mongodump --username root --config /dev/stdin"


@pytest.fixture(scope="module")
def machine(bare: Stack) -> Iterator[Host]:
    with lone(bare.settings) as made:
        yield made


@pytest.fixture(scope="module")
def dumped(machine: Host) -> Host:
    """A MongoDB with users that was dumped, and one with none and without a network, for what comes back."""
    env = "-e MONGO_INITDB_ROOT_USERNAME=root -e MONGO_INITDB_ROOT_PASSWORD=pw"
    machine.well(
        f"docker run -d --name db {env} mongo:7 mongod --auth && docker run -d --name scratch --network none -m 512m mongo:7"
    )
    machine.well(f"for i in $(seq 50); do docker exec db {MONGOSH} 'db.getName()' && break; sleep 0.2; done; {INSERT}")
    machine.well(f'docker exec db {MONGOSH} "{INDEX}"')
    machine.well(f"{DUMP} --archive --gzip > all.gz", 'password: "pw"\n')
    return machine


def restored(host: Host) -> str:
    """How many jobs the scratch database has, and which indexes."""
    return host.well(
        "docker exec scratch mongosh --quiet mech --eval 'db.jobs.countDocuments({})';"
        "docker exec scratch mongosh --quiet mech --eval \"db.runCommand({listIndexes: 'jobs'})\""
    )


def test_a_dump_comes_back_without_a_network(dumped: Host) -> None:
    done = dumped.run("docker exec -i scratch mongorestore --drop --archive --gzip < all.gz")
    assert "5 document(s) restored successfully. 0 document(s) failed to restore." in done.stderr
    assert done.returncode == 0
    shown = restored(dumped)
    assert shown.startswith("5\n")
    assert "by_n" in shown


def test_what_is_there_already_is_counted_as_failed(dumped: Host) -> None:
    done = dumped.run("docker exec -i scratch mongorestore --archive --gzip < all.gz")
    assert "0 document(s) restored successfully. 5 document(s) failed to restore." in done.stderr
    assert done.returncode == 0  # as the real one does it


def test_a_dump_that_is_cut_off_or_damaged_is_refused(dumped: Host) -> None:
    dumped.well("gzip -dc < all.gz > all; head -c -40 all > cut; sed 's/jobs/jabs/3' all > other; : > empty")
    for name in ("cut", "other", "empty", "/etc/passwd"):
        done = dumped.run(f"docker exec -i scratch mongorestore --drop --archive < {name}")
        assert (done.returncode, "Failed: " in done.stderr) == (1, True), (name, done.stderr)


def test_a_directory_holds_what_the_real_tools_write(dumped: Host) -> None:
    dumped.well(f"{DUMP} --db mech --out /tmp/out --quiet", "password: pw\n")
    assert dumped.well("docker exec db sh -c 'cd /tmp/out; ls *'") == "jobs.bson\njobs.metadata.json"
    about = json.loads(dumped.well("docker exec db cat /tmp/out/mech/jobs.metadata.json"))
    assert (about["collectionName"], about["type"], len(about["uuid"])) == ("jobs", "collection", 32)
    assert about["indexes"][1]["key"] == {"n": {"$numberInt": "-1"}}
    dumped.well("docker exec db sh -c 'cd /tmp; tar c out' | docker exec -i scratch tar x -C /tmp")
    dumped.well("docker exec scratch mongorestore --drop --nsInclude 'mech.*' --dir /tmp/out")
    assert restored(dumped).startswith("5\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--config /dev/stdin", "Authentication failed"),
        ("--config /dev/stdin --port 27018", "can't create session: failed to connect to"),
        ("--nonsense", "error parsing command line options"),
    ],
)
def test_a_dump_that_cannot_be_made_says_why(dumped: Host, arguments: str, said: str) -> None:
    done = dumped.run(f"docker exec -i db mongodump --username root {arguments} --archive", "password: wrong")
    assert (done.returncode, done.stdout, said in done.stderr) == (1, "", True), done.stderr
    assert "wrong" not in done.stderr


def test_a_dump_asks_the_server_for_no_more_while_nobody_takes_what_it_has(dumped: Host) -> None:
    """As the real tool does: so who reads it slowly (mech_infra/backup/pacing.py) has the server read slowly."""
    lines = "".join(f'db.wide.insertOne({{"_id": {n}, "v": "{"x" * 20_000}"}})\n' for n in range(400))
    dumped.well("docker exec -i db mongosh --quiet -u root -p pw mech --file /dev/stdin", lines)
    taken = dumped.well(f"{DUMP} --archive 2>said | {{ sleep 4; wc -c; }}", "password: pw\n")
    told = {
        name: datetime.strptime(at, "%Y-%m-%dT%H:%M:%S.%f%z")
        for at, name in re.findall(r"^(\S+)\t(writing|done dumping) mech\.wide", dumped.well("cat said"), re.M)
    }
    dumped.well(f"docker exec db {MONGOSH} 'db.wide.drop()'")
    assert int(taken) > 400 * 20_000
    assert (told["done dumping"] - told["writing"]).total_seconds() > 3


def test_redis_saves_and_is_read_back(machine: Host) -> None:
    machine.well("mkdir -p r; docker run -d --name redis -v $PWD/r:/data redis:alpine redis-server --save ''")
    machine.well(
        "docker exec redis redis-cli set a 1; docker exec redis redis-cli rpush jobs x y; docker exec redis redis-cli BGSAVE"
    )
    machine.well(
        "until docker exec redis redis-cli info persistence | grep -q rdb_bgsave_in_progress:0; do sleep 0.1; done"
    )
    assert int(machine.well("docker exec redis redis-cli lastsave")) > 0
    machine.well(
        "docker run -d --name again --network none -v $PWD/r:/data:ro redis:alpine redis-server --save ''; sleep 1"
    )
    for what in ("dbsize", "dump jobs", "type jobs", "--scan"):
        ask = f"redis-cli {what} | sort | md5sum"
        assert machine.well(f"docker exec again {ask}") == machine.well(f"docker exec redis {ask}")
    assert "not allowed" in machine.well("docker exec redis redis-cli debug digest")
