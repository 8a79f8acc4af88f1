"""The address that attacks is put on the list of the blocked: the edge turns it away, and nobody else."""

from tests.scenarios.scenario import Scenario, Step
from tests.scenarios.steps import config_back, diagnosis, holds, up
from tests.scenarios.world import World

ATTACKER = 19


def attack() -> Step:
    def do(world: World) -> None:
        with world.place_for(ATTACKER) as attacker:
            world.seen_codes = [attacker.ask("GET", "https://search.mech.is/wp-login.php").code for _ in range(20)]

    return Step("one address tries paths that are none (20 requests)", do)


def let_in(world: World) -> None:
    assert set(world.seen_codes) == {404}, world.seen_codes


def turned_away(world: World) -> None:
    with world.place_for(ATTACKER) as attacker:
        got = attacker.ask("GET", "https://search.mech.is/wp-login.php")
    assert (got.code, got.text) == (403, "error code: 1020"), got
    other = world.get("https://search.mech.is/")
    assert other.code == 200, other


def block() -> Step:
    def do(world: World) -> None:
        world.config_set("mech:edge.blocked[0]", world.settings.address(ATTACKER))
        world.up()

    return Step("config `mech:edge.blocked`: the address, then `pulumi up`", do)


SCENARIO = Scenario(
    title="An IP that attacks: blocked at the edge",
    guide="Unauthorized Access",
    breaks=attack(),
    cause="CLIENT_PROBES",
    symptom=(holds("HTTP 404 again and again to one address, which reaches the service each time", let_in),),
    seen=(
        diagnosis(
            "grep -h wp-login /var/log/nginx/mech-search.access.log | cut -d' ' -f1 | sort | uniq -c | sort -n | tail -1",
            f".{ATTACKER}",
        ),
    ),
    heal=block(),
    after=holds("the attacker gets HTTP 403 (1020) from the edge, others 200", turned_away),
    undo=config_back() + up(),
)
