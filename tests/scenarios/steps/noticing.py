"""Symptoms: what somebody notices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..scenario import Symptom
from ..world import World


def http(
    service: str, code: int, path: str = "/health", *, scheme: str = "https", method: str = "GET", body: Any = None,
    size: int = 0, text: str = "", header: tuple[str, str] | None = None, within_s: float = 30,
) -> Symptom:  # fmt: skip
    """The edge's answer to a visitor has exactly this code; `text` stands in the body, `header` is (name, value)."""
    url = f"{scheme}://{service}.mech.is{path}"

    def check(world: World) -> None:
        got = world.net.ask(method, url, json_body=body, size=size, timeout=20)
        assert got.code == code, f"{url}: {got.code} {got.text[:300]}, not {code}"
        assert text in got.text, f"{url}: {got.text[:500]!r}, not {text!r}"
        if header:
            assert got.headers.get(header[0], "").startswith(header[1]), got.headers

    shown = f"`{method} {url}`" if method != "GET" or scheme == "http" else f"`{url}`"
    said = f": “{text}”" if text else f" to `{header[1]}`" if header else ""
    # Longer than the edge keeps an idle connection: one that is established passes a firewall's new rule.
    pause = 6 if code == 522 else 0.5
    return Symptom(f"HTTP {code} at {shown}{said}", check, within_s, pause)


def refused(url: str, text: str) -> Symptom:
    """No HTTP answer at all; the client's error has these words."""

    def check(world: World) -> None:
        got = world.get(url, timeout=10)
        assert got.code == 0 and text in got.text, f"{url}: {got}, not {text!r}"

    return Symptom(f"`{url}`: “{text}”", check)


def depends(service: str, dependency: str, text: str, within_s: float = 30) -> Symptom:
    """/health says this of one dependency."""

    def check(world: World) -> None:
        got = world.health_of(service)
        said = (got.json.get("dependencies") or {}).get(dependency, f"{got.code} {got.text[:200]}")
        assert text in said, f"{service}'s {dependency}: {said!r}, not {text!r}"

    return Symptom(f"`https://{service}.mech.is/health`: {dependency}: “{text}”", check, within_s)


def says(line: str, text: str, within_s: float = 30, shown: str = "") -> Symptom:
    """A command on the host prints this."""

    def check(world: World) -> None:
        said = world.ssh(line, check=False)
        assert text in said, f"{line!r}: {said[-1500:]!r}, not {text!r}"

    return Symptom(f"`{shown or line}`: “{text}”", check, within_s)


def logs(container: str, text: str, within_s: float = 30) -> Symptom:
    return says(f"docker logs --tail 50 {container}", text, within_s)


def there(line: str, text: str, within_s: float = 30) -> Symptom:
    """A command on a visitor's machine prints this."""

    def check(world: World) -> None:
        said = world.net.run(line)
        assert text in said, f"{line!r}: {said[-1500:]!r}, not {text!r}"

    return Symptom(f"`{line}`: “{text}”", check, within_s)


def holds(what: str, check: Callable[[World], None], within_s: float = 30) -> Symptom:
    return Symptom(what, check, within_s)


def got(code: int) -> Symptom:
    """Some of the requests that the break sent were answered so."""

    def check(world: World) -> None:
        assert code in world.seen_codes, world.seen_codes

    return Symptom(f"HTTP {code} to some of them", check)
