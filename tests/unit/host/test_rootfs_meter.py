"""Progress of the hosts' system never goes back."""

from __future__ import annotations

from sandbox.host.rootfs import Meter


def test_no_figure_before_the_whole_is_known_and_then_only_forward() -> None:
    now = [0.0]
    meter = Meter(every=0.0, clock=lambda: now[0])
    said = []
    for line in (
        "0 upgraded, 2 newly installed", *["Get: x"] * 2, *["Unpacking x"] * 2, *["Setting up x"] * 2,
        "0 upgraded, 4 newly installed", *["Get: x"] * 4, *["Unpacking x"] * 4, *["Setting up x"] * 4,
    ):  # fmt: skip
        now[0] += 1
        said.append(meter.feed(line) or "")
    figures = [int(text.split(": ")[1].split("%")[0]) for text in said if "%" in text]
    assert figures == sorted(figures)
    assert figures[-1] == 99
    assert "%" not in "".join(said[:7])
