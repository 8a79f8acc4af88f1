"""nginx: takes its config, runs it, and reads no one else's."""

from __future__ import annotations

import datetime as dt
import glob
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mech_infra.commands.nginx import CONFIG, FLAGS
from mech_infra.facts.host.onhost import age_s, run, text
from mech_infra.facts.host.program import asked, on_host, reads
from mech_infra.facts.model import Check, Facts, Watch, listed


@reads(config=CONFIG)
def nginx(config: str) -> dict[str, Any]:
    """`newest_worker_s` and `config_s` are ages: a worker reads the config when it starts."""
    code, said = run("nginx", "-t")
    _, verified = run("dpkg", "--verify", "nginx-common")  # takes its time: not between the two ages
    try:
        # Not the modification time: a file that was moved back has its old one.
        config_s: float | None = time.time() - Path(config).stat().st_ctime
    except OSError:
        config_s = None
    return {
        "accepts": code == 0, "says": [line for line in said.splitlines() if "[emerg]" in line][:1],
        "newest_worker_s": newest_worker_s(), "config_s": config_s,
        # rpm's format: the third column is the checksum.
        "edited": [line.split()[-1] for line in verified.splitlines() if line[2:3] == "5" and "/etc/nginx/" in line],
    }  # fmt: skip


@on_host
def newest_worker_s() -> float | None:
    names = Path("/proc").glob("[0-9]*/comm")
    ages = [age_s(path.parent) for path in names if (text(path) or "").strip() == "nginx"]
    return min((age for age in ages if age is not None), default=None)


_LOGS: dict[str, Any] = {
    "access": "/var/log/nginx/mech-*.access.log",
    "errors": ["/var/log/nginx/mech-*.error.log", "/var/log/nginx/error.log"],
}


@asked(**_LOGS, minutes=1440, kb=4096)
def web_day(access: str, errors: list[str], minutes: float, kb: int) -> dict[str, Any]:
    """The same as `web_logs` of the last day, or since the logs were rotated."""
    return web_logs(access, errors, minutes, kb)


@asked(**_LOGS, minutes=10)
def web_logs(access: str, errors: list[str], minutes: float, kb: int = 512) -> dict[str, Any]:
    """What the last `kb` of each log say of the last `minutes`: the newest 30 errors, and by service how often which code.

    `loud` are [address, code, count] of who got one code, neither 2xx nor 3xx, twenty times or more.
    """
    since = time.time() - 60 * minutes
    failed = [pair for pattern in errors for path in glob.glob(pattern) for pair in errors_of(tail(path, kb), since)]  # noqa: PTH207 - absolute
    codes: dict[str, dict[str, int]] = {}
    by: dict[tuple[str, int], int] = {}
    for path in glob.glob(access):  # noqa: PTH207
        service = Path(path).name.partition(".")[0].removeprefix("mech-")
        of = codes.setdefault(service, {})
        for address, code in requests_of(tail(path, kb), since):
            of[code] = of.get(code, 0) + 1
            if code[0] not in "23":
                by[address, int(code)] = by.get((address, int(code)), 0) + 1
    often = sorted(((count, who) for who, count in by.items() if count >= 20), reverse=True)
    loud = [[address, code, count] for count, (address, code) in often]
    return {"errors": [line for _, line in sorted(failed)[-30:]], "codes": codes, "loud": loud}


@on_host
def tail(path: str, kb: int) -> list[str]:
    """The whole lines in the last `kb` (of 1024 bytes) of a file, the newest first."""
    try:
        with Path(path).open("rb") as file:
            start = max(0, file.seek(0, os.SEEK_END) - kb * 1024)
            file.seek(start)
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return []
    return lines[:0:-1] if start else lines[::-1]


@on_host
def errors_of(lines: list[str], since: float) -> list[tuple[float, str]]:
    """(seconds since 1970, line) of an error log, back to `since`; without the requests' queries, where keys may stand."""
    found = []
    for line in lines:
        try:
            at = time.mktime(time.strptime(line[:19], "%Y/%m/%d %H:%M:%S"))
        except ValueError:
            continue
        if at < since:
            break
        found.append((at, re.sub(r"\?[^\s\"]*", "?…", line)[:300]))
    return found


@on_host
def requests_of(lines: list[str], since: float) -> list[tuple[str, str]]:
    """(address, code) of our access log (commands.nginx: `log_format mech`), back to `since`."""
    found = []
    for line in lines:
        match = re.match(r'(\S+) - \[(\d{4}-[\d:+T-]+)\] ".*?" (\d{3}) ', line)
        if match:
            if dt.datetime.fromisoformat(match[2]).timestamp() < since:
                break
            found.append((match[1], match[3]))
    return found


@dataclass(frozen=True)
class Accepts(Check, kind="nginx-accepts", reads=["nginx"]):
    label = "nginx -t"
    good = "accepts"

    def judge(self, facts: Facts) -> str | None:
        about = facts["nginx"]
        if about["accepts"]:
            return None
        return "refuses: " + (about["says"][0].strip() if about["says"] else "see nginx -t on the host")


@dataclass(frozen=True)
class RunsItsConfig(Check, kind="nginx-current", reads=["nginx"]):
    label = "what nginx runs"
    good = "its config"

    def judge(self, facts: Facts) -> str | None:
        worker, config = facts["nginx"].get("newest_worker_s"), facts["nginx"].get("config_s")
        # Half a clock tick and the probe's own steps lie between the two readings.
        stale = worker is not None and config is not None and worker > config + 0.05
        return "an older config than the file" if stale else None


@dataclass(frozen=True)
class ForeignSites(Watch, kind="foreign-sites"):
    """Files of nginx's that others put beside ours, and those of its package that they changed."""

    def tell(self, facts: Facts, access: Mapping[str, Any]) -> Iterator[str]:
        for path in sorted(facts.get("files") or {}):
            if path.startswith("/etc/nginx/") and path != CONFIG and not path.startswith(f"{FLAGS}/"):
                yield f"not ours: {path} is not declared, and nginx reads it (left as it is)"
        for path in sorted(listed(facts, "nginx", "edited")):
            yield f"not ours: {path} is not as its package brought it (left as it is)"
