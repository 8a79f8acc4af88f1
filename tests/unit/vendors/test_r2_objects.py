"""What R2 keeps is there again: whole, in parts, in pages, after a restart."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from .rig import Account, play

MIB = 2**20


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def test_objects_outlive_the_daemon_and_the_last_write_counts(tmp_path: Path) -> None:
    data = bytes(range(256)) * 5000

    async def first(r2: Account) -> None:
        await r2.ask("PUT", "/mech-backup/data/00/a b+ü", body=b"old")
        put = await r2.ask("PUT", "/mech-backup/data/00/a b+ü", body=data)
        assert put.headers["ETag"] == f'"{md5(data)}"'

    async def later(r2: Account) -> None:
        head = await r2.ask("HEAD", "/mech-backup/data/00/a b+ü")
        assert (head.status, head.headers["Content-Length"], head.body) == (200, str(len(data)), b"")
        got = await r2.ask("GET", "/mech-backup/data/00/a b+ü")
        assert (got.body == data, got.headers["ETag"]) == (True, f'"{md5(data)}"')
        assert (await r2.ask("GET", "/mech-backup")).all("Size") == [str(len(data))]
        assert (await r2.ask("DELETE", "/mech-backup/data/00/a b+ü")).status == 204
        assert (await r2.ask("DELETE", "/mech-backup/data/00/a b+ü")).status == 204
        assert (await r2.ask("HEAD", "/mech-backup/data/00/a b+ü")).status == 404

    play(tmp_path, first)
    play(tmp_path, later)
    assert list((tmp_path / "state/r2/files").iterdir()) == []


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        ("bytes=0-3", 206, b"0123"),
        ("bytes=4-", 206, b"456789"),
        ("bytes=-2", 206, b"89"),
        ("bytes=8-99", 206, b"89"),
        ("bytes=10-", 416, None),
        ("lines=1", 200, b"0123456789"),
    ],
)
def test_ranges(tmp_path: Path, asked: str, status: int, body: bytes | None) -> None:
    async def scene(r2: Account) -> None:
        await r2.ask("PUT", "/mech-backup/a", body=b"0123456789")
        got = await r2.ask("GET", "/mech-backup/a", headers={"Range": asked})
        assert got.status == status
        assert (got.body if body is not None else got.code) == (body if body is not None else "InvalidRange")

    play(tmp_path, scene)


def test_conditions(tmp_path: Path) -> None:
    async def scene(r2: Account) -> None:
        path, etag, other = "/mech-backup/a", f'"{md5(b"1")}"', f'"{md5(b"2")}"'
        assert (await r2.ask("PUT", path, body=b"1", headers={"If-None-Match": "*"})).status == 200
        assert (await r2.ask("PUT", path, body=b"2", headers={"If-None-Match": "*"})).code == "PreconditionFailed"
        assert (await r2.ask("PUT", path, body=b"2", headers={"If-Match": other})).code == "PreconditionFailed"
        assert (await r2.ask("GET", path, headers={"If-None-Match": etag})).status == 304
        assert (await r2.ask("GET", path, headers={"If-Match": other})).status == 412
        assert (await r2.ask("GET", path, headers={"If-Match": etag})).body == b"1"

    play(tmp_path, scene)


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize(
    ("query", "keys", "prefixes"),
    [
        ({}, ["a", "b/1", "b/2", "b/3/x", "b/3/y", "b&", "c/1", "ü"], []),
        ({"prefix": "b/"}, ["b/1", "b/2", "b/3/x", "b/3/y"], []),
        ({"delimiter": "/"}, ["a", "b&", "ü"], ["b/", "c/"]),
        ({"prefix": "b/", "delimiter": "/"}, ["b/1", "b/2"], ["b/3/"]),
        ({"prefix": "nothing"}, [], []),
    ],
)
@pytest.mark.parametrize("most", [1, 2, 3, 1000])
def test_pages_together_are_the_whole_list(
    tmp_path: Path, version: str, query: dict[str, str], keys: list[str], prefixes: list[str], most: int
) -> None:
    async def scene(r2: Account) -> None:
        for name in ("b/3/y", "a", "c/1", "b/2", "b/1", "b/3/x", "ü", "b&"):
            await r2.ask("PUT", f"/mech-backup/{name}", body=b"x")
        asked, found, grouped = {**query, "list-type": version, "max-keys": str(most)}, [], []
        for _ in range(20):
            page = await r2.ask("GET", "/mech-backup", asked)
            names = [name.replace("&amp;", "&") for name in page.all("Key")]
            groups = re.findall(r"<CommonPrefixes><Prefix>([^<]*)", page.body.decode())
            assert len(names) + len(groups) <= most
            found, grouped = found + names, grouped + groups
            if page.all("IsTruncated") == ["false"]:
                break
            following = page.all("NextContinuationToken") or page.all("NextMarker") or names[-1:]
            asked["continuation-token" if version == "2" else "marker"] = following[0]
        assert (sorted(found), grouped) == (sorted(keys), prefixes)

    play(tmp_path, scene)


def test_many_are_deleted_at_once(tmp_path: Path) -> None:
    async def scene(r2: Account) -> None:
        for name in ("a&b", "c", "d"):
            await r2.ask("PUT", f"/mech-backup/{name}")
        said = b"<Delete><Object><Key>a&amp;b</Key></Object><Object><Key>c</Key></Object></Delete>"
        assert (await r2.ask("POST", "/mech-backup", {"delete": ""}, said)).all("Key") == ["a&amp;b", "c"]
        assert (await r2.ask("GET", "/mech-backup")).all("Key") == ["d"]

    play(tmp_path, scene)


async def begin(r2: Account, *parts: bytes) -> tuple[str, bytes]:
    """An upload with these parts; its id, and what completes it."""
    id = (await r2.ask("POST", "/mech-backup/big", {"uploads": ""})).all("UploadId")[0]
    listed = b""
    for number, part in enumerate(parts, 1):
        put = await r2.ask("PUT", "/mech-backup/big", {"uploadId": id, "partNumber": str(number)}, part)
        etag = put.headers["ETag"].encode()
        listed += b"<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>" % (number, etag)
    return id, b"<CompleteMultipartUpload>" + listed + b"</CompleteMultipartUpload>"


def test_an_upload_in_parts_is_one_object_when_it_is_complete(tmp_path: Path) -> None:
    one, two = b"1" * 5 * MIB, b"2" * MIB

    async def scene(r2: Account) -> None:
        id, listed = await begin(r2, one, two)
        assert (await r2.ask("GET", "/mech-backup/big")).code == "NoSuchKey"
        done = await r2.ask("POST", "/mech-backup/big", {"uploadId": id}, listed)
        etag = md5(bytes.fromhex(md5(one)) + bytes.fromhex(md5(two))) + "-2"
        assert (done.status, done.all("ETag")) == (200, [f"&quot;{etag}&quot;"])
        got = await r2.ask("GET", "/mech-backup/big")
        assert (got.body == one + two, got.headers["ETag"]) == (True, f'"{etag}"')
        assert (await r2.ask("POST", "/mech-backup/big", {"uploadId": id}, listed)).code == "NoSuchUpload"

    play(tmp_path, scene)
    assert len(list((tmp_path / "state/r2/files").iterdir())) == 1


@pytest.mark.parametrize(
    ("sizes", "code"), [((MIB, MIB), "EntityTooSmall"), ((6 * MIB, 5 * MIB, 1), "InvalidPart"), ((), "InvalidPart")]
)
def test_parts_that_r2_does_not_take(tmp_path: Path, sizes: tuple[int, ...], code: str) -> None:
    async def scene(r2: Account) -> None:
        id, listed = await begin(r2, *(b"x" * size for size in sizes))
        assert (await r2.ask("POST", "/mech-backup/big", {"uploadId": id}, listed)).code == code
        assert (await r2.ask("DELETE", "/mech-backup/big", {"uploadId": id})).status == 204
        assert (await r2.ask("GET", "/mech-backup")).all("Key") == []

    play(tmp_path, scene)
    assert list((tmp_path / "state/r2/files").iterdir()) == []


def test_what_r2_does_not_have_is_said(tmp_path: Path) -> None:
    async def scene(r2: Account) -> None:
        await r2.ask("PUT", "/mech-backup/a")
        for path, query in (("/mech-backup", "object-lock"), ("/mech-backup/a", "tagging"), ("/mech-backup/a", "acl")):
            assert (await r2.ask("GET", path, {query: ""})).status == 501
        copied = await r2.ask("PUT", "/mech-backup/b", headers={"x-amz-copy-source": "/mech-backup/a"})
        assert copied.code == "NotImplemented"
        assert (await r2.ask("GET", "/mech-backup", {"location": ""})).all("LocationConstraint") == ["auto"]

    play(tmp_path, scene)
