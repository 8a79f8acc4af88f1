"""One address asks far more than a person can: nginx slows it down, others notice nothing."""

from tests.scenarios.scenario import Scenario, Step
from tests.scenarios.steps import diagnosis, holds, nothing
from tests.scenarios.world import World

ATTACKER = 19  # the last part of its address


def flood() -> Step:
    def do(world: World) -> None:
        with world.place_for(ATTACKER) as attacker:
            counts = attacker.ask("GET", "https://search.mech.is/", repeat=600).json
        world.seen_codes = [int(code) for code in counts]

    return Step("one address sends 600 requests at once (allowed: 50 a second, 100 in a burst)", do)


def slowed(world: World) -> None:
    assert 429 in world.seen_codes and 200 in world.seen_codes, sorted(set(world.seen_codes))
    other = world.get("https://search.mech.is/")
    assert other.code == 200, other


SCENARIO = Scenario(
    title="An IP that attacks: rate-limited",
    guide="Unauthorized Access",
    breaks=flood(),
    cause="CLIENT_LIMITED",
    symptom=(holds("the attacker gets HTTP 429, others at the same time 200", slowed),),
    seen=(
        diagnosis(
            "grep -h ' 429 ' /var/log/nginx/mech-search.access.log | cut -d' ' -f1 | sort | uniq -c | sort -n | tail -1",
            f".{ATTACKER}",
        ),
    ),
    heal=nothing("nothing: nginx's limit is declared (mech:proxy.rateLimit) and does it by itself"),
)
