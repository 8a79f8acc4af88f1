"""Writes docs/config.md and docs/config.schema.json from the models. `python -m mech_infra.config.page --check` fails when
one of them is stale."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from mech_infra import catalogue
from mech_infra.config import refused, schema
from mech_infra.config.forms import Json, leaf, words, written
from mech_infra.config.platform import PlatformConfig
from mech_infra.config.schema import sentence
from mech_infra.config.secrets import KEYS
from mech_infra.config.types import NAMESPACE

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE, SCHEMA = DOCS / "config.md", DOCS / "config.schema.json"

_HEAD = """\
# Config

<!-- Generated from mech_infra/config/ by `python -m mech_infra.config.page`; edits here are lost. -->

Everything about a stack is in `Pulumi.STACK.yaml`. Every key has a default but the keys that vendors give out (below,
Secrets). A wrong value is one sentence that names the key and the fix, before anything is touched; what is *refused* here
is refused in that way, or by the policies ([which](policies.md)). Set a key in the file, or by command; the engine keeps
the file's comments, and writes its numbers its own way (`0644` becomes `420`):

```sh
pulumi config set --path mech:host.region fra           # --path 'mech:edge.blocked[0]' for a list
pulumi config set --secret mech:REDIS_PASSWORD          # asks for it
pulumi config rm --path mech:host.region                # back to the default
```

Editors with a YAML language server complete and check the file by [config.schema.json](config.schema.json), which its
first line names. `mech policy check --stack STACK` and `mech preflight --stack STACK` look at it without changing
anything.
"""

_CATALOGUE = """\
The catalogue (`mech_infra/catalogue.py`), which NAME is one of:

| NAME | container | port | memoryMb | cpus | databases | secrets |
|---|---|---|---|---|---|---|
"""

_REFUSED = """\
## Refused

What one may write and should not, each in a config that is good but for this, and what the loader then says (it is asked when
this page is made). In each, `llm` stands for NAME.

| key | value | what is said |
|---|---|---|
"""


def page() -> str:
    """docs/config.md."""
    model = PlatformConfig.model_json_schema(ref_template="{model}")
    keys, sections, contents = [], [], []
    for name, part in model["properties"].items():
        if "description" in part:
            keys.append(_key(f"{NAMESPACE}:{name}", part))
            continue
        services = name == "services"
        heading = f"{NAMESPACE}:{name}.NAME" if services else f"{NAMESPACE}:{name}"
        contents.append((name, heading))
        sections.append(_section(heading, _model(part), model["$defs"], _catalogue() if services else ""))
    contents += [("secrets", "Secrets"), ("refused", "Refused")]
    links = " · ".join(f"[{name}](#{_anchor(heading)})" for name, heading in contents)
    secrets = "## Secrets\n\nEach is set with `pulumi config set --secret`, and encrypted in the file; in plain text it is refused.\n"
    return "\n".join(
        [_HEAD, f"{links}\n", *keys, *sections, secrets, *(_secret(name) for name in KEYS), _REFUSED + refused.table()]
    )


def _model(part: Json) -> str:
    """The section's model; of a map, the one that its values have."""
    return str(part["$ref"] if "$ref" in part else part["additionalProperties"]["$ref"])


def _anchor(heading: str) -> str:
    """As GitHub makes it of a heading."""
    return "".join(one for one in heading.lower() if one.isalnum())


def _section(key: str, model: str, models: Json, table: str = "") -> str:
    parts = [f"## {key}\n\n{' '.join(models[model]['description'].split())}\n", *([table] if table else [])]
    return "\n".join([*parts, *_keys(key, model, models)])


def _keys(key: str, model: str, models: Json) -> Iterator[str]:
    for name, part in models[model]["properties"].items():
        if "$ref" in part:
            yield from _keys(f"{key}.{name}", part["$ref"], models)
        else:
            yield _key(f"{key}.{name}", part)


def _key(key: str, part: Json) -> str:
    lines = [
        f"### {key}", "", sentence(part["description"]), "",
        f"- Type: {words(leaf(part))}",
        f"- Default: {written(part.get('default', {}))}",
        f"- Example: {written(part['examples'][0])}",
        f"- What goes wrong: {sentence(part['wrong'])}", "",
    ]  # fmt: skip
    return "\n".join(lines)


def _secret(name: str) -> str:
    key = KEYS[name]
    lines = [
        f"### {NAMESPACE}:{name}", "", sentence(key.description), "",
        f"- Type: secret; it looks like: {key.looks_like}",
        f"- Default: {'none, and the program needs it' if key.needed else 'not set'}",
        f"- What goes wrong: {sentence(key.wrong)}", "",
    ]  # fmt: skip
    return "\n".join(lines)


def _catalogue() -> str:
    rows = [
        [
            service.name, service.container_name, service.port, service.memory_mb, f"{service.cpus:g}",
            ", ".join(service.datastores) or "–", ", ".join(service.secrets) or "–",
        ]
        for service in catalogue.SERVICES.values()
    ]  # fmt: skip
    return _CATALOGUE + "".join(f"| {' | '.join(map(str, row))} |\n" for row in rows)


def main(arguments: list[str]) -> int:
    written = {PAGE: page(), SCHEMA: json.dumps(schema.stack_file(), indent=2, ensure_ascii=False) + "\n"}
    stale = [path for path, text in written.items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if "--check" in arguments:
            print(f"{path} is stale: run `python -m mech_infra.config.page`", file=sys.stderr)
        else:
            path.write_text(written[path])
    return int(bool(stale) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
