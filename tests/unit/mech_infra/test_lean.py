"""Only what is used of a large package is loaded, and whoever wants more gets all of it."""

from __future__ import annotations

import subprocess
import sys


def python(text: str) -> list[str]:
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True).stdout.split()


LOADED = "print(len([name for name in sys.modules if name.startswith('pulumi_cloudflare')]))"


def test_the_program_loads_a_few_of_cloudflares_modules() -> None:
    (loaded,) = python(f"import sys, mech_infra.platform; {LOADED}")
    assert int(loaded) < 20


def test_who_asks_the_package_gets_all_of_it() -> None:
    before, name, same, after = python(
        "import sys; from mech_infra.components.edge import Zone; import pulumi_cloudflare as cloudflare; "
        f"{LOADED}; print(cloudflare.WorkersScript.__name__); print(cloudflare.Zone is Zone); {LOADED}"
    )
    assert int(before) < 20 < 700 < int(after)
    assert (name, same) == ("WorkersScript", "True")


def test_from_the_package_as_most_people_write_it() -> None:
    (name,) = python("import mech_infra.components; from pulumi_cloudflare import PageRule; print(PageRule.__name__)")
    assert name == "PageRule"


def test_the_pack_loads_nothing_that_an_empty_program_does_not_need() -> None:
    loaded = python("import sys, policies.pack; print(*sys.modules)")
    assert not {"pydantic", "crossplane", "mech_infra.config"} & set(loaded)
