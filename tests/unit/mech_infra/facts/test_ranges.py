from __future__ import annotations

from typing import Any

import pytest

from mech_infra.facts.clouds import asking, ranges
from mech_infra.facts.clouds.ranges import Absurd, accepted
from mech_infra.facts.model import Unreachable, observe

# As published in 2026.
REAL = [
    "173.245.48.0/20", "103.21.244.0/22", "103.22.200.0/22", "103.31.4.0/22", "141.101.64.0/18", "108.162.192.0/18",
    "190.93.240.0/20", "188.114.96.0/20", "197.234.240.0/22", "198.41.128.0/17", "162.158.0.0/15", "104.16.0.0/13",
    "104.24.0.0/14", "172.64.0.0/13", "131.0.72.0/22",
]  # fmt: skip


@pytest.fixture(autouse=True)
def real_api(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLOUDFLARE_BASE_URL", raising=False)


def test_what_cloudflare_publishes_is_taken_whatever_its_order() -> None:
    assert set(accepted(REAL)) == set(REAL)
    assert accepted(REAL[::-1], REAL) == accepted(REAL)


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (None, "it is empty"),
        ([], "it is empty"),
        ("103.21.244.0/22", "it is empty"),  # a text is no list
        ([*REAL, "0.0.0.0/0"], "with 0.0.0.0/0 it is 1/1 of all addresses"),
        ([*REAL, "128.0.0.0/2"], "it is 1/3 of all"),
        ([f"{n}.0.0.0/9" for n in range(20, 28)], "of all addresses"),
        ([*REAL, "10.0.0.0/24"], "nobody comes from 10.0.0.0/24 over the internet"),
        ([*REAL, "192.168.1.1/32"], "nobody comes from 192.168.1.1/32"),
        ([*REAL, "172.0.0.0/10"], "nobody comes from 172.0.0.0/10"),  # half of it is private
        ([*REAL, "224.0.0.0/24"], "nobody comes from 224.0.0.0/24"),
        ([*REAL, "<html>"], "'<html>' is no IPv4 network"),
        ([*REAL, "103.21.244.1/22"], "is no IPv4 network"),
        ([*REAL, "2400:cb00::/32"], "is no IPv4 network"),
    ],
)
def test_an_absurd_list_is_refused_in_words(found: Any, says: str) -> None:
    with pytest.raises(Absurd) as what:
        accepted(found)
    assert says in str(what.value)
    assert "\n" not in str(what.value)


def test_most_of_the_ranges_in_force_do_not_vanish_at_once() -> None:
    assert len(accepted(REAL[:8], REAL)) == 8
    with pytest.raises(Absurd, match=r"lacks 8 of the 15 ranges in force, 188.114.96.0/20, .* and 5 more"):
        accepted(REAL[:7], REAL)
    # Cut otherwise is not gone.
    assert accepted(["192.0.2.0/25", "192.0.2.128/25"], ["192.0.2.0/24"]) == ("192.0.2.0/25", "192.0.2.128/25")


@pytest.mark.parametrize(("url", "taken"), [("http://10.1.2.3:8002/client/v4", True), ("https://cf.example/client/v4", False)])  # fmt: skip
def test_an_api_at_an_internal_address_may_speak_of_such(
    url: str, taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", url)
    if taken:
        assert accepted(["10.1.2.4/32"]) == ("10.1.2.4/32",)
    else:
        with pytest.raises(Absurd):
            accepted(["10.1.2.4/32"])


def seen(let_in: list[str], published: list[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setattr(asking, "_get", lambda url, token: {"result": {"ipv4_cidrs": published}})
    checks = {check.label: check.wire for check in (ranges.NotLetIn(), ranges.GivenUp())}
    return observe(checks, ranges.facts({"ranges": let_in}))


def test_a_range_more_or_less_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(seen(REAL, REAL, monkeypatch).values()) == {"none"}
    assert seen(REAL, [*REAL[1:], "203.0.113.0/24"], monkeypatch) == {
        "published and not let in": "203.0.113.0/24", "let in and not published any more": REAL[0],
    }  # fmt: skip


def test_an_absurd_list_is_nothing_seen_and_no_token_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "hunter2")
    monkeypatch.setattr(asking, "_get", lambda url, token: asked.append((url, token)) or {"result": {}})
    with pytest.raises(Unreachable, match="the list is refused: it is empty"):
        ranges.facts({"ranges": REAL})
    assert asked == [("https://api.cloudflare.com/client/v4/ips", "")]
