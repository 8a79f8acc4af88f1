"""docs/config.md and the editors' schema: every key is described, by an example that is good, and no key is forgotten."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mech_infra import catalogue
from mech_infra.config import page, schema
from mech_infra.config.platform import PlatformConfig
from mech_infra.config.secrets import KEYS
from mech_infra.config.workloads import ServiceConfig

ROOT = page.DOCS.parent


def keys(model: type[BaseModel], path: str) -> Iterator[tuple[str, type[BaseModel], FieldInfo]]:
    """Every key that is not a section, as the user writes it."""
    for field in model.model_fields.values():
        where = f"{path}{field.alias}"
        if field.alias == "services":
            yield from keys(ServiceConfig, f"{where}.NAME.")
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from keys(field.annotation, f"{where}.")
        else:
            yield where, model, field


SCHEMA = schema.stack_file()
KEYS_OF_MODELS = {where: (model, field) for where, model, field in keys(PlatformConfig, "mech:")}


def sections(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from sections(field.annotation)


def refused(config: dict[str, Any]) -> list[str]:
    return [error.message for error in jsonschema.Draft7Validator(SCHEMA).iter_errors({"config": config})]


def nested(where: str, value: Any) -> Any:
    """The value of the first part of `where`, with `value` at its end."""
    for part in reversed(where.replace("NAME", "llm").split(".")[1:]):
        value = {part: value}
    return value


@pytest.mark.parametrize("where", KEYS_OF_MODELS)
def test_a_key_says_what_it_does_what_goes_wrong_and_how_it_is_written(where: str) -> None:
    model, field = KEYS_OF_MODELS[where]
    assert field.description, f"{where}: Field(description=…)"
    assert field.examples, f"{where}: Field(examples=[…])"
    assert isinstance(field.json_schema_extra, dict), f"{where}: Field(json_schema_extra=wrong(…))"
    assert field.json_schema_extra["wrong"], where
    for example in field.examples:
        assert example != field.get_default(), f"{where}: an example that is the default shows nothing"
        read = yaml.safe_load(json.dumps(example))
        model.model_validate({field.alias: read})
        assert refused({where.partition(".")[0]: nested(where, read)}) == []


@pytest.mark.parametrize("section", [*sections(PlatformConfig), ServiceConfig])
def test_a_section_says_what_it_is(section: type[BaseModel]) -> None:
    assert section.__doc__ and section.__doc__ != BaseModel.__doc__


def test_the_page_has_every_key_and_secret_once() -> None:
    shown = [line.removeprefix("### ") for line in page.page().splitlines() if line.startswith("### ")]
    assert sorted(shown) == sorted([*KEYS_OF_MODELS, *(f"mech:{name}" for name in KEYS)])
    assert set(catalogue.SECRETS) < set(KEYS)


def test_page_and_schema_are_not_stale() -> None:
    assert page.main(["--check"]) == 0


def test_the_schema_is_one() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("stack", ["prod", "sandbox"])
def test_the_schema_takes_the_stacks_files_which_name_it(stack: str) -> None:
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text()
    jsonschema.validate(yaml.safe_load(text), SCHEMA)
    comment, _, path = text.splitlines()[0].partition("$schema=")
    assert (comment, ROOT / path) == ("# yaml-language-server: ", page.SCHEMA)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"mech:hots": {}}, "'mech:hots' does not match"),
        ({"mech:host": {"regoin": "fra"}}, "'regoin' was unexpected"),
        ({"mech:host": {"zone_id": "x"}}, "'zone_id' was unexpected"),
        ({"mech:services": {"lllm": {}}}, "'lllm' was unexpected"),
        ({"mech:host": {"bootTimeoutS": "soon"}}, "is not of type 'integer'"),
        ({"mech:host": {"protect": 1}}, "is not of type 'boolean'"),
        ({"mech:services": {"llm": {"replicas": 0}}}, "less than the minimum"),
        ({"mech:services": {"llm": {"environment": {"A": [1]}}}}, "is not of type"),
        ({"mech:edge": {"ssl": "flexibel"}}, "is not one of"),
        ({"mech:domain": "https://mech.is"}, "does not match"),
        ({"mech:OPENAI_API_KEY": "sk-in-plain-text"}, "is not of type 'object'"),
    ],
)
def test_the_schema_refuses_what_the_program_would(config: dict[str, Any], says: str) -> None:
    assert any(says in message for message in refused(config)), refused(config)


def test_the_schema_leaves_other_namespaces_alone() -> None:
    assert refused({"cloudflare:apiToken": {"secure": "v1:x"}, "pulumi:tags": {"team": "a"}}) == []
