"""Each thing that can be wrong at Vultr or Cloudflare, once, with its own sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from mech_infra.config.platform import PlatformConfig
from mech_ops.preflight.checks import Row, run
from mech_ops.preflight.cloudflare import Cloudflare
from mech_ops.preflight.vultr import Vultr

Answers = dict[str, Any]
ZONE = "1" * 32
REGIONS = [
    {"id": "ewr", "city": "New Jersey", "options": ["block_storage_storage_opt"]},
    {"id": "atl", "city": "Atlanta", "options": []},
]
VULTR: Answers = {
    "/account": {"account": {"acls": ["subscriptions_view", "subscriptions", "provisioning", "firewall"]}},
    "/regions": {"regions": REGIONS},
    "/plans": {"plans": [{"id": "vc2-4c-8gb", "vcpu_count": 4, "ram": 8192, "monthly_cost": 40}]},
    "/regions/ewr/availability": {"available_plans": ["vc2-4c-8gb"]},
    "/os": {
        "os": [{"id": 2136, "name": "Debian 12 x64", "family": "debian"}, {"id": 7, "name": "BSD", "family": "bsd"}]
    },
}
LISTS = {"#dns_records:edit", "#zone_settings:edit", "#waf:edit", "#ssl:edit"}
SEEN = {
    "id": ZONE, "name": "mech.is", "status": "active", "paused": False, "permissions": sorted(LISTS),
    "plan": {"name": "Pro Website"},
}  # fmt: skip
CLOUDFLARE: Answers = {
    "/user/tokens/verify": {"result": {"status": "active"}},
    f"/zones/{ZONE}": {"result": SEEN},
    "/zones": {"result": [SEEN]},
    f"/zones/{ZONE}/dns_records": {"result": []},
    f"/zones/{ZONE}/settings/ssl": {"result": {}},
    f"/zones/{ZONE}/rulesets": {"result": []},
    "/certificates": {"result": []},
}


def client(answers: Answers) -> httpx.Client:
    """Each answer is a body, (status, body) or an exception; what is not there is 404."""

    def handle(request: httpx.Request) -> httpx.Response:
        assert request.method == "GET"
        answer = answers.get(request.url.path, (404, {}))
        if isinstance(answer, Exception):
            raise answer
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        return httpx.Response(status, json=body) if not isinstance(body, str) else httpx.Response(status, text=body)

    return httpx.Client(base_url="https://api", transport=httpx.MockTransport(handle))


def platform(**sections: Any) -> PlatformConfig:
    return PlatformConfig.model_validate({"edge": {"zoneId": ZONE}, **sections})


@pytest.fixture(autouse=True)
def tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VULTR_API_KEY", "KEY")
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "TOKEN")


def vultr(answers: Answers, running: bool = False, **host: Any) -> list[Row]:
    return run([Vultr(client(VULTR | answers), platform(host=host).host, running).subject()])


def cloudflare(answers: Answers, running: bool = False, **sections: Any) -> list[Row]:
    return run([Cloudflare(client(CLOUDFLARE | answers), platform(**sections), running).subject()])


def bad(rows: list[Row]) -> list[tuple[str, str]]:
    return [(row.state, row.said) for row in rows if row.state != "ok"]


def errors(code: int, message: str) -> Answers:
    return {"success": False, "errors": [{"code": code, "message": message}], "result": None}


STRICT = {"edge": {"zoneId": ZONE, "ssl": "strict", "blocked": ["192.0.2.1"]}, "certificate": {"source": "origin-ca"}}


EDGE_ONLY = {"firewall": {"webFrom": "cloudflare"}}


def ranges(*some: str) -> Answers:
    return {"/ips": {"result": {"ipv4_cidrs": list(some)}}}


def test_the_ranges_of_the_edge_are_asked_for_where_nobody_else_gets_in() -> None:
    rows = cloudflare(ranges("198.51.100.0/24", "203.0.113.0/24"), **EDGE_ONLY)
    assert [row.said for row in rows if "ranges" in row.what] == ["2, to which alone 80 and 443 will be open"]
    assert bad(cloudflare({"/ips": (500, {})}, **EDGE_ONLY))[0][0] == "not looked at"


def test_all_is_well() -> None:
    assert bad(vultr({})) == bad(cloudflare({})) == bad(cloudflare({}, **STRICT)) == []


VULTR_BREAKS: dict[str, tuple[Answers, dict[str, Any], str]] = {
    "token": ({"/account": (401, {"error": "Invalid API token."})}, {}, "is not a valid token (Vultr: Invalid API token.)"),
    "address": (
        {"/account": (401, {"error": "Unauthorized IP address: 192.0.2.9", "status": 401})},
        {},
        "Vultr does not let this machine in; add 192.0.2.9 to the Access Control",
    ),
    "permissions": (
        {"/account": {"account": {"acls": ["subscriptions_view", "firewall"]}}},
        {},
        "lacks subscriptions (Manage Servers), provisioning (Deploy New Servers)",
    ),
    "region": ({}, {"region": "ewx"}, "mech:host.region ewx does not exist at Vultr; use one that does, as ewr"),
    "plan": ({}, {"plan": "vc2-5c-8gb"}, "mech:host.plan vc2-5c-8gb does not exist at Vultr; use one that does, as vc2-4c-8gb"),
    "sold out": (
        {"/regions/ewr/availability": {"available_plans": ["vhp-4c-8gb-amd", "vc2-1c-1gb"]}},
        {},
        "vc2-4c-8gb is sold out or not offered in ewr; set mech:host.plan to another one (as vhp-4c-8gb-amd)",
    ),
    "system": ({}, {"osId": 1}, "mech:host.osId 1 is not an operating system of Vultr's; set mech:host.osId to 2136"),
    "another system": ({}, {"osId": 7}, "mech:host.osId 7 is BSD, the program needs Debian"),
    "no block storage": ({}, {"region": "atl"}, "has no block storage (storage_opt) in atl, and the databases' data need it; set mech:host.region to one that has: ewr"),
    "small volume": ({}, {"dataVolumeGb": 10}, "mech:host.dataVolumeGb 10 is too small: Vultr sells storage_opt from 40 GB"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(VULTR_BREAKS))
def test_vultr(name: str) -> None:
    answers, host, says = VULTR_BREAKS[name]
    assert any(state == "wrong" and says in sentence for state, sentence in bad(vultr(answers, **host)))


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("", "VULTR_API_KEY is not set; export the token"),
        ("KEY\n", "holds a space, a line end"),
        ("schlüssel", "holds a"),
    ],
)
def test_a_token_that_is_none_is_not_sent(value: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VULTR_API_KEY", value)
    rows = vultr({path: AssertionError("asked") for path in VULTR})
    assert says in rows[0].said
    assert {row.said for row in rows[1:]} == {"it needs: token, and this machine's address"}


def test_who_may_all_needs_no_more_and_who_runs_needs_no_room() -> None:
    assert bad(vultr({"/account": {"account": {"acls": ["manage_users"]}}})) == []
    assert bad(vultr({"/regions/ewr/availability": {"available_plans": []}}, running=True)) == []


@pytest.mark.parametrize("answer", [(503, "no"), (429, {}), httpx.ConnectTimeout("timed out"), (200, "<html>")])
def test_an_answer_that_is_none_is_not_ok(answer: Any) -> None:
    for path in ("/regions", "/regions/ewr/availability", "/os", "/plans"):
        rows = vultr({path: answer})
        assert bad(rows) and {state for state, _ in bad(rows)} == {"not looked at"}
    assert {state for state, _ in bad(vultr({"/account": answer}))} == {"not looked at"}


def test_more_than_one_page_is_read() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        second = request.url.params.get("cursor") == "2"
        links = {"links": {"next": "" if second else "2"}}
        return httpx.Response(200, json={"regions": REGIONS[:1] if second else REGIONS[1:], "meta": links})

    asked = Vultr(httpx.Client(base_url="https://api", transport=httpx.MockTransport(handle)), platform().host)
    assert asked.region() == "New Jersey"


def without(*names: str) -> Answers:
    return {f"/zones/{ZONE}": {"result": SEEN | {"permissions": [p for p in SEEN["permissions"] if p not in names]}}}


def seen(**fields: Any) -> Answers:
    return {f"/zones/{ZONE}": {"result": SEEN | fields}}


OTHER = {"result": [SEEN | {"id": "2" * 32}]}
REFUSED = (403, errors(10000, "Authentication error"))
CLOUDFLARE_BREAKS: dict[str, tuple[Answers, dict[str, Any], str]] = {
    "token": (
        {"/user/tokens/verify": (401, errors(1000, "Invalid API Token")), "/zones": (403, errors(9109, "Invalid access token"))},
        {},
        "CLOUDFLARE_API_TOKEN is not a valid token (Cloudflare: 1000 Invalid API Token)",
    ),
    "expired": ({"/user/tokens/verify": {"result": {"status": "expired"}}}, {}, "CLOUDFLARE_API_TOKEN is expired; make a new"),
    "another zone": (
        {**seen(name="mech.com"), "/zones": OTHER},
        {},
        f"mech:edge.zoneId {ZONE} is the zone mech.com, not mech.is; set it to {'2' * 32}, which is mech.is's",
    ),
    "no zone": (
        {f"/zones/{ZONE}": (404, errors(1001, "Invalid zone identifier")), "/zones": OTHER},
        {},
        f"is no zone that the token may read (1001 Invalid zone identifier); set it to {'2' * 32}",
    ),
    "unseen zone": (
        {f"/zones/{ZONE}": (403, errors(9109, "Unauthorized to access requested resource")), "/zones": {"result": []}},
        {},
        "and the token sees no zone mech.is; correct mech:domain or the id, or give the token Zone > Zone: Read",
    ),
    "pending": (seen(status="pending", name_servers=["a.ns", "b.ns"]), {}, "is pending: set its name servers at the registrar to a.ns, b.ns"),
    "moved": (seen(status="moved"), {}, "the zone mech.is is moved at Cloudflare, so nobody is served by it"),
    "paused": (seen(paused=True), {}, "the zone mech.is is paused, so visitors go round Cloudflare"),
    "no ranges": (ranges(), EDGE_ONLY, "Cloudflare's list of its ranges is refused: it is empty; try again, or set mech:firewall.webFrom"),
    "everybody's range": (ranges("0.0.0.0/0"), EDGE_ONLY, "is refused: with 0.0.0.0/0 it is 1/1 of all addresses"),
    "dns": ({f"/zones/{ZONE}/dns_records": REFUSED}, {}, "the token lacks Zone > DNS: Edit (Cloudflare: 10000 Authentication error to GET"),
    "settings": ({f"/zones/{ZONE}/settings/ssl": (403, errors(9109, "Unauthorized"))}, {}, "the token lacks Zone > Zone Settings: Edit"),
    "waf": ({f"/zones/{ZONE}/rulesets": REFUSED}, {}, "the token lacks Zone > Zone WAF: Read"),
    "waf, to block": ({f"/zones/{ZONE}/rulesets": REFUSED}, STRICT, "the token lacks Zone > Zone WAF: Edit"),
    "ssl": ({"/certificates": (400, errors(1016, "User is not authorized"))}, STRICT, "the token lacks Zone > SSL and Certificates: Edit"),
    "read only": (
        seen(permissions=["#dns_records:read", "#zone_settings:edit"]),
        {},
        "the token may only read Zone > DNS, the program needs Zone > DNS: Edit; add it to the token at dash.cloudflare.com",
    ),
    "neither zone nor account": ({"/zones": {"result": []}}, {"edge": {}}, "neither mech:edge.zoneId nor mech:edge.accountId is set"),
    "a zone that exists": ({}, {"edge": {"accountId": "3" * 32}}, f"the zone mech.is exists already; set mech:edge.zoneId to {ZONE}"),
    "another account": (
        {"/zones": (403, errors(9109, "Unauthorized"))},
        {"edge": {"accountId": "3" * 32}},
        f"the token may not list zones in mech:edge.accountId {'3' * 32} (9109 Unauthorized)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(CLOUDFLARE_BREAKS))
def test_cloudflare(name: str) -> None:
    answers, sections, says = CLOUDFLARE_BREAKS[name]
    assert [state for state, sentence in bad(cloudflare(answers, **sections)) if says in sentence] == ["wrong"]


@pytest.mark.parametrize("ask", [vultr, cloudflare])
def test_a_cloud_that_does_not_answer_is_not_looked_at(ask: Callable[..., list[Row]]) -> None:
    silent = dict.fromkeys([*VULTR, *CLOUDFLARE], httpx.ConnectError("no route to host"))
    rows = ask(silent)
    assert rows[0].state == "not looked at" and "does not answer (no route to host)" in rows[0].said
    assert {row.state for row in rows[1:]} == {"not looked at"}


def test_a_token_that_an_account_owns_is_not_refused() -> None:
    assert bad(cloudflare({"/user/tokens/verify": (401, errors(1000, "Invalid API Token"))})) == []


def test_what_a_zone_does_not_list_is_not_called_granted() -> None:
    rows = cloudflare(seen(permissions=[]))
    assert [row.state for row in rows if "DNS" in row.what] == ["not looked at"]


def test_a_running_stack_may_have_made_its_zone() -> None:
    assert bad(cloudflare({}, running=True, edge={"accountId": "3" * 32})) == []


@pytest.mark.parametrize(
    ("real", "declared", "says"),
    [
        ("Free Website", "free", ""),
        ("Business Website", "pro", ""),
        ("Free Website", "business", "mech:edge.plan is business, and the zone mech.is is on Free Website"),
        ("Partner's", "free", "Cloudflare tells no plan that is known here (Partner's)"),
    ],
)
def test_a_plan_that_the_zone_is_not_on(real: str, declared: str, says: str) -> None:
    rows = cloudflare(seen(plan={"name": real}), edge={"zoneId": ZONE, "plan": declared})
    sentences = [said for _, said in bad(rows)]
    assert [said.startswith(says) for said in sentences] == ([True] if says else [])


def test_a_fleet_on_the_free_plan_is_told_what_a_dead_host_costs() -> None:
    rows = cloudflare(seen(plan={"name": "Free Website"}), edge={"zoneId": ZONE}, fleet={"workers": 1})
    assert not bad(rows) and "a host that dies costs" in next(row.said for row in rows if row.what == "zone's plan")
