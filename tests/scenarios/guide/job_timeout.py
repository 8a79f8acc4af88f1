"""A job that takes longer than its limit ends with the guide's words; the queue goes on."""

from tests.scenarios.scenario import Scenario, Step
from tests.scenarios.steps import diagnosis, http, logs, nothing
from tests.scenarios.world import World


def slow_job() -> Step:
    def post(world: World) -> None:
        order = {"type": "sleep", "payload": {"seconds": 60}, "timeout_s": 1}
        assert world.net.ask("POST", "https://queue.mech.is/jobs", json_body=order).code == 202

    return Step("a job that sleeps 60 s with a limit of 1 s is posted", post)


SCENARIO = Scenario(
    title="Job time-out",
    guide="mech-queue: Job Processing Failures",
    breaks=slow_job(),
    cause="JOB_TIMEOUT",
    symptom=(logs("mech-queue", "Error: Job timeout: sleep job"),),
    seen=(diagnosis("docker logs mech-queue --tail 20", "did not end in 1s"),),
    heal=nothing("nothing: the queue ends it by itself and takes the next one"),
    after=http("queue", 202, "/jobs", method="POST", body={"type": "echo"}),
)
