"""The edge on its real addresses and ports, in front of an origin in a network namespace with a firewall."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from dnslib import DNSRecord

from sandbox import edge, settings
from sandbox.edge.view import Record, Zone

from .stack import own

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for namespaces")
HOST = "llm.mech.is"
BASE = settings.load(own("edge"))
NAMESPACE, VETH, BRIDGE = (f"edge{BASE.index}-{what}" for what in ("test", "v", "br"))
ORIGIN = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = f"{self.client_address[0]} {self.headers['Host']}".encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET
    def log_message(self, *a): pass
http.server.ThreadingHTTPServer(("0.0.0.0", 80), Handler).serve_forever()
"""


def sh(*args: str) -> None:
    subprocess.run(args, check=True, capture_output=True, text=True)


@dataclass
class View:
    records: list[Record]
    settings: dict[str, Any] = field(default_factory=lambda: {"ssl": "flexible"})

    def zone_for(self, host: str) -> Zone | None:
        return Zone("mech.is", "0" * 32, self.records, self.settings, []) if host.endswith("mech.is") else None


@dataclass
class World:
    settings: settings.Settings
    view: View

    def curl(self, *args: str, scheme: str = "http") -> tuple[str, str]:
        """(status, body) of a real curl that asks the sandbox's DNS for nothing: the address is given."""
        port = 443 if scheme == "https" else 80
        done = subprocess.run(
            ["curl", "-sS", "--max-time", "20", "--noproxy", "*", "--cacert", str(self.settings.pki / "ca.crt"),
             "--resolve", f"{HOST}:{port}:{self.settings.edge}", "-w", "\n%{http_code}", *args,
             f"{scheme}://{HOST}/"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        body, _, status = done.stdout.rpartition("\n")
        return status, body

    def firewall(self, verdict: str | None) -> None:
        """What the origin does with packets to port 80: "drop", "reject with tcp reset" or None."""
        nft = ["ip", "netns", "exec", NAMESPACE, "nft"]
        sh(*nft, "flush", "ruleset")
        if verdict:
            rule = f"table ip t {{\nchain c {{\ntype filter hook input priority 0\ntcp dport 80 {verdict}\n}}\n}}\n"
            subprocess.run([*nft, "-f", "-"], input=rule, text=True, check=True)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("edge")
    mine = settings.Settings(BASE.name, folder, folder, BASE.index)
    host = mine.address(100)
    origin = None
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    servers: list[edge.Closeable] = []
    try:
        # Not sandbox.network: this needs the four addresses only, and a bridge exists in every kernel that has veth.
        sh("ip", "link", "add", BRIDGE, "type", "bridge")
        sh("ip", "link", "set", BRIDGE, "up")
        for address in (mine.gateway, mine.edge, mine.dns):
            sh("ip", "addr", "add", f"{address}/32", "dev", BRIDGE)
        sh("ip", "netns", "add", NAMESPACE)
        sh("ip", "link", "add", VETH, "type", "veth", "peer", "name", "eth0", "netns", NAMESPACE)
        Path(f"/proc/sys/net/ipv4/conf/{VETH}/proxy_arp").write_text("1")
        sh("ip", "link", "set", VETH, "up")
        sh("ip", "route", "replace", f"{host}/32", "dev", VETH, "src", mine.gateway)
        inside = (
            f"ip link set lo up; ip addr add {host}/24 dev eth0; ip link set eth0 up; "
            f"ip route add default via {mine.gateway}"
        )
        sh("ip", "netns", "exec", NAMESPACE, "sh", "-ec", inside)
        origin = subprocess.Popen(["ip", "netns", "exec", NAMESPACE, sys.executable, "-c", ORIGIN])
        thread.start()
        view = View([
            Record(HOST, "A", host, True, 1), Record("direct.mech.is", "A", host, False, 60),
            Record("gone.mech.is", "A", "203.0.113.9", True, 1),
        ])  # fmt: skip
        servers = asyncio.run_coroutine_threadsafe(edge.start(mine, view), loop).result(20)
        (folder / "edge.json").write_text(json.dumps({"connect_timeout_s": 1, "ack_timeout_s": 1}))
        made = World(mine, view)
        for _ in range(50):
            if made.curl()[0] == "200":
                break
            time.sleep(0.1)
        yield made
    finally:
        for server in servers:
            asyncio.run_coroutine_threadsafe(server.close(), loop).result(20)
        if thread.is_alive():
            loop.call_soon_threadsafe(loop.stop)
            thread.join(5)
        if origin is not None:
            origin.kill()
            origin.wait()
        subprocess.run(["ip", "netns", "del", NAMESPACE], capture_output=True, check=False)
        subprocess.run(["ip", "link", "del", VETH], capture_output=True, check=False)
        subprocess.run(["ip", "link", "del", BRIDGE], capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def test_dns_on_port_53(world: World) -> None:
    for tcp in (False, True):
        for name, address in ((HOST, world.settings.edge), ("direct.mech.is", world.settings.address(100))):
            reply = DNSRecord.question(name).send(world.settings.dns, 53, tcp=tcp, timeout=3)
            assert str(DNSRecord.parse(reply).a.rdata) == address


def test_curl_through_the_edge_comes_from_the_edges_address(world: World) -> None:
    for scheme in ("http", "https"):
        assert world.curl(scheme=scheme) == ("200", f"{world.settings.edge} {HOST}")


def test_a_dropping_firewall_is_522_and_a_rejecting_one_521(world: World) -> None:
    time.sleep(6)  # idle connections to the origin are kept for 5 s
    try:
        world.firewall("drop")
        assert world.curl(scheme="https") == ("522", "error code: 522")
        world.firewall("reject with tcp reset")
        assert world.curl() == ("521", "error code: 521")
    finally:
        world.firewall(None)
    assert world.curl()[0] == "200"


def test_an_open_connection_that_goes_silent_is_522(world: World) -> None:
    assert world.curl()[0] == "200"  # leaves a kept connection behind
    try:
        world.firewall("drop")
        assert world.curl("-d", "x") == ("522", "error code: 522")
    finally:
        world.firewall(None)


def test_an_address_outside_is_523(world: World) -> None:
    records = world.view.records
    world.view.records = [Record(HOST, "A", "203.0.113.9", True, 1)]
    try:
        assert world.curl() == ("523", "error code: 523")
    finally:
        world.view.records = records


def test_old_tls_is_refused(world: World) -> None:
    world.view.settings = {"ssl": "flexible", "min_tls_version": "1.3"}
    try:
        with pytest.raises(subprocess.CalledProcessError):
            world.curl("--tls-max", "1.2", scheme="https")
        assert world.curl(scheme="https")[0] == "200"
    finally:
        world.view.settings = {"ssl": "flexible"}
