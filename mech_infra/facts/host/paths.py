"""What reaches what: tried for real from inside the containers' networks, and from the host."""

from __future__ import annotations

import concurrent.futures
import ctypes
import http.client
import ipaddress
import os
import re
import secrets
import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mech_infra.facts.host.answers import listing, why
from mech_infra.facts.host.docker import started
from mech_infra.facts.host.onhost import ask, text
from mech_infra.facts.host.program import asked, on_host


@asked()
def paths(
    wanted: Mapping[str, Sequence[Sequence[Any]]],
    outside: Sequence[Any],
    tasks: Mapping[str, Sequence[Sequence[Any]]] | None = None,
) -> dict[str, Any]:
    """By container each of its targets, and `outside`, from its own network: "" passes, else why it does not.

    A target is [name or address, TCP port]. Containers that do not run are left out. `tasks`: the targets by service, for
    whatever containers a swarm has here for it.
    """
    for one in listing() or [] if tasks else []:
        if one["running"] and one["service"] in (tasks or {}):
            wanted = {one["name"]: (tasks or {})[one["service"]], **wanted}
    with concurrent.futures.ThreadPoolExecutor(len(wanted) + 2) as pool:
        known = pool.submit(from_here, str(outside[0]))
        host = pool.submit(tried, 0, {"outside": outside}, "/etc/resolv.conf", "/etc/hosts")
        pending = {name: pool.submit(inside, name, [*targets], outside, known) for name, targets in wanted.items()}
        found = {name: one.result() for name, one in pending.items()}
        return {"host": host.result(), "containers": {name: said for name, said in found.items() if said is not None}}


@on_host
def from_here(name: str) -> str:
    """The address that the host finds for a name; "" where it finds none."""
    try:
        return resolved(name, "/etc/resolv.conf", "/etc/hosts")
    except LookupError:
        return ""


@on_host
def inside(
    container: str, targets: Sequence[Sequence[Any]], outside: Sequence[Any], known: concurrent.futures.Future[str]
) -> dict[str, str] | None:
    try:
        about = ask(f"/containers/{container}/json", timeout=5) if started() else {}
    except (OSError, ValueError, http.client.HTTPException):
        return None
    pid = (about.get("State") or {}).get("Pid")
    if not pid:
        return None
    named = {**{f"{name}:{port}": (name, port) for name, port in targets}, "outside": outside}
    try:
        return tried(pid, named, about["ResolvConfPath"], about["HostsPath"], known)
    except concurrent.futures.BrokenExecutor:
        return None  # it ended meanwhile


@on_host
def tried(
    pid: int,
    targets: Mapping[str, Sequence[Any]],
    resolver: str,
    hosts: str,
    outside: concurrent.futures.Future[str] | None = None,
) -> dict[str, str]:
    """Each target from the network of a process (0: from here), by the names that these two files give."""
    # A network namespace is a thread's own, and these threads end here.
    with concurrent.futures.ThreadPoolExecutor(len(targets), initializer=enter, initargs=(pid,)) as pool:
        pending = {
            label: pool.submit(passes, str(name), int(port), resolver, hosts, outside if label == "outside" else None)
            for label, (name, port) in targets.items()
        }
        return {label: one.result() for label, one in pending.items()}


@on_host
def enter(pid: int) -> None:
    if pid:
        room = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
        try:
            if ctypes.CDLL(None, use_errno=True).setns(room, 0x40000000) != 0:  # CLONE_NEWNET
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(room)


@on_host
def passes(name: str, port: int, resolver: str, hosts: str, known: concurrent.futures.Future[str] | None = None) -> str:
    """Whether a TCP connection comes about within 6 s: "", or why it does not.

    `known` is the name's address as somebody else finds it: where nothing gets there either, the name server is not why.
    """
    try:
        return connected(resolved(name, resolver, hosts), port)
    except LookupError as error:
        address = known.result() if known else ""
        return (connected(address, port) if address else "") or str(error.args[0])


@on_host
def connected(address: str, port: int) -> str:
    try:
        socket.create_connection((address, port), timeout=3).close()
    except OSError as error:
        return why(error)
    return ""


@on_host
def resolved(name: str, resolver: str, hosts: str) -> str:
    """The IPv4 address of a name, as the C library finds it with these two files, within 3 s. Raises LookupError."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass
    for line in (text(hosts) or "").splitlines():
        words = line.partition("#")[0].split()
        if name in words[1:] and ":" not in words[0]:
            return words[0]
    servers = re.findall(r"^nameserver\s+(\S+)", text(resolver) or "", re.M)[:2]
    said = "no name server is set"
    for server in servers:
        try:
            return asked_for(name, server, 3 / len(servers))
        except KeyError:
            raise LookupError("no such name") from None
        except ValueError as error:
            said = f"the name server {server} fails: {error}"
        except OSError as error:
            said = f"the name server {server}: {why(error)}"
    raise LookupError(said)


@on_host
def asked_for(name: str, server: str, within: float) -> str:
    """The first A record that a name server gives. Raises KeyError, ValueError, OSError."""
    number = secrets.randbelow(65536)
    labels = b"".join(bytes([len(part)]) + part for part in name.rstrip(".").encode("idna").split(b"."))
    query = struct.pack(">6H", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", 1, 1)
    with socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.settimeout(within)
        wire.connect((server, 53))
        wire.send(query)
        answer = wire.recv(4096)
    if len(answer) < 12 or answer[:2] != query[:2]:
        raise ValueError("no answer to our question")
    code = answer[3] & 15
    if code not in (0, 3):
        raise ValueError({2: "it cannot ask others", 5: "it refuses"}.get(code, f"code {code}"))
    for kind, data in records(answer):
        if kind == 1 and len(data) == 4:
            return socket.inet_ntoa(data)
    raise KeyError(name)


@on_host
def records(answer: bytes) -> Iterator[tuple[int, bytes]]:
    """(type, data) of the records in a name server's answer (RFC 1035 §4.1). Raises ValueError for what is none."""
    try:
        _, _, questions, count = struct.unpack_from(">4H", answer)
        at = 12
        for question in range(questions + count):
            while answer[at] and answer[at] < 192:
                at += answer[at] + 1
            at += 2 if answer[at] else 1
            if question < questions:
                at += 4
                continue
            kind, _, _, length = struct.unpack_from(">HHIH", answer, at)
            yield kind, answer[at + 10 : at + 10 + length]
            at += 10 + length
    except (IndexError, struct.error):
        raise ValueError("its answer is cut") from None
