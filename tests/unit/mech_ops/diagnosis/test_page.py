"""The page of `mech diagnose`: what stands where, what is grey, and that a host's words stay words."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from mech_ops import cli
from mech_ops.diagnosis import page as pages
from mech_ops.diagnosis import ranking
from mech_ops.diagnosis.bundle import Bundle
from mech_ops.diagnosis.look import Look

from . import shown
from .html import Element, read

HOPS = ("visitor", "dns", "edge", "vultr", "ssh", "machine", "ufw", "nginx", "containers", "databases")
ON_HOST = {"machine", "ufw", "nginx", "containers", "databases"}
HOSTILE = "</samp></script><script>alert(1)</script><img src=x onerror=alert(1)>\"'`{{ 7 * 7 }}\u202e\x1b[2J\ud800"


def _html(seen: Bundle) -> str:
    return pages.page(ranking.diagnose(Look(seen)))


def _page(seen: Bundle | str) -> Element:
    return read(_html(shown.read(seen) if isinstance(seen, str) else seen))


def _hops(page: Element) -> dict[str, str]:
    """By hop, its mark; its word says the same."""
    found = {}
    for hop in page.all("li", _class="hop"):
        found[hop.attributes["data-hop"]] = mark = hop.classes[1]
        assert hop.one("span", _class="word").text == mark
        assert [use.attributes["href"] for use in hop.all("use")] == [f"#{mark}"]
    assert found.keys() == set(HOPS)
    return found


def test_all_well_is_green_everywhere_and_short() -> None:
    page = _page("all-well")
    assert set(_hops(page).values()) == {"ok"}
    assert page.one("h1").text.startswith("all 8 services are well")
    assert page.one("header").classes == ["ok"]
    assert not page.all("article") and not page.all("details")
    assert {row.attributes["data-service"]: [td.classes[0] for td in row.all("td")] for row in page.all("tr") if row.all("td", data_at="edge")} == {
        name: ["ok", "ok", "ok"]
        for name in ("indexer", "llm", "memories", "queue", "reader", "search", "sequences", "storage")
    }  # fmt: skip


def test_one_cause_for_all_is_one_red_hop_and_one_card() -> None:
    page = _page("ufw-closed-80")
    hops = _hops(page)
    assert {name for name, mark in hops.items() if mark == "broken"} == {"visitor", "ufw"}
    assert {mark for name, mark in hops.items() if name not in ("visitor", "ufw")} == {"ok"}
    assert "UFW_PORT_CLOSED" in page.one("li", data_hop="ufw").text
    card = page.one("article")
    assert card.attributes["id"] == "UFW_PORT_CLOSED" and "outage" in card.one("p", _class="kind").text
    assert card.one("h3").text == "UFW does not let 80/tcp in: the rule is deny"
    assert [chip.text for chip in card.all("span", _class="chip")] == sorted(Look(shown.read("ufw-closed-80")).services)
    assert [one.text for one in card.all("samp")] == ["UFW: 80/tcp deny"]
    assert card.one("div", _class="command").one("code").text == "pulumi up"
    assert "mech:firewall" in card.text
    assert "docs/causes.md#ufw_port_closed" in [link.attributes["href"] for link in card.all("a")]
    assert {td.text.split(" ")[0] for td in page.all("td", data_at="edge")} == {"522"}
    assert page.one("ul", _class="said").all("li")[0].text.count("indexer") == 1  # said once for all of them


def test_what_only_is_to_be_known_is_folded_away() -> None:
    folded = _page("ufw-closed-80").one("details", id="CONTAINER_UNDECLARED")
    assert "open" not in folded.attributes and "stray" in folded.one("summary").text


def test_a_silent_host_is_grey_and_what_is_skipped_says_why() -> None:
    page = _page("record-wrong-ssh-silent")
    hops = _hops(page)
    assert {name for name, mark in hops.items() if mark == "unknown"} == ON_HOST
    assert (hops["dns"], hops["visitor"], hops["ssh"]) == ("broken", "broken", "warning")
    assert "requests of 7 services pass" in page.one("li", data_hop="nginx").text
    assert [card.attributes["id"] for card in page.all("article")] == ["RECORD_WRONG_ADDRESS", "SSH_TIMED_OUT"]
    assert "Connection timed out" in page.one("details", _class="unknown").one("summary").text
    assert (
        "says nothing" in page.one("table", _class="sources").text
        and "10.1 s" in page.one("table", _class="sources").text
    )
    views = [td.classes[0] for td in page.all("td", data_at="nginx") + page.all("td", data_at="container")]
    assert set(views) == {"unknown"}
    assert page.one("tr", data_service="search") is page.all("tbody")[0].children[1]  # who fails comes first


@pytest.mark.parametrize(
    ("source", "not_green"),
    [
        ("edge", {"visitor", "edge"}),
        ("zone", {"dns", "edge"}),
        ("vultr", {"vultr"}),
        ("host", {*ON_HOST, "ssh"}),
    ],
)
@pytest.mark.parametrize("said", ["it timed out", ""])
def test_no_hop_is_green_of_which_nobody_looked(source: str, not_green: set[str], said: str) -> None:
    """Whether the source says why, or was never asked."""
    seen = shown.read("all-well")
    del seen.facts[source], seen.seconds[source]
    if said:
        seen.silent[source] = said
    hops = _hops(_page(seen))
    assert {name for name, mark in hops.items() if mark != "ok"} >= not_green
    assert "broken" not in hops.values()
    assert _page(seen).one("header").classes != ["ok"]


@pytest.mark.parametrize(
    ("fact", "not_green"),
    [
        ("host.filters", {"ufw", "containers"}),
        ("host.redis_info", {"databases"}),
        ("host.machine", {"machine", "containers"}),
        ("host.web_logs", {"nginx"}),
        ("host.answers", {"nginx", "containers"}),
        ("zone.records", {"dns"}),
        ("vultr.rules", {"vultr"}),
    ],
)
def test_one_fact_that_could_not_be_read_greys_its_hops(fact: str, not_green: set[str]) -> None:
    seen = shown.read("all-well")
    source, _, name = fact.partition(".")
    seen.facts[source][name] = None if fact != "host.answers" else {}
    assert {name for name, mark in _hops(_page(seen)).items() if mark == "unknown"} == not_green


def test_where_nobody_knows_the_cause_the_stretch_is_not_green() -> None:
    seen = shown.read("ufw-closed-80")
    seen.drift = []
    hops = _hops(_page(seen))
    assert (hops["visitor"], hops["vultr"], hops["ufw"], hops["nginx"]) == ("broken", "warning", "warning", "ok")


def test_only_the_cause_is_red_and_not_what_follows_from_it() -> None:
    seen = shown.read("all-well")
    seen.drift = [
        {"kind": "container", "label": "container redis", "there": "exited", "declared": "running", "about": {}}
    ]
    for name in ("queue", "sequences"):
        answers = seen.facts["host"]["answers"][name]
        for one in (seen.facts["edge"]["answers"][name], answers["nginx"], *answers["containers"].values()):
            one |= {"code": 503, "status": "degraded", "dependencies": {"redis": "Connection refused"}}
    page = _page(seen)
    hops = _hops(page)
    assert (hops["databases"], hops["containers"], hops["nginx"]) == ("broken", "warning", "ok")
    assert [card.attributes["id"] for card in page.all("article")] == ["REDIS_DOWN"]
    assert "REDIS_DOWN" in page.one("details", id="DATABASE_UNREACHED").one("dl").text


def _hostile(value: Any) -> Any:
    """The same with every text of it hostile, keys left alone."""
    if isinstance(value, dict):
        return {key: _hostile(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_hostile(part) for part in value]
    return value + HOSTILE if isinstance(value, str) else value


@pytest.mark.parametrize("name", shown.NAMES)
def test_a_hosts_words_stay_words(name: str) -> None:
    seen = shown.read(name)
    for part in ("facts", "silent", "told", "drift", "taken", "declared"):
        hostile = copy.deepcopy(seen)
        setattr(hostile, part, _hostile(getattr(hostile, part)))
        if part == "drift":
            for was, made in zip(seen.drift, hostile.drift, strict=True):
                made["kind"] = was["kind"]
        text = _html(hostile)
        text.encode()  # half a character cannot be written
        assert not {"\u202e", "\x1b"} & set(text)
        assert "{{ 7 * 7 }}" in text or HOSTILE not in json.dumps(getattr(hostile, part))
        page = read(text)
        assert len(page.all("script")) == 1 and not page.all("img")
        for element in page.all():
            assert not [
                given for given in element.attributes if given.startswith("on") or given in ("src", "srcdoc", "style")
            ]
        for link in page.all("a"):
            assert link.attributes["href"].startswith(("#", "docs/causes.md#", "https://"))


def test_a_service_whose_address_is_a_program_is_no_link() -> None:
    seen = shown.read("all-well")
    seen.declared["services"]["llm"]["url"] = "javascript:alert(1)//"
    assert not _page(seen).one("tr", data_service="llm").all("a")


def test_what_a_host_brought_into_a_command_is_not_offered_to_be_copied() -> None:
    seen = shown.read("all-well")
    seen.facts["host"]["chains"].append('-A INPUT -m comment --comment "$(reboot)" -j DROP')
    card = _page(seen).one("article", id="CHAIN_REJECTS")
    assert not card.all("button") and "$(reboot)" in card.text


def test_it_needs_nothing_but_itself_and_runs_nothing_but_its_own() -> None:
    page = _page("ufw-closed-80")
    policy = page.one("meta", http_equiv="Content-Security-Policy").attributes["content"]
    assert policy.startswith("default-src 'none';")
    for tag in ("script", "style"):
        (own,) = page.one(tag).children
        assert isinstance(own, str)
        digest = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
        assert "http" not in own and "url(" not in own and "@import" not in own
    assert [link.attributes["href"][:5] for link in page.all("link")] == ["data:"]


def test_every_colour_can_be_read() -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1, for text on what it may stand on, light and dark."""
    style = str(_page("all-well").one("style").children[0])
    schemes = re.findall(r":root \{(.*?)\}", style, re.S)
    assert len(schemes) == 2
    for scheme in schemes:
        colours = dict(re.findall(r"--([\w-]+): (#\w{6})", scheme))
        marks = ("ok", "warning", "broken", "unknown", "notice")
        pairs = [(mark, f"{mark}-panel") for mark in marks] + [("page", "link")]
        pairs += [(text, f"{mark}-panel") for mark in marks for text in ("text", "muted", "link")]
        pairs += [(text, on) for text in ("text", "muted", "link", *marks) for on in ("page", "panel")]
        poor = {pair: ratio for pair in pairs if (ratio := _contrast(*(colours[one] for one in pair))) < 4.5}
        assert not poor


def _contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


def _command(monkeypatch: pytest.MonkeyPatch, folder: Path, *words: str) -> int:
    shown.read("ufw-closed-80").write(folder / "seen.json")
    monkeypatch.setattr("sys.argv", ["mech", "diagnose", "--from", str(folder / "seen.json"), *words])
    return cli.main()


def test_the_command_writes_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert _command(monkeypatch, tmp_path, "--html", str(tmp_path / "now.html")) == 2
    assert read((tmp_path / "now.html").read_text()).one("h1").text.startswith("8 of 8 services down")


def test_where_it_cannot_be_written_the_diagnosis_is_said_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert _command(monkeypatch, tmp_path, "--html", str(tmp_path / "nowhere" / "now.html")) == 1
    said = capfd.readouterr()
    assert "UFW_PORT_CLOSED" in said.out
    assert "now.html: No such file or directory" in said.err.replace("\n", "") and "Traceback" not in said.err
