"""What a stack's file may say, as a JSON schema for editors: made from the models, never written by hand."""

from __future__ import annotations

from mech_infra import catalogue
from mech_infra.config import environment
from mech_infra.config.forms import Json, leaf
from mech_infra.config.platform import PlatformConfig
from mech_infra.config.secrets import KEYS, SecretKey
from mech_infra.config.types import NAMESPACE

_ROOT = "#/definitions/"


def stack_file() -> Json:
    """The schema of a whole Pulumi.STACK.yaml (draft 7, which every editor knows).

    It is narrower than the program, which also takes a number in quotes; what depends on two keys only the program judges.
    """
    model = PlatformConfig.model_json_schema(ref_template=_ROOT + "{model}")
    definitions = {name: _shown(part) for name, part in model["$defs"].items()}
    sections = {f"{NAMESPACE}:{name}": _shown(part) for name, part in model["properties"].items()}
    sections[f"{NAMESPACE}:services"] = {
        "type": "object",
        "properties": {name: {"$ref": f"{_ROOT}ServiceConfig"} for name in catalogue.SERVICES},
        "additionalProperties": False,
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$comment": "Generated from mech_infra/config/ by `python -m mech_infra.config.page`; edits here are lost.",
        "title": "A Mech stack's config (docs/config.md)",
        "type": "object",
        "properties": {
            "config": {
                "type": ["object", "null"],
                "properties": {**sections, **{f"{NAMESPACE}:{name}": _secret(key) for name, key in KEYS.items()}},
                # Other namespaces are the plugins' and the engine's own.
                "patternProperties": {f"^(?!{NAMESPACE}:)[^:]+:": {}},
                "additionalProperties": False,
            },
            # What the engine itself keeps there (sdk/go/common/workspace, ProjectStack).
            **{name: {"type": "string"} for name in ("encryptionsalt", "secretsprovider", "encryptedkey")},
            "environment": {},
        },
        "additionalProperties": False,
        "definitions": definitions,
    }


def _shown(schema: Json) -> Json:
    """As an editor shows it: what goes wrong stands in the description."""
    schema = {key: value for key, value in leaf(schema).items() if key not in ("title", "words", "refused")}
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    for nested in ("items", "additionalProperties"):
        if isinstance(schema.get(nested), dict):
            schema[nested] = _shown(schema[nested])
    if "properties" in schema:
        schema["properties"] = {name: _shown(part) for name, part in schema["properties"].items()}
    if "wrong" in schema:
        schema["description"] = f"{sentence(schema['description'])} {sentence(schema.pop('wrong'))}"
    if schema.get("default", "") is None:  # how a model says "not set"
        del schema["default"]
    return schema


def _secret(key: SecretKey) -> Json:
    secure = {
        "type": "object",
        "properties": {"secure": {"type": "string"}},
        "required": ["secure"],
        "additionalProperties": False,
    }
    if key.name == environment.SECRETS:
        names = {"type": "object", "additionalProperties": secure}
        by_service = {
            "type": "object",
            "properties": dict.fromkeys(catalogue.SERVICES, names),
            "additionalProperties": False,
        }
        return {"description": sentence(key.description), **by_service}
    how = f"pulumi config set --secret {NAMESPACE}:{key.name}"
    return {"description": f"{sentence(key.description)} Set it with: {how}", **secure}


def sentence(text: str) -> str:
    """With a capital letter, unless it begins with a name of ours, and a full stop."""
    first = text.split(" ", 1)[0].rstrip(",.:")
    capital = text if not first.isalpha() or first != first.lower() else text[0].upper() + text[1:]
    return capital if capital.endswith((".", "?", "…")) else f"{capital}."
