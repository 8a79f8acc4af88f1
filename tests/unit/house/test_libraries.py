"""A library that is used is pinned: pyproject.toml names it, requirements.lock has its version and hashes."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .source import FOLDERS, ROOT, files, imports, trees

_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WANTED = [
    Requirement(text)
    for part in (_PROJECT["dependencies"], *_PROJECT["optional-dependencies"].values())
    for text in part
]
# They come with what is named, and are the face of it: Pulumi's protocol, pydantic's errors, aiohttp's and docker's
# requests, pytest's requirements, jinja2's markup.
WITH_OTHERS = {
    "grpcio",
    "protobuf",
    "pydantic-core",
    "multidict",
    "yarl",
    "requests",
    "urllib3",
    "packaging",
    "markupsafe",
}

# Installed for one folder alone, by its own lock: not in everybody's environment.
OWN = {
    f"{path.parent.relative_to(ROOT)}/": {
        Requirement(line).name for line in path.read_text().splitlines() if line[:1] != "#"
    }
    for path in ROOT.glob("tests/*/requirements.in")
}


def test_the_lock_has_what_the_project_wants() -> None:
    locked = dict(re.findall(r"^([\w.-]+)==(\S+) \\$", (ROOT / "requirements.lock").read_text(), re.M))
    wrong = [
        str(wanted)
        for wanted in WANTED
        if not wanted.specifier.contains(locked.get(canonicalize_name(wanted.name), "absent"), prereleases=True)
    ]
    assert wrong == [], "run: make lock"


def test_a_library_that_is_imported_is_named() -> None:
    known = {canonicalize_name(wanted.name) for wanted in WANTED} | WITH_OTHERS
    distributions = packages_distributions()
    ours = {*FOLDERS, *sys.stdlib_module_names, *(path.rpartition("/")[2].removesuffix(".py") for path in files(".py"))}
    wrong = {
        f"{path} imports {top}"
        for path, tree in trees().items()
        for node in ast.walk(tree)
        for name in imports(node)
        if (top := name.partition(".")[0]) not in ours
        and not any(path.startswith(folder) and top in names for folder, names in OWN.items())
        and not {canonicalize_name(one) for one in distributions.get(top, [])} & known
    }
    assert wrong == set()
