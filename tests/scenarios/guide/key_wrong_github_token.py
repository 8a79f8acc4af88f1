"""A GITHUB_TOKEN of the right form that its vendor does not take: only running it shows that, and what runs goes on."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import config, config_back, http, refusal, up, up_refused

SCENARIO = Scenario(
    title="GITHUB_TOKEN wrong",
    guide="mech-indexer: GitHub Token Errors",
    breaks=config("mech:GITHUB_TOKEN", "ghp_wrong00000000000000000000000000000001", secret=True) + up_refused(),
    cause="ROLLOUT_REFUSED",
    symptom=(http("indexer", 200),),
    seen=(refusal("indexer", "Bad credentials: GitHub refused GITHUB_TOKEN"),),
    heal=config_back() + up(),
)
