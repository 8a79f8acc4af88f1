"""A GITHUB_TOKEN of the right form that its vendor does not take: only running it shows that."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import config, config_back, depends, status, up

SCENARIO = Scenario(
    title="GITHUB_TOKEN wrong",
    guide="mech-indexer: GitHub Token Errors",
    breaks=config("mech:GITHUB_TOKEN", "ghp_wrong00000000000000000000000000000001", secret=True) + up(),
    symptom=(depends("indexer", "github", "Bad credentials: GitHub refused GITHUB_TOKEN"),),
    seen=(status("indexer 503 degraded: github: Bad credentials: GitHub refused GITHUB_TOKEN"),),
    heal=config_back() + up(),
)
