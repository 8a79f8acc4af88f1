"""The way of the official Vultr plugin into the sandbox: who is given it, and what the proxy lets through."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox import official
from sandbox.gateway import Gateway
from sandbox.providers import install
from sandbox.settings import Settings, load

SHOWS = '#!/bin/sh\necho "${HTTPS_PROXY-none} ${SSL_CERT_FILE-none} $*"\n'


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = replace(load("t"), state=tmp_path / "a state")
    official.write(found)
    return found


@pytest.fixture
def shell(settings: Settings, tmp_path: Path) -> Callable[..., list[str]]:
    """Lines that a command prints in a shell after `activate`, with a Pulumi that says what it was given."""
    pulumi = tmp_path / "cli" / "pulumi"
    pulumi.parent.mkdir()
    pulumi.write_text(SHOWS)
    pulumi.chmod(0o755)

    def run(command: str, backend: str = settings.backend_url) -> list[str]:
        env = {
            "PATH": f"{pulumi.parent}:/usr/bin:/bin", "PULUMI_HOME": str(tmp_path / "a home"),
            "PULUMI_BACKEND_URL": backend,
        }  # fmt: skip
        script = official.activation(settings) + command
        done = subprocess.run(["bash", "-ec", script], env=env, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    return run


def make_official(home: Path) -> None:
    program = install.folder(home, "vultr") / "pulumi-resource-vultr"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_bytes(b"\x7fELF")
    install.install(home)


def test_only_pulumi_and_only_under_the_official_plugin(
    settings: Settings, tmp_path: Path, shell: Callable[..., list[str]]
) -> None:
    both = 'pulumi up --yes; echo "${HTTPS_PROXY-none}"'
    install.install(tmp_path / "a home")
    assert shell(both) == ["none none up --yes", "none"]
    make_official(tmp_path / "a home")
    assert shell(both) == [f"{settings.https_proxy} {settings.pki}/bundle.crt up --yes", "none"]


def test_another_stack_s_traffic_is_left_alone(tmp_path: Path, shell: Callable[..., list[str]]) -> None:
    make_official(tmp_path / "a home")
    assert shell("pulumi up", backend="s3://production") == ["none none up"]


def test_activated_twice_or_for_two_sandboxes_the_real_pulumi_runs(
    settings: Settings, tmp_path: Path, shell: Callable[..., list[str]]
) -> None:
    other = replace(load("u"), state=tmp_path / "other")
    official.write(other)
    make_official(tmp_path / "a home")
    again = official.activation(other) + official.activation(settings)
    assert shell(again + "pulumi x") == [f"{settings.https_proxy} {settings.pki}/bundle.crt x"]


def test_without_a_pulumi_it_says_so(settings: Settings) -> None:
    env = {"PATH": f"{official.folder(settings)}:/usr/bin:/bin"}
    done = subprocess.run([official.folder(settings) / "pulumi"], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (127, "pulumi is not on PATH; set it up: make setup\n")


class Here(Settings):
    """A sandbox whose clouds' address every machine has."""

    @property
    def cloud(self) -> str:
        return "127.0.0.1"


def proxied(ask: Callable[[int, int], Awaitable[None]]) -> None:
    """Run `ask(port of the proxy, port of an echo server)`."""

    async def run() -> None:
        gateway = Gateway(Here(**vars(load("t"))), {"api.vultr.com": 8001, "localhost": 8005}, inside={8005})

        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readline())
            writer.close()

        async with (
            await asyncio.start_server(gateway._proxy, "127.0.0.1", 0) as proxy,
            await asyncio.start_server(echo, "127.0.0.1", 0) as other,
        ):
            await ask(proxy.sockets[0].getsockname()[1], other.sockets[0].getsockname()[1])

    asyncio.run(run())


async def connect(port: int, target: str, source: str = "127.0.0.1") -> tuple[str, str]:
    """(status line of the proxy, what the other side says to "hello")."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[0]
    writer.write(b"hello\n")
    said = (await reader.read()).decode()
    writer.close()
    return head, said


def test_the_proxy_passes_other_names_through_for_this_machine_only() -> None:
    async def ask(proxy: int, other: int) -> None:
        assert await connect(proxy, f"127.0.0.1:{other}") == ("HTTP/1.1 200 Connection established", "hello\n")
        # A name that is stood in for the services only.
        assert (await connect(proxy, f"localhost:{other}"))[1] == "hello\n"
        # A host or client of the sandbox, which must not leave it.
        for name in ("127.0.0.1", "localhost"):
            assert await connect(proxy, f"{name}:{other}", "127.0.0.2") == ("HTTP/1.1 403 Forbidden", "")

    proxied(ask)


def test_the_proxy_answers_its_own_names_itself_and_says_what_it_cannot_reach() -> None:
    async def ask(proxy: int, other: int) -> None:
        assert (await connect(proxy, "api.vultr.com:80"))[0] == "HTTP/1.1 403 Forbidden"
        for target in ("127.0.0.1:x", "127.0.0.1:0", "127.0.0.1:99999", ":443", "nothing"):
            assert (await connect(proxy, target))[0] == "HTTP/1.1 403 Forbidden", target
        assert (await connect(proxy, "127.0.0.1:1"))[0] == "HTTP/1.1 502 Bad Gateway"

    proxied(ask)
