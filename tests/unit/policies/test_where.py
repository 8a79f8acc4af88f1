"""The line that a finding points to: where a person would put it right."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from mech_infra.config import refused
from mech_infra.config.platform import PlatformConfig
from policies import mocked, report
from policies.exceptions import Exceptions
from policies.model import Finding, Resource, Stack
from policies.rules import BY_ID, RULES
from policies.where import place

from .changes import Change
from .platform import OUTAGES

FILE = """\
config:
  mech:domain: mech.is
  mech:edge:
    zoneId: "1"
    ssl: "off"
  mech:services:
    llm:
      image: ghcr.io/mech-is/llm:latest
  mech:certificate: {validDays: 20}
"""


@pytest.mark.parametrize(
    ("rule", "resource", "line"),
    [
        ("edge-ssl-mode", None, 5),
        ("certificate-short", None, 9),
        ("services-latest-image", "images-llm", 8),
        ("services-latest-image", "images-queue", 6),
        ("proxy-body-size", None, 1),
    ],
)
def test_the_key_that_decides(tmp_path: Path, rule: str, resource: str | None, line: int) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text(FILE)
    found = Finding("x", Resource("t", resource, {}) if resource else None)
    assert (place("dev", BY_ID[rule], found, tmp_path).uri, place("dev", BY_ID[rule], found, tmp_path).line) == (
        "Pulumi.dev.yaml",
        line,
    )


MODEL = PlatformConfig.model_json_schema()
KEYS = [key.replace("NAME", "llm") for key, _ in refused.keys(MODEL, MODEL, "mech:")]
NAMED = {
    rule.id: key
    for rule in RULES
    for key in re.findall(r"mech:[a-z]\w*(?:\.\w+)+", rule.fix)[:1]
    if key.replace("NAME", "llm") in KEYS
}


def test_many_rules_name_a_key() -> None:
    assert len(NAMED) >= 25


@pytest.mark.parametrize("rule", NAMED)
def test_the_line_of_the_key_that_the_fix_names_in_a_file_that_has_all(tmp_path: Path, rule: str) -> None:
    whole: dict[str, Any] = {}
    for key in KEYS:
        *sections, last = key.split(".")
        place_ = whole
        for section in sections:
            place_ = place_.setdefault(section, {})
        place_[last] = "x"
    (tmp_path / "Pulumi.all.yaml").write_text(yaml.safe_dump({"config": whole}))
    found = place("all", BY_ID[rule], Finding("x", Resource("t", "services-llm-01234567", {})), tmp_path)
    line = (tmp_path / found.uri).read_text().splitlines()[found.line - 1]
    assert line.strip() == f"{NAMED[rule].rpartition('.')[2]}: x"


def test_the_declaration_where_the_file_has_no_such_key(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text(FILE)
    found = Finding("x", Resource("t", "proxy-nginx", {}, declared=("mech_infra/components/proxy.py", 30)))
    assert place("dev", BY_ID["proxy-body-size"], found, tmp_path).line == 30


def test_no_file_is_its_first_line(tmp_path: Path) -> None:
    assert place("none", BY_ID["proxy-body-size"], Finding("x"), tmp_path).line == 1


@pytest.fixture(scope="module")
def declared() -> list[Resource]:
    return mocked.declare("sandbox")[0]


def test_each_resource_of_the_program_has_its_line(declared: list[Resource]) -> None:
    for resource in declared:
        assert resource.declared is not None, resource.name
        file, line = resource.declared
        text = (mocked.ROOT / file).read_text().splitlines()
        around = "\n".join(text[max(0, line - 3) : line + 6])
        kind = resource.type.rpartition(":")[2]
        assert re.search(rf"\b{kind}\(|\.run\(|\.sense\(|\bcontainer\(|provider\(|super\(\)", around, re.I), (
            resource.name,
            file,
            line,
        )


@pytest.mark.parametrize(("name", "rule", "change"), OUTAGES, ids=[outage[0] for outage in OUTAGES])
def test_each_outage_points_to_a_line_that_is_there(
    declared: list[Resource], name: str, rule: str, change: Change
) -> None:
    verdicts = report.judge("sandbox", Stack(change(declared)), Exceptions([]))
    results = json.loads(report.as_sarif(verdicts, ["sandbox"], mocked.ROOT))["runs"][0]["results"]
    assert rule in {result["ruleId"] for result in results}
    prints = [result["partialFingerprints"]["mechFinding/v1"] for result in results]
    assert len(set(prints)) == len(prints)
    for result in results:
        at = result["locations"][0]["physicalLocation"]
        lines = (mocked.ROOT / at["artifactLocation"]["uri"]).read_text().splitlines()
        assert 1 <= at["region"]["startLine"] <= len(lines)
