"""The Cloudflare stand-in under the real engine and the official SDK classes: up, drift, repair, import, destroy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.bridged_stack import Stack
from tests.unit.providers.fake_clouds import Cloudflare, serving

PROGRAM = """
import pulumi
import pulumi_cloudflare as cf

zone = cf.get_zone_output(filter={"name": "mech.is"})
for name in ("mech.is", "llm.mech.is"):
    cf.DnsRecord(name, zone_id=zone.zone_id, name=name, type="A", content="10.1.2.3", ttl=1, proxied=True,
                 comment="mech")
cf.DnsRecord("text", zone_id=zone.zone_id, name="_dmarc", type="TXT", content="v=DMARC1", ttl=300)
cf.ZoneSetting("ssl", zone_id=zone.zone_id, setting_id="ssl", value="strict")
cf.Ruleset("waf", zone_id=zone.zone_id, kind="zone", name="mech", phase="http_request_firewall_custom", rules=[
    {"action": "block", "expression": '(http.request.uri.path contains "/.git")', "description": "dot files"}])
certificate = cf.OriginCaCertificate("origin", csr="CSR", request_type="origin-ecc", hostnames=["mech.is", "*.mech.is"])
cf.AuthenticatedOriginPullsSettings("pulls", zone_id=zone.zone_id, enabled=True)
pulumi.export("zone", zone.zone_id)
pulumi.export("networks", cf.get_ip_ranges_output().ipv4_cidrs)
pulumi.export("certificate", certificate.certificate)
"""


@pytest.fixture
def api() -> Iterator[Cloudflare]:
    fake = Cloudflare()
    with serving(fake, "/client/v4"):
        yield fake


@pytest.fixture
def stack(api: Cloudflare, tmp_path: Path) -> Stack:
    return Stack(tmp_path, PROGRAM, {"CLOUDFLARE_BASE_URL": api.url, "CLOUDFLARE_API_TOKEN": "good"})


def test_a_whole_life(stack: Stack, api: Cloudflare) -> None:
    assert "+ 8 to create" in stack.preview() and not api.sent("POST")
    shown = stack.up()
    assert "+ 8 created" in shown and "173.245.48.0/20" in shown and "CERT" in shown
    stack.clean()
    stack.clean("--refresh")

    record = f"zones/z1/dns_records/{stack.id('llm.mech.is')}"
    api.things[record].update(proxied=False, content="6.6.6.6")
    api.things["zones/z1/settings/ssl"]["value"] = "flexible"
    api.things[f"zones/z1/rulesets/{stack.id('waf')}"]["rules"][0]["enabled"] = False
    api.things["zones/z1/origin_tls_client_auth/settings"]["enabled"] = False
    del api.things[f"zones/z1/dns_records/{stack.id('text')}"]
    shown = stack.preview("--refresh", "--diff")
    for line in ('~ content: "6.6.6.6" => "10.1.2.3"', "~ proxied: false => true", '~ value: "flexible" => "strict"'):
        assert line in shown.replace("  ", " ").replace(" :", ":"), shown
    assert "+ 1 to create" in shown and "~ 4 to update" in shown and "~ enabled" in shown
    stack.up("--refresh")
    stack.clean("--refresh")
    assert api.things[record]["proxied"] is True

    stack.program(PROGRAM.replace('type="A", content="10.1.2.3"', 'type="CNAME", content="mech.is"'))
    assert "+-2 to replace" in stack.preview()
    stack.program(PROGRAM)
    stack.destroy()
    assert set(api.things) == {"zones/z1", "zones/z1/settings/ssl", "zones/z1/origin_tls_client_auth/settings"}
    assert api.things["zones/z1/settings/ssl"]["value"] == "strict"  # settings stay


def test_proxied_ttl_and_wrong_token(stack: Stack) -> None:
    stack.program(PROGRAM.replace("ttl=1", "ttl=300"))
    stack.preview()  # pulumi-cloudflare#669: a preview does not catch it
    assert "ttl must be set to 1 when `proxied` is true" in stack.up(ok=False)
    stack.program(PROGRAM)
    stack.up()
    stack.environment["CLOUDFLARE_API_TOKEN"] = "wrong-token-text"
    shown = stack.preview("--refresh", ok=False)
    assert "Authentication error" in shown and "cloudflare:apiToken" in shown and "wrong-token-text" not in shown


def test_import(stack: Stack, api: Cloudflare) -> None:
    stack.up()
    record = stack.id("llm.mech.is")
    urn = next(one["urn"] for one in stack.exported() if one["urn"].endswith("::llm.mech.is"))
    stack.run("state", "delete", urn, "--yes")
    given = f'opts=pulumi.ResourceOptions(import_="z1/{record}" if name.startswith("llm") else None)'
    stack.program(PROGRAM.replace('comment="mech")', f'comment="mech", {given})'))
    assert "= 1 imported" in stack.up()
    stack.program(PROGRAM)
    stack.clean("--refresh")
