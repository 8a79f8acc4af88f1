"""The vocabulary of scenarios: ways to break, to notice, to find out and to heal, each with its words for the page."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from mech_infra.catalogue import SERVICES
from tests.sandbox.stack import STACK

from .certificates import self_signed
from .scenario import By, Seen, Step, Symptom
from .world import World

# -- break and heal ---------------------------------------------------------------------------------------------


def on_host(line: str, says: str = "", check: bool = True) -> Step:
    """A person on the host types this."""
    return Step(says or f"on the host: `{line}`", lambda world: world.ssh(line, check))


def fill(folder: str) -> Step:
    """A disk to its last block: also those that only root may take, as the containers are root."""
    line = (
        f"n=0; for size in 1G 64M 4M 256K 4K; do while fallocate -l $size {folder}/full.$n 2>/dev/null; "
        f"do n=$((n+1)); done; rm -f {folder}/full.$n; done"
    )
    return Step(f"on the host: files in {folder} take all that is free", lambda world: world.ssh(line))


def emptied(folder: str) -> Step:
    return on_host(f"rm -f {folder}/full.*")


def large_requests(service: str, path: str, key: str) -> Step:
    """Sixty requests of 0.9 MB at once; their codes go to `world.seen_codes`."""
    url = f"https://{service}.mech.is{path}"

    def do(world: World) -> None:
        sent = [world.net.begin("POST", url, json_body={key: "x" * 900_000}, timeout=60) for _ in range(60)]
        world.seen_codes = [world.net.end(number).code for number in sent]

    return Step(f"sixty requests of 0.9 MB at once to {service}", do)


def setting(name: str, value: str) -> Step:
    """A person changes a setting of the zone in Cloudflare's dashboard."""
    return Step(
        f"in Cloudflare's dashboard: {name} = {value}",
        lambda world: world.cloudflare("PATCH", f"/settings/{name}", {"value": value}),
    )


def record(service: str, says: str, **change: Any) -> Step:
    """A person edits our A record in Cloudflare's dashboard."""
    return Step(
        f"in Cloudflare's dashboard: {says}",
        lambda world: world.cloudflare("PATCH", f"/dns_records/{world.record(service)['id']}", change),
    )


def vendor(says: str, **faults: dict[str, Any]) -> Step:
    return Step(says, lambda world: world.vendors(**faults))


def vendors_well(says: str = "the vendor's outage ends; nothing of ours is to be done") -> Step:
    return Step(says, lambda world: world.vendors())


def config(key: str, value: str, secret: bool = False) -> Step:
    """A person changes the stack's config; nothing happens before the next `pulumi up`."""
    shown = "a wrong one" if secret else f"`{value}`"
    return Step(f"config `{key}`: {shown}", lambda world: world.config_set(key, value, secret))


def remade(service: str, *, without: str = "", env: str = "", flags: str = "--restart unless-stopped") -> Step:
    """A person makes a service's container anew by hand, the guide's way, and forgets something."""
    spec = SERVICES[service]
    name = spec.container_name
    drop = f" | grep -v '^{without}='" if without else ""
    more = f"echo '{env}' >> /tmp/{name}.env; " if env else ""
    # Where `docker ps` showed it, since nginx has the guide's port and passes requests there.
    line = (
        f"image=$(docker inspect -f '{{{{.Config.Image}}}}' {name}); at=$(docker port {name} {spec.port}); "
        f"docker rm -f {name} >/dev/null; "
        f"cat {spec.directory}/.env{drop} > /tmp/{name}.env; {more}"
        f"docker run -d --name {name} --network mech-network {flags} -p $at:{spec.port} "
        f"--env-file /tmp/{name}.env $image; rm -f /tmp/{name}.env"
    )
    what = f"without {without}" if without else f"with `{env.partition('=')[0]}` wrong" if env else "by hand"
    return Step(f"`docker rm -f {name}; docker run … {name}` {what}", lambda world: world.ssh(line))


def up() -> Step:
    return Step("`pulumi up`", lambda world: world.up())


def up_refused() -> Step:
    """`pulumi up` must fail; what it says is kept for `refusal`."""

    def do(world: World) -> None:
        world.said = world.up(check=False)

    return Step("`pulumi up`", do)


def config_back() -> Step:
    return Step("the config's value set right", lambda world: world.config_back())


def back() -> Step:
    """After a scenario that changed vendors and config: both as they were."""

    def do(world: World) -> None:
        world.reset()
        world.up()

    return Step("", do)


def gone(key: str) -> Step:
    """A secret is taken out of the stack's config."""
    return Step(f"config: `pulumi config rm {key}`", lambda world: world.stack.pulumi("config", "rm", key))


def deleted(service: str) -> Step:
    return Step(
        f"in Cloudflare's dashboard: {service}'s record deleted",
        lambda world: world.cloudflare("DELETE", f"/dns_records/{world.record(service)['id']}"),
    )


def shadowed(service: str, address: str) -> Step:
    order = {"type": "A", "name": f"{service}.mech.is", "content": address, "proxied": True, "ttl": 1}
    return Step(
        f"in Cloudflare's dashboard: a second A record for {service} = {address}",
        lambda world: world.cloudflare("POST", "/dns_records", order),
    )


def unshadowed(service: str, address: str) -> Step:
    def do(world: World) -> None:
        for found in world.cloudflare("GET", f"/dns_records?name={service}.mech.is"):
            if found["content"] == address:
                world.cloudflare("DELETE", f"/dns_records/{found['id']}")

    return Step("in Cloudflare's dashboard: the other record deleted (what is not ours is named, never removed)", do)


def certificate(says: str, names: tuple[str, ...], days_left: int) -> Step:
    """Another certificate is put in the origin's place, of a key of its own."""

    def do(world: World) -> None:
        crt, key = self_signed(names, days_left)
        world.ssh("cat > /etc/ssl/mech/mech.crt", text=crt)
        world.ssh("cat > /etc/ssl/mech/mech.key && systemctl reload nginx", text=key)

    return Step(f"on the host: another certificate in /etc/ssl/mech, {says}", do)


def recover() -> Step:
    return Step("`mech recover`", lambda world: world.stack.mech("recover", "--stack", STACK))


def console(line: str, check: bool = True) -> Step:
    """A person at Vultr's console: no SSH needed."""
    return Step(f"at Vultr's console: `{line}`", lambda world: world.console(line, check))


def nothing(says: str) -> Step:
    return Step(says, lambda world: None)


# -- symptom ----------------------------------------------------------------------------------------------------


def http(
    service: str, code: int, path: str = "/health", *, scheme: str = "https", method: str = "GET", body: Any = None,
    size: int = 0, text: str = "", header: tuple[str, str] | None = None, within_s: float = 30,
) -> Symptom:  # fmt: skip
    """The edge's answer to a visitor has exactly this code; `text` stands in the body, `header` is (name, value)."""
    url = f"{scheme}://{service}.mech.is{path}"

    def check(world: World) -> None:
        got = world.net.ask(method, url, json_body=body, size=size, timeout=20)
        assert got.code == code, f"{url}: {got.code} {got.text[:300]}, not {code}"
        assert text in got.text, f"{url}: {got.text[:500]!r}, not {text!r}"
        if header:
            assert got.headers.get(header[0], "").startswith(header[1]), got.headers

    shown = f"`{method} {url}`" if method != "GET" or scheme == "http" else f"`{url}`"
    said = f": “{text}”" if text else f" to `{header[1]}`" if header else ""
    # Longer than the edge keeps an idle connection: one that is established passes a firewall's new rule.
    pause = 6 if code == 522 else 0.5
    return Symptom(f"HTTP {code} at {shown}{said}", check, within_s, pause)


def refused(url: str, text: str) -> Symptom:
    """No HTTP answer at all; the client's error has these words."""

    def check(world: World) -> None:
        got = world.get(url, timeout=10)
        assert got.code == 0 and text in got.text, f"{url}: {got}, not {text!r}"

    return Symptom(f"`{url}`: “{text}”", check)


def depends(service: str, dependency: str, text: str, within_s: float = 30) -> Symptom:
    """/health says this of one dependency."""

    def check(world: World) -> None:
        got = world.health_of(service)
        said = (got.json.get("dependencies") or {}).get(dependency, f"{got.code} {got.text[:200]}")
        assert text in said, f"{service}'s {dependency}: {said!r}, not {text!r}"

    return Symptom(f"`https://{service}.mech.is/health`: {dependency}: “{text}”", check, within_s)


def says(line: str, text: str, within_s: float = 30, shown: str = "") -> Symptom:
    """A command on the host prints this."""

    def check(world: World) -> None:
        said = world.ssh(line, check=False)
        assert text in said, f"{line!r}: {said[-1500:]!r}, not {text!r}"

    return Symptom(f"`{shown or line}`: “{text}”", check, within_s)


def logs(container: str, text: str, within_s: float = 30) -> Symptom:
    return says(f"docker logs --tail 50 {container}", text, within_s)


def there(line: str, text: str, within_s: float = 30) -> Symptom:
    """A command on a visitor's machine prints this."""

    def check(world: World) -> None:
        said = world.net.run(line)
        assert text in said, f"{line!r}: {said[-1500:]!r}, not {text!r}"

    return Symptom(f"`{line}`: “{text}”", check, within_s)


def holds(what: str, check: Callable[[World], None], within_s: float = 30) -> Symptom:
    return Symptom(what, check, within_s)


def got(code: int) -> Symptom:
    """Some of the requests that the break sent were answered so."""

    def check(world: World) -> None:
        assert code in world.seen_codes, world.seen_codes

    return Symptom(f"HTTP {code} to some of them", check)


# -- seen -------------------------------------------------------------------------------------------------------


def preview(*words: str) -> Seen:
    """Plain `pulumi preview`, no flags, says it."""

    def run(world: World) -> str:
        done = world.stack.pulumi("preview", check=False)
        return done.stdout + done.stderr

    return Seen("preview", words, run, "pulumi preview")


def config_refuses(*words: str) -> Seen:
    """`pulumi preview` ends with a sentence about the config; nothing is touched."""

    def run(world: World) -> str:
        done = world.stack.pulumi("preview", check=False)
        assert done.returncode != 0, done.stdout
        return done.stdout + done.stderr

    return Seen("config", ("nothing was changed", *words), run, "pulumi preview")


def policy(rule: str, *words: str) -> Seen:
    """`mech policy check` refuses the config as it stands."""

    def run(world: World) -> str:
        done = world.stack.mech("policy", "check", "--stack", STACK, check=False)
        return done.stdout + done.stderr

    return Seen("policy", (rule, *words), run, "mech policy check")


def status(*words: str, within_s: float = 0) -> Seen:
    """`mech status` from the internet, exit code 2, says it. The JSON form: no line is folded."""

    def run(world: World) -> str:
        argv = ("sandbox", "shell", "--", "mech", "status", "--stack", STACK, "--json")
        done = world.stack.mech(*argv, check=False)
        assert done.returncode == 2, (done.returncode, done.stdout[-2000:], done.stderr[-1000:])
        found = [entry for entry in json.loads(done.stdout) if entry["state"] != "ok"]
        return "\n".join(f"{e['service']} {e['code']} {e['state']}: {e['detail']}" for e in found)

    return Seen("status", words, run, "mech status", within_s)


def refusal(service: str, *words: str) -> Seen:
    """The failed `up` of the break names the service whose new version does not take over, and why."""
    first = f"{service}: the new version"
    return Seen("up", (first, *words, "goes on serving, the new one is stopped"), lambda w: w.said, "pulumi up")


def diagnosis(line: str, *words: str, by: By = "diagnosis", shown: str = "", within_s: float = 0) -> Seen:
    """The guide's own command on the host says it; our product has no better eye for this one."""
    return Seen(by, words, lambda world: world.ssh(line, check=False), shown or line, within_s)


def told(command: str, run: Callable[[World], str], *words: str, by: By = "diagnosis", within_s: float = 0) -> Seen:
    return Seen(by, words, run, command, within_s)
