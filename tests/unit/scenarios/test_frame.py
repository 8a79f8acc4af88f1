"""The scenarios' frame without a sandbox: collection, parts, the page."""

from __future__ import annotations

import pytest

from tests.scenarios import measured, page
from tests.scenarios.collect import part, scenarios


def test_every_file_is_a_scenario_with_all_its_parts() -> None:
    found = scenarios()
    assert len(found) == len({scenario.title for scenario in found}) > 50
    for scenario in found:
        assert scenario.seen and all(seen.words for seen in scenario.seen), scenario.name
        assert scenario.symptom or scenario.limits, f"{scenario.name}: a scenario without a symptom says why"


def test_parts_are_disjoint_and_hold_all() -> None:
    names = [f"s{number}" for number in range(11)]
    parts = [part(names, f"{number}/3") for number in (1, 2, 3)]
    assert sorted(name for one in parts for name in one) == sorted(names)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("wrong", ["", "0/3", "4/3", "1", "a/b"])
def test_a_wrong_part_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="of the form 2/3"):
        part(["a"], wrong)


def test_the_page_is_up_to_date() -> None:
    assert page.PAGE.read_text() == page.text(scenarios(), measured.read(measured.COMMITTED))


def test_every_measured_time_is_of_a_scenario() -> None:
    assert set(measured.read(measured.COMMITTED)) <= {scenario.name for scenario in scenarios()}
