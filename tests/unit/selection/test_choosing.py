"""What is chosen for a change: who ran what changed, each kind once, the most telling first, and no more than there is time for."""

from __future__ import annotations

from tests.selection.choosing import Case, Plan, needs, plan
from tests.selection.touched import Part, Record

A, B, C = ("mech_infra/a.py", "f#0"), ("mech_infra/a.py", "g#0"), ("mech_infra/b.py", "h#0")


class Files:
    """A tree with these digests."""

    def __init__(self, *files: str, **digests: str) -> None:
        self.files = set(files)
        self._of = {A: "1", B: "1", C: "1"} | {
            part: digests[name] for name, part in (("a", A), ("b", B), ("c", C)) if name in digests
        }

    def digest(self, part: Part) -> str | None:
        return self._of.get(part)


def record(*parts: Part, seconds: float = 10) -> Record:
    return Record(seconds, 0.0, dict.fromkeys(parts, "1"))


RECORDS = {
    "m.py::one": record(A, B),
    "m.py::two": record(A),
    "n.py::three": record(A, C),
    "n.py::failed": Record(10, 0),
}
TESTS = [Case(name) for name in (*RECORDS, "n.py::new")]


def chosen(tree: Files, base: Files | None = None) -> set[str]:
    return set(needs(TESTS, RECORDS, tree, base))  # type: ignore[arg-type]


def test_who_ran_what_changed_is_needed_and_who_never_passed() -> None:
    always = {"n.py::failed", "n.py::new"}
    assert chosen(Files()) == always
    assert chosen(Files(b="2")) == {"m.py::one"} | always
    assert chosen(Files(a="2", c="2")) == set(RECORDS) | always


def test_with_a_base_only_what_changed_since_counts() -> None:
    assert "m.py::one" not in chosen(Files(b="2"), Files(b="2"))
    assert "m.py::one" in chosen(Files(b="2"), Files(b="3"))


def test_a_script_that_nobody_is_known_to_read_is_everybodys() -> None:
    assert chosen(Files("mech_infra/new.sh")) == {test.name for test in TESTS}
    assert chosen(Files("sandbox/host/boot/new.sh")) == {test.name for test in TESTS}
    assert chosen(Files("tests/unit/mech_ops/new.sh")) == chosen(Files())  # no test of the real engine's


def planned(needed: dict[str, list[Part]], budget_s: float = 1000, least_s: float = 0, turn: int = 0) -> Plan:
    return plan(TESTS, needed, RECORDS, budget_s, turn, least_s)


def names(found: Plan) -> list[str]:
    return [choice.test for choice in found.chosen]


def test_one_of_each_module_comes_first_then_what_few_ran() -> None:
    found = planned({"m.py::two": [A], "m.py::one": [A, B], "n.py::three": [A]})
    assert names(found) == ["m.py::one", "n.py::three", "m.py::two"]
    assert found.left == []


def test_what_does_not_fit_is_named() -> None:
    found = planned({"m.py::two": [A], "m.py::one": [A, B], "n.py::three": [A]}, budget_s=25)
    assert names(found) == ["m.py::one", "n.py::three"]
    assert [choice.test for choice in found.left] == ["m.py::two"]
    assert found.left[0].why == "mech_infra/a.py: f"


def test_names_that_fit_the_change_come_before_others() -> None:
    ufw: Part = ("mech_infra/ufw.py", "judge#0")
    tests = [Case("m.py::test_scenario[disk-full]"), Case("m.py::test_scenario[ufw-off]")]
    records = {test.name: record(ufw) for test in tests}
    found = plan(tests, {test.name: [ufw] for test in tests}, records, 15, 0, 0)
    assert names(found) == ["m.py::test_scenario[ufw-off]"]


def test_those_before_it_come_along_where_a_test_builds_on_them() -> None:
    tests = [Case("m.py::one"), Case("m.py::two", after=("m.py::one",))]
    found = plan(tests, {"m.py::two": [A]}, RECORDS, 1000, 0, 0)
    assert names(found) == ["m.py::one", "m.py::two"]
    assert plan(tests, {"m.py::two": [A]}, RECORDS, 15, 0, 0).chosen == []
    assert names(plan(tests, {"m.py::one": [A], "m.py::two": [A, B]}, RECORDS, 1000, 0, 0)) == [
        "m.py::one",
        "m.py::two",
    ]


def test_what_is_not_needed_has_its_turn() -> None:
    first = names(planned({}, least_s=10, turn=0))
    assert len(first) == 1
    assert {name for turn in range(5) for name in names(planned({}, least_s=10, turn=turn))} == {t.name for t in TESTS}


def test_the_main_job_is_done_whatever_changed() -> None:
    tests = [*TESTS, Case("p.py::up", always=True)]
    assert [choice.test for choice in plan(tests, {"m.py::one": [A]}, RECORDS, 1000, 0, 0).chosen] == [
        "p.py::up",
        "m.py::one",
    ]
