"""Runs on the host, by `python3 -` over SSH: reads everything that sensors judge and prints it as JSON. Changes nothing.

Standard library only, and only what Debian 12 has. What cannot be read is null: judging says what that means.
"""

from __future__ import annotations

import base64
import concurrent.futures
import glob
import hashlib
import http.client
import json
import os
import pwd
import re
import socket
import stat
import subprocess
import sys
import time
from typing import Any

WANT: dict[str, Any] = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}


def run(*argv: str, timeout: int = 10, given: str = "") -> tuple[int, str]:
    try:
        done = subprocess.run(
            argv, input=given.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout
        )
    except (OSError, subprocess.TimeoutExpired):
        return 127, ""
    return done.returncode, done.stdout.decode(errors="replace")


def text(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None


def files() -> dict[str, Any]:
    """Every file that the platform writes: hash, mode, owner."""
    found = {}
    for pattern in WANT.get("files", []):
        for path in glob.glob(pattern):
            try:
                about = os.stat(path)
                with open(path, "rb") as file:
                    digest = hashlib.sha256(file.read()).hexdigest()
            except OSError:
                continue
            try:
                owner = pwd.getpwuid(about.st_uid).pw_name
            except KeyError:
                owner = str(about.st_uid)
            found[path] = {"sha256": digest, "mode": f"{about.st_mode & 0o7777:o}", "owner": owner}
    return found


def ufw() -> dict[str, Any]:
    rules = []
    for line in (text("/etc/ufw/user.rules") or "").splitlines():
        if line.startswith("### tuple ###"):
            words = line.split()[3:]
            comment = words.pop()[len("comment=") :] if words and words[-1].startswith("comment=") else ""
            rules.append({"tuple": words, "comment": bytes.fromhex(comment).decode(errors="replace")})
    defaults = text("/etc/default/ufw") or ""
    policy = re.search(r'^DEFAULT_INPUT_POLICY="?(\w+)', defaults, re.M)
    enabled = re.search(r"^ENABLED=yes", text("/etc/ufw/ufw.conf") or "", re.M)
    return {
        "enabled": bool(enabled), "policy": policy.group(1) if policy else "", "rules": rules,
        "after": text("/etc/ufw/after.rules") or "",
    }  # fmt: skip


def chains() -> list[str] | None:
    code, said = run("iptables", "-w", "5", "-S")
    return said.splitlines() if code == 0 else None


def units() -> dict[str, Any]:
    names = WANT.get("units", [])
    _, said = run("systemctl", "show", "-p", "Id,ActiveState,UnitFileState,LoadState", *names) if names else (0, "")
    found = {}
    for block in said.split("\n\n"):
        about = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if "Id" in about:
            found[about["Id"]] = {
                "active": about.get("ActiveState"), "enabled": about.get("UnitFileState"), "load": about.get("LoadState"),
            }  # fmt: skip
    return found


def packages() -> list[str]:
    _, said = run("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *WANT.get("packages", []))
    return [line.split()[0] for line in said.splitlines() if line.endswith(" installed")]


class Docker(http.client.HTTPConnection):
    def __init__(self) -> None:
        super().__init__("localhost", timeout=10)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect("/run/docker.sock")


def ask(path: str) -> Any:
    connection = Docker()
    try:
        connection.request("GET", path)
        return json.load(connection.getresponse())
    finally:
        connection.close()


def aliases(id_: str) -> list[str]:
    """All names that a container answers to on its networks; the list of containers does not have them."""
    on = (ask(f"/containers/{id_}/json").get("NetworkSettings") or {}).get("Networks") or {}
    return sorted({alias for about in on.values() for alias in about.get("Aliases") or []})


def docker() -> dict[str, Any] | None:
    # Asking a socket-activated daemon would start it: that is not reading.
    if run("systemctl", "is-active", "--quiet", "docker.service")[0] != 0:
        return None
    try:
        containers = [
            {
                "name": item["Names"][0].lstrip("/"), "id": item["Id"], "state": item["State"], "status": item["Status"], "image": item["Image"],
                "image_id": item["ImageID"], "labels": item["Labels"],
                "networks": sorted(item["NetworkSettings"]["Networks"]), "aliases": aliases(item["Id"]),
                "ports": sorted({p["PublicPort"] for p in item["Ports"] or [] if p.get("PublicPort")}),
            }
            for item in ask("/containers/json?all=1")
        ]  # fmt: skip
        networks = [
            {"name": item["Name"], "id": item["Id"], "labels": item["Labels"] or {}, "internal": item["Internal"]}
            for item in ask("/networks")
        ]
        # Each tag with what the image was pulled as: a tag moved by hand keeps its image's own past.
        images = {
            tag: [digest.partition("@")[0] for digest in item["RepoDigests"] or []]
            for item in ask("/images/json") for tag in item["RepoTags"] or []
        }  # fmt: skip
    except (OSError, ValueError, KeyError, http.client.HTTPException):
        return None
    return {"containers": containers, "networks": networks, "images": images}


def redis() -> dict[str, Any]:
    """The settings and the users with their rules; {"password": "refused"} when it does not let us in."""
    login = text(WANT.get("redis_login", "")) or ""
    names = WANT.get("redis", [])
    asked = "".join([login, *(f"config get {name}\n" for name in names), "acl list\n"])
    code, said = run("docker", "exec", "-i", "redis", "redis-cli", given=asked)
    # A password that stands in the environment of a container of before, REDISCLI_AUTH, and is not needed any more.
    lines = [line for line in said.splitlines() if not line.startswith("AUTH failed")]
    if any(line.startswith(("NOAUTH", "WRONGPASS", "NOPERM")) for line in lines):
        return {"password": "refused"}
    lines = lines[1:] if login else lines
    found = dict(zip(lines[: 2 * len(names) : 2], lines[1 : 2 * len(names) : 2], strict=False))
    if code != 0 or list(found) != names:
        return {"error": lines[0] if lines else "no answer"}
    users = [line for line in lines[2 * len(names) :] if line.startswith("user ")]
    return {**found, **({"users": users} if users else {}), "rdb": rdb()}


def rdb() -> int | None:
    """The newest format of Redis' files, which begin with its number: REDIS0011."""
    found = []
    for pattern in WANT.get("rdb", []):
        for path in glob.glob(pattern):
            with open(path, "rb") as file:
                head = re.match(rb"REDIS(\d{4})", file.read(9))
            found += [int(head[1])] if head else []
    return max(found, default=None)


def mongodb() -> dict[str, Any] | None:
    """Whether it asks nobody for a password; where it lets us in, the platform's users, its version and its data's."""
    if run("docker", "inspect", "-f", "{{.State.Running}}", "mongodb")[1].strip() != "true":
        return None
    login = text(WANT.get("mongodb_login", "")) or ""
    asked = (
        'printjson(db.adminCommand({"usersInfo": 1}))\n'
        'printjson(db.adminCommand({"getParameter": 1, "featureCompatibilityVersion": 1}))\n'
        "printjson(db.version())\n"
    )

    def mongosh(script: str) -> tuple[int, str]:
        return run(
            "docker", "exec", "-i", "mongodb", "mongosh", "--quiet", "admin", "--file", "/dev/stdin", given=script
        )

    answers, _ = mongosh('db.adminCommand({"ping": 1})\n')
    nobody, said = mongosh(asked)
    if login:
        code, said = mongosh(login + asked)
        said = said if code == 0 else ""
    users = re.findall(rf"user: '({WANT.get('mongodb_users')})'", said)
    version = re.search(r"^'?(\d+(?:\.\d+)+)", said.strip().rpartition("\n")[2])
    fcv = re.search(r"featureCompatibilityVersion: \{\s*version: '([\d.]+)'", said)
    return {
        "asks_nobody": nobody == 0, "users": sorted(set(users)),
        "version": version and version[1], "fcv": fcv and fcv[1],
    } if answers == 0 else None  # fmt: skip


def certificate() -> dict[str, Any] | None:
    crt, key = WANT.get("certificate", "/nonexistent"), WANT.get("key", "/nonexistent")
    code, said = run("openssl", "x509", "-in", crt, "-noout", "-enddate", "-ext", "subjectAltName")
    if code != 0:
        return None
    end = re.search(r"notAfter=(.*)", said)
    same = (
        run("openssl", "x509", "-in", crt, "-noout", "-pubkey")[1] == run("openssl", "pkey", "-in", key, "-pubout")[1]
    )
    return {"end": end.group(1) if end else "", "names": re.findall(r"DNS:([^\s,]+)", said), "matches": same}


def nginx() -> dict[str, Any]:
    """`newest_worker_s` and `config_s` are ages: a worker reads the config when it starts."""
    code, said = run("nginx", "-t")
    ages = []
    uptime = float((text("/proc/uptime") or "0").split()[0])
    for path in glob.glob("/proc/[0-9]*/comm"):
        if (text(path) or "").strip() == "nginx":
            # After the name in brackets the start time is the 20th field, in clock ticks since boot (proc(5)).
            fields = (text(path[: -len("comm")] + "stat") or "").rpartition(")")[2].split()
            if len(fields) > 19:
                ages.append(uptime - int(fields[19]) / os.sysconf("SC_CLK_TCK"))
    try:
        # Not the modification time: a file that was moved back has its old one.
        config: float | None = time.time() - os.stat(WANT.get("config", "")).st_ctime
    except OSError:
        config = None
    _, verified = run("dpkg", "--verify", "nginx-common")
    return {
        "accepts": code == 0, "says": [line for line in said.splitlines() if "[emerg]" in line][:1],
        "newest_worker_s": min(ages) if ages else None, "config_s": config,
        # rpm's format: the third column is the checksum.
        "edited": [line.split()[-1] for line in verified.splitlines() if line[2:3] == "5" and "/etc/nginx/" in line],
    }  # fmt: skip


def keys() -> list[dict[str, str]]:
    """Who may log in as root by key; options before the type are skipped."""
    found = []
    for path in ("/root/.ssh/authorized_keys", "/root/.ssh/authorized_keys2"):
        for line in (text(path) or "").splitlines():
            match = re.search(r"(?:^|\s)((?:ssh|ecdsa|sk)-[\w@.-]+) (\S+) ?(.*)$", line)
            if match and not line.startswith("#"):
                found.append({"key": f"{match.group(1)} {match.group(2)}", "comment": match.group(3).strip()})
    return found


def mounts() -> list[list[str]]:
    return [line.split()[:2] for line in (text("/proc/self/mounts") or "").splitlines()]


def listeners() -> list[dict[str, Any]]:
    found = []
    for line in run("ss", "-Hltnp")[1].splitlines():
        words = line.split()
        address, _, port = words[3].rpartition(":")
        process = re.search(r'"([^"]+)",pid=(\d+)', line)
        found.append({"address": address, "port": int(port), "process": process.group(1) if process else ""})
    return found


def space() -> list[dict[str, Any]]:
    """Room on the filesystems of the given paths, in bytes and inodes; `free` as for users, like df's."""
    found = []
    for path in WANT.get("space", []):
        try:
            about = os.statvfs(path)
        except OSError:
            continue
        found.append({
            "path": path, "device": os.stat(path).st_dev,
            "used": (about.f_blocks - about.f_bfree) * about.f_frsize, "free": about.f_bavail * about.f_frsize,
            "inodes_used": about.f_files - about.f_ffree, "inodes_free": about.f_favail,
        })  # fmt: skip
    return found


def logs() -> list[dict[str, Any]]:
    """Log files of at least `large_log` bytes."""
    found = []
    for pattern in WANT.get("logs", []):
        for path in glob.glob(pattern, recursive=True):
            try:
                about = os.stat(path, follow_symlinks=False)
            except OSError:
                continue
            # What takes room, not the length: /var/log/lastlog is mostly a hole.
            if stat.S_ISREG(about.st_mode) and about.st_blocks * 512 >= WANT["large_log"]:
                found.append({"path": path, "bytes": about.st_blocks * 512})
    return found


READERS = (
    files, ufw, chains, units, packages, docker, redis, mongodb, certificate, nginx, mounts, listeners, keys, space, logs,
)  # fmt: skip


def main() -> None:
    with concurrent.futures.ThreadPoolExecutor(len(READERS)) as pool:
        pending = {reader.__name__: pool.submit(reader) for reader in READERS}
    facts = {}
    for name, future in pending.items():
        try:
            facts[name] = future.result()
        except Exception as error:
            facts[name] = None
            sys.stderr.write(f"{name}: {error}\n")
    # One line of base64: what a login shell prints before it cannot be taken for it.
    sys.stdout.write("MECH-FACTS " + base64.b64encode(json.dumps(facts).encode()).decode() + "\n")


main()
