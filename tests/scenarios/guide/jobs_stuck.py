"""Two endless jobs hold both workers: nothing else is worked on."""

import time

from tests.scenarios.scenario import Scenario, Step
from tests.scenarios.steps import holds, on_host, told
from tests.scenarios.world import World

QUEUE = "https://queue.mech.is"


def stuck_jobs() -> Step:
    def post(world: World) -> None:
        for _ in range(2):
            order = {"type": "sleep", "payload": {"seconds": 3000}, "timeout_s": 3600}
            assert world.net.ask("POST", f"{QUEUE}/jobs", json_body=order).code == 202

    return Step("two jobs that sleep for an hour are posted", post)


def _echo(world: World, wait_s: float) -> str:
    number = world.net.ask("POST", f"{QUEUE}/jobs", json_body={"type": "echo", "payload": "hi"}).json["id"]
    time.sleep(wait_s)
    return str(world.get(f"{QUEUE}/jobs/{number}").json["state"])


def job_waits(world: World) -> None:
    state = _echo(world, 3)
    assert state == "queued", state


def job_runs(world: World) -> None:
    state = _echo(world, 1)
    assert state == "done", state


SCENARIO = Scenario(
    title="Stuck jobs",
    guide="mech-queue: Job Processing Failures",
    breaks=stuck_jobs(),
    cause="JOBS_STUCK",
    symptom=(holds("a new job stays `queued`", job_waits),),
    seen=(
        told(
            "curl https://queue.mech.is/jobs", lambda world: world.get("https://queue.mech.is/jobs").text, '"active":2'
        ),
    ),
    heal=on_host("docker exec redis redis-cli flushall; docker restart -t 2 mech-queue"),
    after=holds("a new job is done", job_runs),
    flushes_redis=True,
    limits="`mech status` calls the queue well: a worker with a long job within its own limit is no failure to it.",
)
