"""The images that the hosts pull: Redis (the real one), MongoDB (FerretDB), the eight services' stand-in.

Made once into the cache, by recipe; `sandbox.registry` serves them. The services' images have tags that work
(VERSIONS) and tags that are broken, each in its own way (BROKEN): the same layers, another config.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sandbox.images import golang
from sandbox.images.layers import ImageError, Layer, Tree, config, pack
from sandbox.settings import Settings

__all__ = ["BROKEN", "SERVICES", "VERSIONS", "ImageError", "build", "folder"]

Progress = Callable[[str], None]
SERVICES = {
    "queue": "mech-queue", "llm": "mech-llms", "storage": "mech-storage", "indexer": "mech-indexer",
    "sequences": "mech-sequences", "search": "mech-search", "reader": "mech-reader", "memories": "mech-memories",
}  # fmt: skip
VERSIONS = ("1.0.0", "1.0.1")
_START = {"Cmd": ["mech-service"]}
# What of MECH_FAULT does what is told in service/internal/app/fault.go; the entry point of one is not in the image.
BROKEN: dict[str, dict[str, Any]] = {
    **{f"broken-{fault}": {**_START, "Env": [f"MECH_FAULT={fault}"]}
       for fault in ("exits", "silent", "unhealthy", "crashes", "memory")},
    "broken-entrypoint": {"Entrypoint": ["/usr/bin/mech-servise"]},
}  # fmt: skip
_HERE = Path(__file__).parent
_RESOLVING = ("wget", "nslookup", "ping", "ping6", "telnet", "traceroute", "ftpget", "ftpput", "nc", "tftp")
_MONGO_START = """\
#!/bin/sh
# Takes what the official image takes: --auth and --bind_ip of mongod; MONGO_INITDB_ROOT_USERNAME and _PASSWORD make the
# first user where there are no data, and ask for one.
set -eu
[ "${1:-mongod}" = mongod ] || exec "$@"
MECH_AUTH=off address=
for word in "$@"; do
  case "$word" in --auth) MECH_AUTH=on ;; 127.0.0.1) address=127.0.0.1 ;; esac
done
set -- --handler=sqlite --sqlite-url=file:/data/db/ --state-dir=/data/db --telemetry=disable --debug-addr=- \\
  --listen-addr="$address:27017" --test-enable-new-auth
if [ -n "${MONGO_INITDB_ROOT_USERNAME:-}" ]; then
  MECH_AUTH=on
  set -- "$@" --setup-username="$MONGO_INITDB_ROOT_USERNAME" --setup-database=admin
  export FERRETDB_SETUP_PASSWORD="${MONGO_INITDB_ROOT_PASSWORD:-}"
fi
export MECH_AUTH
exec ferretdb "$@"
"""


@dataclass(frozen=True)
class Image:
    """What a repository's tag is made of."""

    repository: str
    tag: str
    layers: list[Layer]
    run: dict[str, Any]


def folder(settings: Settings) -> Path:
    """Where the images of this recipe are (index.json, blobs/)."""
    return settings.images / _recipe(settings)


def build(settings: Settings, progress: Progress) -> None:
    """Make all images unless they are cached (5 min at first, most of it FerretDB). Raises ImageError."""
    target = folder(settings)
    if (target / "index.json").exists():
        os.utime(target)  # in use: not yet one to clear away
        return
    settings.images.mkdir(parents=True, exist_ok=True)
    with (settings.images / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (target / "index.json").exists():
            return
        for left_over in settings.images.glob("building.*"):
            shutil.rmtree(left_over)
        building = Path(tempfile.mkdtemp(prefix="building.", dir=settings.images))
        try:
            _write(building, _images(settings, progress))
            shutil.rmtree(target, ignore_errors=True)
            building.rename(target)
        finally:
            shutil.rmtree(building, ignore_errors=True)
        for other in settings.images.iterdir():
            if other.is_dir() and other != target and time.time() - other.stat().st_mtime > 86400:
                shutil.rmtree(other)


def _recipe(settings: Settings) -> str:
    parts = [golang.FERRETDB_SUM.encode()]
    for path in sorted([*_HERE.glob("*.py"), *_HERE.glob("service/**/*.go"), *_HERE.glob("service/go.*")]):
        if not path.name.endswith("_test.go"):
            parts += [str(path.relative_to(_HERE)).encode(), path.read_bytes()]
    for path in (Path("/usr/bin/redis-server"), Path("/bin/busybox"), Path("/usr/bin/wget")):
        # Packages keep their files' times, so a security update is a new recipe and a second machine is not.
        stat = path.stat() if path.exists() else None
        parts.append(f"{path} {stat.st_size} {int(stat.st_mtime)}".encode() if stat else str(path).encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _images(settings: Settings, progress: Progress) -> list[Image]:
    with tempfile.TemporaryDirectory(prefix="mech-images-") as scratch:
        into = Path(scratch)
        progress("images: the services' stand-in (Go)")
        service = golang.ours(settings, "mech-service", into)
        mongo_tools = {name: golang.ours(settings, name, into) for name in ("mongosh", "mongodump", "mongorestore")}
        progress("images: FerretDB, which speaks MongoDB's protocol (Go; 4 to 5 min when nothing is cached)")
        ferret = golang.ferretdb(settings, into)
    progress("images: Redis, and layers")
    base = pack(_base())
    redis = Tree()
    for name in ("redis-server", "redis-cli"):
        redis.program(f"/usr/bin/{name}", Path("/usr/bin") / name)
    redis.folders["data"] = 0o755
    mongo = Tree(folders={"data/db": 0o755})
    mongo.add("/usr/bin/ferretdb", ferret, 0o755)
    for name, tool in mongo_tools.items():
        mongo.add(f"/usr/bin/{name}", tool, 0o755)
    mongo.add("/usr/local/bin/docker-entrypoint.sh", _MONGO_START, 0o755)
    program = Tree()
    # The guide's own check: docker exec mech-queue redis-cli -h redis ping
    program.program("/usr/bin/redis-cli", Path("/usr/bin/redis-cli"))
    program.add("/usr/bin/mech-service", service, 0o755)
    redis_layer, mongo_layer, service_layer = pack(redis), pack(mongo), pack(program)
    images = [
        Image("library/redis", "alpine", [base, redis_layer], {
            "Cmd": ["redis-server"], "WorkingDir": "/data", "Volumes": {"/data": {}}, "ExposedPorts": {"6379/tcp": {}},
        }),
        Image("library/mongo", "7", [base, mongo_layer], {
            "Entrypoint": ["docker-entrypoint.sh"], "Cmd": ["mongod"], "Volumes": {"/data/db": {}},
            "ExposedPorts": {"27017/tcp": {}},
        }),
    ]  # fmt: skip
    # The guide's own repair of MongoDB runs mongo:latest.
    images += [replace(image, tag="latest") for image in images]
    return images + [
        Image(
            f"mech-is/{name}", tag, [base, service_layer], {**run, "Env": [f"MECH_VERSION={tag}", *run.get("Env", [])]}
        )
        for name in SERVICES.values()
        for tag, run in {**dict.fromkeys(VERSIONS, _START), **BROKEN}.items()
    ]


def _base() -> Tree:
    tree = Tree(folders={"tmp": 0o1777, "root": 0o700, "var/run": 0o755, "proc": 0o755, "sys": 0o755, "dev": 0o755})
    busybox = next((p for p in (Path("/bin/busybox"), Path("/usr/bin/busybox")) if p.exists()), Path("/bin/busybox"))
    tree.program("/bin/busybox", busybox)
    listed = subprocess.run([str(busybox), "--list"], capture_output=True, text=True, check=False).stdout.split()
    for name in listed:
        # The static build's look-ups crash without the C library's modules: the real wget below takes its place.
        if name not in ("busybox", *_RESOLVING):
            tree.links[f"bin/{name}"] = "busybox"
    tree.program("/usr/bin/wget", Path("/usr/bin/wget"))
    tree.add("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n")
    tree.add("/etc/group", "root:x:0:\nnogroup:x:65534:\n")
    tree.add("/etc/nsswitch.conf", "hosts: files dns\n")
    return tree


def _write(target: Path, images: list[Image]) -> None:
    blobs = target / "blobs"
    blobs.mkdir(parents=True)
    index = {}
    for image in images:
        for layer in image.layers:
            blob = blobs / layer.digest.replace(":", "-")
            if not blob.exists():
                blob.write_bytes(layer.data)
        # Two tags are two images, as they are at their makers'.
        labels = {"org.opencontainers.image.title": image.repository.rpartition("/")[2],
                  "org.opencontainers.image.version": image.tag, "is.mech.stand-in": "sandbox"}  # fmt: skip
        index[f"{image.repository}:{image.tag}"] = {
            "layers": [
                {"digest": layer.digest, "diff_id": layer.diff_id, "size": len(layer.data)} for layer in image.layers
            ],
            "config": config(labels, [layer.diff_id for layer in image.layers], **dict(image.run)),
        }
    (target / "index.json").write_text(json.dumps(index, indent=1))
