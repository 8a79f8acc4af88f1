"""Components have one form, so that who has read one can use them all."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re

import pulumi
import pytest

from mech_infra import components

FOUND = [
    found
    for module in pkgutil.iter_modules(components.__path__)
    for found in vars(importlib.import_module(f"{components.__name__}.{module.name}")).values()
    if inspect.isclass(found)
    and issubclass(found, pulumi.ComponentResource)
    and found.__module__ == f"{components.__name__}.{module.name}"
]


@pytest.mark.parametrize("component", FOUND, ids=lambda one: one.__name__)
def test_a_component_takes_a_name_one_config_object_and_options(component: type) -> None:
    form = inspect.signature(component)
    assert list(form.parameters) == ["name", "args", "opts"]
    args = getattr(importlib.import_module(component.__module__), f"{component.__name__}Args")
    assert dataclasses.is_dataclass(args) and form.parameters["args"].annotation == args.__name__
    assert form.parameters["opts"].default is None


@pytest.mark.parametrize("component", FOUND, ids=lambda one: one.__name__)
def test_its_docstring_says_what_it_declares_reads_and_promises(component: type) -> None:
    said = re.findall(r"^(\w+): \S", inspect.getdoc(component) or "", re.M)
    assert said == ["Declares", "Reads", "Promises"]


@pytest.mark.parametrize("component", FOUND, ids=lambda one: one.__name__)
def test_its_type_token_and_its_file_are_named_like_it(component: type) -> None:
    source = inspect.getsource(component)
    assert f'super().__init__("mech:platform:{component.__name__}", name, None, opts)' in source
    assert len(source.splitlines()) <= 160, "a component needs no scroll"


def test_all_of_them_were_found() -> None:
    assert len(FOUND) >= 11
