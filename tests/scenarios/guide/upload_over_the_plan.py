"""An upload over 100 MB: the edge refuses it, whatever the origin would do."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import http, nothing, told

SCENARIO = Scenario(
    title="Upload larger than the plan allows",
    guide="mech-storage: File Upload Failures",
    breaks=nothing("a visitor uploads 101 MB"),
    uncaused="the edge refuses it by itself: nothing of ours sees it",
    symptom=(http("storage", 413, "/files/huge.bin", method="PUT", size=101 * 2**20, text="error code: 413"),),
    seen=(
        told(
            "the edge's answer",
            lambda world: (
                world.net.ask("PUT", "https://storage.mech.is/files/huge.bin", size=101 * 2**20, timeout=20).text
            ),
            "error code: 413",
        ),
    ),
    heal=nothing("nothing of ours: upload it in parts, or take a plan with a higher limit"),
)
