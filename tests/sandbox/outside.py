"""What happens to a host from outside: its cable is cut, and something on it goes on writing all the while."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from sandbox import host
from sandbox.host.model import Place
from sandbox.settings import Settings

from .stack import Stack

# On the host: writes to both databases some times a second, and notes what they acknowledged. Redis directly,
# MongoDB through the service memories.
WRITER = r"""
import itertools, json, os, socket, subprocess, threading, time, urllib.request
FOLDER = "/root/writes"
def noted(name, numbers):
    with open(f"{FOLDER}/{name}", "a", buffering=1) as file:
        for number in numbers:
            file.write(f"{number}\n")
def redis(n):
    where = subprocess.run(["docker", "inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", "redis"],
                           capture_output=True, text=True, timeout=10).stdout.strip()
    with socket.create_connection((where, 6379), timeout=2) as s:
        for n in n:
            key, value = f"write:{n}", str(n)
            s.sendall(f"*3\r\n$3\r\nSET\r\n${len(key)}\r\n{key}\r\n${len(value)}\r\n{value}\r\n".encode())
            if s.recv(100).startswith(b"+OK"):
                yield n
            time.sleep(0.05)
def mongodb(n):
    for n in n:
        body = json.dumps({"text": f"write {n}"}).encode()
        asked = urllib.request.Request("http://127.0.0.1:3010/memories", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked, timeout=5) as answer:
            if answer.status == 201:
                yield json.load(answer)["id"]
        time.sleep(0.5)
def forever(name, write):
    numbers = itertools.count(int(time.time() * 1000))
    while True:
        try:
            noted(name, write(numbers))
        except Exception:
            time.sleep(0.2)
os.makedirs(FOLDER, exist_ok=True)
for name, write in (("redis", redis), ("mongodb", mongodb)):
    threading.Thread(target=forever, args=(name, write), daemon=True).start()
while os.path.exists(FOLDER + "/go"):
    time.sleep(0.2)
"""
# Which of the noted writes are not there. MongoDB is asked for each by itself: for the newest, and for some of the older ones.
_LOST = r"""
import json, random, subprocess, urllib.error, urllib.request
def lines(name): return open(f"/root/writes/{name}").read().split()
noted = {name: lines(name) for name in ("redis", "mongodb")}  # first: the writer goes on
have = set(subprocess.run(["docker", "exec", "redis", "redis-cli", "--scan", "--pattern", "write:*"],
                          capture_output=True, text=True, check=True).stdout.split())
lost = [n for n in noted["redis"] if f"write:{n}" not in have]
older, newest = noted["mongodb"][:-400], noted["mongodb"][-400:]
for id in newest + random.sample(older, min(100, len(older))):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:3010/memories/{id}", timeout=5).close()
    except urllib.error.HTTPError:
        lost.append(id)
print(json.dumps({**{name: len(those) for name, those in noted.items()}, "lost": lost}))
"""


@contextmanager
def cut(settings: Settings) -> Iterator[None]:
    """No packet passes to or from the sandbox's hosts: nobody is told, as when a network breaks. Mended at the end."""
    table = f"inet cut{settings.index}"
    cables = ", ".join(f'"{Place(settings, id_).veth}"' for id_ in host.ids(settings))
    rules = [f"add table {table}"]
    for hook, way in (("input", "iifname"), ("output", "oifname"), ("forward", "iifname"), ("forward", "oifname")):
        rules += [
            f"add chain {table} {hook} {{ type filter hook {hook} priority -300; policy accept; }}",
            f"add rule {table} {hook} {way} {{ {cables} }} drop",
        ]
    subprocess.run(["nft", "-f", "-"], input="\n".join(rules), text=True, check=True)
    try:
        yield
    finally:
        subprocess.run(["nft", "delete", "table", *table.split()], check=True)


@contextmanager
def unplugged(settings: Settings) -> Iterator[None]:
    """The hosts' links are down: who is on this machine is told at once that there is no way. Plugged in at the end."""
    cables = [Place(settings, id_).veth for id_ in host.ids(settings)]
    ways = {
        cable: subprocess.run(
            ["ip", "-4", "route", "show", "dev", cable], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        for cable in cables
    }
    for cable in cables:
        subprocess.run(["ip", "link", "set", cable, "down"], check=True)
    try:
        yield
    finally:
        for cable in cables:
            subprocess.run(["ip", "link", "set", cable, "up"], check=True)
            for way in ways[cable]:  # a link that is down has none
                words = [word for word in way.split() if word != "linkdown"]
                subprocess.run(["ip", "route", "replace", *words, "dev", cable], check=True)


def start_writing(stack: Stack) -> None:
    stack.ssh(
        "rm -rf /root/writes && mkdir /root/writes && touch /root/writes/go && cat > /root/writes/writer.py"
        " && systemd-run -q --unit writer --collect python3 /root/writes/writer.py",
        text=WRITER,
    )


def stop_writing(stack: Stack) -> None:
    stack.ssh("rm -f /root/writes/go; while systemctl is-active -q writer; do sleep 0.2; done")


def written(stack: Stack) -> dict[str, int]:
    """How many writes each database acknowledged; every one of them is there (_LOST says which are asked for)."""
    found: dict[str, int] = json.loads(stack.ssh("python3 -", text=_LOST))
    lost = found.pop("lost")
    assert not lost, f"acknowledged and not there: {lost}"
    return found
