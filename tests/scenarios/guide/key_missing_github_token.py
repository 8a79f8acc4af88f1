"""GITHUB_TOKEN is not in the config, and the container was made anew without it."""

from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import config_back, config_refuses, depends, gone, remade, up

SCENARIO = Scenario(
    title="GITHUB_TOKEN missing",
    guide="mech-indexer: GitHub Token Errors",
    breaks=gone("mech:GITHUB_TOKEN") + remade("indexer", without="GITHUB_TOKEN"),
    cause="KEY_MISSING",
    symptom=(depends("indexer", "github", "Bad credentials: GITHUB_TOKEN is not set"),),
    seen=(config_refuses("mech:GITHUB_TOKEN is missing and indexer cannot work without it"),),
    heal=config_back() + up(),
)
