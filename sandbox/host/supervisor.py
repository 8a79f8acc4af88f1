"""One process for each running host: mounts its disk, boots it, boots it again when it reboots, ends when it powers off.

Runs in a mount namespace of its own (`unshare --mount`), so no mount outlives it, however it ends.
Run as: python -m sandbox.host.supervisor SANDBOX HOST
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from sandbox import network, settings, switch
from sandbox.host import boot, cgroups, guest, ports
from sandbox.host.model import HostError, HostSpec, Place
from sandbox.host.run import quiet, read_json, run, started, wait_for, write_json

_BOOTS_WITHIN_S = 10


class Supervisor:
    def __init__(self, place: Place) -> None:
        self.place = place
        self.spec = HostSpec(**read_json(place.spec))
        self.boots = 0
        self.process: subprocess.Popen[bytes] | None = None

    def main(self) -> int:
        signal.signal(signal.SIGTERM, self._stop)
        self._note(phase="starting")
        try:
            self._mount()
            while True:
                code = self._boot()
                print(f"boot {self.boots} ended with {code}", flush=True)
                if code != -signal.SIGHUP:  # the kernel ends a pid namespace that reboots with SIGHUP
                    return 0
        except HostError as error:
            print(error, file=sys.stderr, flush=True)
            self._note(phase="failed", error=str(error))
            return 1
        finally:
            cgroups.remove(self.place.cgroup)

    def _mount(self) -> None:
        place = self.place
        lower = place.settings.cache / place.system.read_text().strip()
        for folder in (place.mount, place.root):
            folder.mkdir(exist_ok=True)
        run(["mount", "-t", "ext4", "-o", "loop,noatime", str(place.disk), str(place.mount)])
        for name in ("upper", "work", "docker"):
            (place.mount / name).mkdir(exist_ok=True)
        layers = f"lowerdir={lower},upperdir={place.mount}/upper,workdir={place.mount}/work"
        run(["mount", "-t", "overlay", "overlay", "-o", layers, str(place.root)])
        if not (place.mount / "prepared").exists():
            guest.prepare(place.settings, self.spec, place.root)
            (place.mount / "prepared").touch()
        guest.network(place.settings, place.root)
        # docker's own overlays cannot lie on an overlay
        run(["mount", "--bind", str(place.mount / "docker"), str(place.root / "var/lib/docker")])

    def _boot(self) -> int:
        place = self.place
        self.boots += 1
        cgroups.remove(place.cgroup)
        joins = cgroups.make(place.cgroup)
        self.process = subprocess.Popen(boot.argv(place, self.spec, joins), stdin=subprocess.DEVNULL)
        init = self._init()
        try:
            # Before eth0, which the boot waits for: services find the private networks when they start.
            switch.plug(place, init, ports.attached(place))
            network.cable(place.settings, place.veth, init, self.spec.address)
        except HostError:
            self.process.kill()
            self.process.wait()
            raise
        self._note(phase="up", init=init, init_started=started(init))
        code = self.process.wait()
        quiet(["ip", "link", "del", place.veth])
        return code

    def _init(self) -> int:
        assert self.process
        pid, own = self.process.pid, Path("/proc/self/ns/net").stat().st_ino
        child = 0

        def ready() -> bool:
            nonlocal child
            try:
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
                child = int(children[0]) if children else 0
                return bool(child) and Path(f"/proc/{child}/ns/net").stat().st_ino != own
            except OSError:
                return False

        if not wait_for(ready, _BOOTS_WITHIN_S, 0.005):
            raise HostError(f"host {self.place.id} did not begin to boot; {self.place.log} says why")
        return child

    def _note(self, **more: object) -> None:
        pid = os.getpid()
        write_json(
            self.place.runtime, {"supervisor": pid, "supervisor_started": started(pid), "boots": self.boots, **more}
        )

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        if self.process:
            self.process.kill()


if __name__ == "__main__":
    sys.exit(Supervisor(Place(settings.load(sys.argv[1]), sys.argv[2])).main())
