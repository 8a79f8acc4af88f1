"""What serves the clouds, registries and vendors of a sandbox, and has the edge and DNS beside it. Hosts outlive it.

Run as: python -m sandbox.daemon NAME (what `mech sandbox start` does, in the background)
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

from sandbox import images
from sandbox.host.model import HostError
from sandbox.host.run import locked, read_json, started, wait_for, write_json
from sandbox.settings import Settings, load

_START_S, _STOP_S = 30.0, 60.0
_HERE = Path(__file__).resolve().parent

VULTR, CLOUDFLARE, REGISTRY, VENDORS = 8001, 8002, 8004, 8005  # ports on the clouds' address; 8003 is the proxy


class DaemonError(RuntimeError):
    """The daemon does not come up; the message is for people."""


def _note(settings: Settings) -> Path:
    return settings.state / "daemon.json"


def pid(settings: Settings) -> int | None:
    """The running daemon's pid, None when there is none."""
    note = read_json(_note(settings))
    found = note.get("pid")
    return found if found and started(found) == note.get("started") else None


def ready(settings: Settings) -> bool:
    return pid(settings) is not None and bool(read_json(_note(settings)).get("ready"))


def ensure_running(settings: Settings) -> bool:
    """Start it unless it runs with the present code; returns whether it was started. Raises DaemonError."""
    with locked(settings.state / "daemon.lock"):
        if ready(settings) and read_json(_note(settings)).get("code") == _code(settings):
            return False
        _stop(settings)
        settings.logs.mkdir(parents=True, exist_ok=True)
        log = settings.logs / "daemon.log"
        with log.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "sandbox.daemon", settings.name], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True, cwd="/", env=_environment(settings),
            )  # fmt: skip
        if not wait_for(lambda: process.poll() is not None or ready(settings), _START_S) or process.poll() is not None:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
            raise DaemonError(f"the sandbox's daemon did not start; the last lines of {log}:\n{tail}")
        return True


def stop(settings: Settings) -> bool:
    """End it; returns whether it ran."""
    with locked(settings.state / "daemon.lock"):
        return _stop(settings)


def _stop(settings: Settings) -> bool:
    running = pid(settings)
    if running is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(running, signal.SIGTERM)
    if not wait_for(lambda: started(running) is None, _STOP_S):
        with contextlib.suppress(ProcessLookupError):
            os.kill(running, signal.SIGKILL)
        wait_for(lambda: started(running) is None, 5)
    return True


def _code(settings: Settings) -> str:
    """A hash of what the daemon is made of: after a pull it is started anew."""
    parts = [f"{path}{path.stat().st_mtime_ns}" for path in sorted(_HERE.rglob("*.py"))]
    parts.append(images.folder(settings).name)  # the registry reads them once
    extra = [settings.state / "cloud.json"]
    parts += [path.read_text() for path in extra if path.exists()]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def _environment(settings: Settings) -> dict[str, str]:
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": str(_HERE.parent),
        "MECH_SANDBOX_STATE": str(settings.state.parent), "MECH_CACHE": str(settings.cache), "LC_ALL": "C.UTF-8",
    }  # fmt: skip


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises OSError (port taken), HostError (network), ValueError (bad JSON of ours)."""
    from aiohttp import web

    from sandbox import host, network, pki
    from sandbox.cloud import Store, cloudflare_app, vultr_app
    from sandbox.edge_process import EdgeProcess
    from sandbox.gateway import Gateway
    from sandbox.registry import registry_app
    from sandbox.vendors import VENDOR_HOSTS, vendors_app

    pki.ensure(settings)
    network.up(settings)
    host.sweep(settings)
    store = Store(settings.state / "cloud.sqlite")
    apps = {
        VULTR: vultr_app(store, settings, host), CLOUDFLARE: cloudflare_app(store, settings),
        REGISTRY: registry_app(settings), VENDORS: vendors_app(settings, store),
    }  # fmt: skip
    runners = []
    for port, app in apps.items():
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
        await runner.setup()
        await web.TCPSite(runner, settings.cloud, port).start()
        runners.append(runner)
    routes = {
        "api.vultr.com": VULTR, "api.cloudflare.com": CLOUDFLARE, "registry-1.docker.io": REGISTRY,
        "auth.docker.io": REGISTRY, "ghcr.io": REGISTRY, **dict.fromkeys(VENDOR_HOSTS, VENDORS),
    }  # fmt: skip
    gateway = Gateway(settings, routes, inside={VENDORS})
    await gateway.start()
    edge = await EdgeProcess.start(settings)
    done = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, done.set)
    own = os.getpid()
    write_json(_note(settings), {"pid": own, "started": started(own), "code": _code(settings), "ready": True})
    end = asyncio.create_task(done.wait())
    # Without its edge the sandbox is not there: the next `start` makes both anew.
    await asyncio.wait([end, asyncio.create_task(edge.ended())], return_when=asyncio.FIRST_COMPLETED)
    if not end.done():
        logging.error("the edge has ended")
    await gateway.close()
    await edge.close()
    for runner in runners:
        await runner.cleanup()
    store.close()


def main(name: str) -> int:
    settings = load(name)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    own = os.getpid()
    write_json(_note(settings), {"pid": own, "started": started(own), "ready": False})
    try:
        asyncio.run(serve(settings))
    except (OSError, HostError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
