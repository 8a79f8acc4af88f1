"""Where a finding is put right: the line of the config key that decides, else the call that declares the resource."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from mech_infra.catalogue import SERVICES
from policies.model import Finding, Rule

_KEY = re.compile(r"mech:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


@dataclass(frozen=True)
class Place:
    """A file, by its path from the repository's root, and a line that counts from 1."""

    uri: str
    line: int


def place(stack: str, rule: Rule, finding: Finding, root: Path) -> Place:
    """The key that the finding or its fix names, where the stack's file has it; then the resource's declaration; else the
    nearest section of the file."""
    name = f"Pulumi.{stack}.yaml"
    lines = _lines(root / name)
    # A key before a whole section.
    named = sorted(_KEY.findall(f"{finding.text} {rule.fix}"), key=lambda key: "." not in key)
    keys = [_filled(key, finding) for key in named]
    for key in keys:
        if key in lines:
            return Place(name, lines[key])
    declared = finding.resource.declared if finding.resource else None
    if declared:
        return Place(*declared)
    for key in keys:
        while "." in key:
            key = key.rpartition(".")[0]
            if key in lines:
                return Place(name, lines[key])
    return Place(name, lines.get("config", 1))


def _filled(key: str, finding: Finding) -> str:
    """mech:services.NAME.image, with the name of the service that the finding is about."""
    words = re.split(r"[^a-z]+", f"{finding.resource.name if finding.resource else ''} {finding.text}".lower())
    service = next((word for word in words if word in SERVICES), "NAME")
    return key.replace(".NAME", f".{service}")


def _lines(file: Path) -> dict[str, int]:
    """Each key of the file, by its whole path without `config`, and its line."""
    try:
        tree = yaml.compose(file.read_text(), yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    found: dict[str, int] = {}

    def walk(node: yaml.Node, path: str) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                inner = f"{path}.{key.value}" if path else str(key.value)
                found.setdefault(inner, key.start_mark.line + 1)
                walk(value, "" if inner == "config" else inner)

    if tree is not None:
        walk(tree, "")
    return found
