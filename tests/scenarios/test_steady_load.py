"""While one service is repaired the other seven answer every request (must show 5)."""

from __future__ import annotations

import threading
import time
from collections import Counter

import pytest

from mech_infra.catalogue import SERVICES

from .world import World

RATE = 20  # requests a second, all services together


class Load(threading.Thread):
    """Visitors who ask the given services in turn, by the edge, at a steady rate."""

    def __init__(self, world: World, services: list[str]) -> None:
        super().__init__(daemon=True)
        self._world, self._services = world, services
        self._done = threading.Event()
        self.numbers: list[tuple[str, int]] = []

    def run(self) -> None:
        begin = time.monotonic()
        while not self._done.is_set():
            service = self._services[len(self.numbers) % len(self._services)]
            number = self._world.net.begin("GET", f"https://{service}.mech.is/", timeout=20)
            self.numbers.append((service, number))
            time.sleep(max(0.0, begin + len(self.numbers) / RATE - time.monotonic()))

    def end(self) -> list[tuple[str, int, str]]:
        """(service, code, text) of every request that was sent."""
        self._done.set()
        self.join()
        answers = [(service, self._world.net.end(number)) for service, number in self.numbers]
        return [(service, answer.code, answer.text[:200]) for service, answer in answers]


@pytest.mark.parametrize("repaired", ["search", "llm"])
def test_the_other_seven_answer_every_request(world: World, repaired: str) -> None:
    others = [name for name in SERVICES if name != repaired]
    container = SERVICES[repaired].container_name
    made = "{{.Names}} {{.ID}} {{.Status}}"
    before = set(world.ssh(f"docker ps --format '{made}' | cut -d' ' -f1,2").splitlines())
    load = Load(world, others)
    load.start()
    time.sleep(2)
    world.ssh(f"docker rm -f {container}")
    assert world.get(f"https://{repaired}.mech.is/").code == 502
    world.up()
    world.well()
    time.sleep(2)
    said = load.end()
    after = set(world.ssh(f"docker ps --format '{made}' | cut -d' ' -f1,2").splitlines())
    codes = Counter((service, code) for service, code, _ in said)
    print(f"{len(said)} requests while {container} was repaired: {dict(codes)}")
    assert len(said) > RATE * 5 and {service for service, _, _ in said} == set(others)
    assert [one for one in said if one[1] != 200] == []
    # Nothing but the one that was gone has been made anew.
    assert {line.split()[0] for line in before ^ after} == {container}
    world.stack.pulumi("preview", "--expect-no-changes")
