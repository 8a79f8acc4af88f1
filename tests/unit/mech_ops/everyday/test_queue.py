"""`mech queue`: counts, stuck or not, and the way to have jobs given back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mech_ops import stack_config
from mech_ops.everyday import queue

from . import stand

DECLARED = stand.platform().declared


@pytest.mark.parametrize(
    ("jobs", "says", "code"),
    [
        ({"pending": 0, "active": 2}, "0 jobs wait, 2 are at work", 0),
        ({"pending": 5, "active": 4, "before": {"pending": 9, "active": 4}}, "5 jobs wait, 4 are at work", 0),
        ({"pending": 9, "active": 4, "before": {"pending": 9, "active": 4}}, "fix: mech queue requeue", 2),
        (None, "the queue does not say how many jobs it has\nfix: mech diagnose", 2),
    ],
)
def test_counts_and_whether_they_move(jobs: dict[str, Any] | None, says: str, code: int) -> None:
    found = queue.judged(DECLARED, {"jobs": jobs})
    assert says in found.words() and ("stuck" in found.words()) == (code == 2 and jobs is not None)
    assert found.exit_code == code
    assert json.loads(found.as_json())["pending"] == (jobs and jobs["pending"])


def test_requeue_restarts_the_queue_with_time_to_give_its_jobs_back(
    ssh: stand.Ssh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack_config, "nobody_at_work", lambda stack: None)
    said: list[str] = []
    queue.requeue(None, said.append)
    asked = "\n".join(ssh.words)
    # The workers give back within 25 s.
    assert "set -- 30 90 mech-queue" in asked and "flush" not in asked
    assert "none was deleted" in said[-1]
