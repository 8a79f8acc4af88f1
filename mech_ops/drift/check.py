"""Runs the check: one preview; where the host is silent, a second one of what does not live on it."""

from __future__ import annotations

import concurrent.futures

from mech_ops import pulumi
from mech_ops.drift import events, visitors
from mech_ops.drift.report import Report, judge, silences
from mech_ops.errors import OpsError

# Read over SSH by the Docker provider, whose failing refresh would end the whole preview.
ON_THE_HOST = "docker:index/"
_EXCLUDE = ("**docker:index/**",)
_GENERAL = ("preview failed", "update failed", "resource refresh failed")


def check(stack: str | None) -> Report:
    """Ask once what is there, and what visitors get. Raises OpsError with the engine's own words when it cannot be asked."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asked = pool.submit(visitors.ask, stack)
        report = _declared(stack)
        said = asked.result()
    report.down, report.visitors_unasked = said.down, said.unasked
    report.not_well += said.ill
    return report


def _declared(stack: str | None) -> Report:
    ran = pulumi.preview(stack)
    preview = events.read(ran.stdout.splitlines())
    if ran.returncode == 0:
        return judge(preview)
    if not _only_docker_failed(preview):
        raise OpsError(f"the check itself failed: {said(preview, ran.stderr)}")
    again = pulumi.preview(stack, _EXCLUDE)
    rest = events.read(again.stdout.splitlines())
    why = silences(rest) or silences(preview) or [f"Docker on the host does not answer: {said(preview, ran.stderr)}"]
    if again.returncode:
        raise OpsError(f"{why[0]}; the check of the rest failed, too: {said(rest, again.stderr)}")
    report = judge(rest)
    report.not_looked_at = why
    return report


def _only_docker_failed(preview: events.Preview) -> bool:
    urns = [urn for urn, message in preview.errors if message not in _GENERAL]
    return bool(urns) and all(ON_THE_HOST in urn for urn in urns)


def said(preview: events.Preview, stderr: str) -> str:
    """The engine's errors without the ones that only say that there were errors."""
    own = dict.fromkeys(message for _, message in preview.errors if message not in _GENERAL)
    lines = list(own) or pulumi.words(stderr)[-3:] or ["it said nothing"]
    more = f" (and {len(lines) - 2} more)" if len(lines) > 2 else ""
    return "; ".join(lines[:2]) + more
