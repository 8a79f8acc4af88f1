"""Ways to break and to heal."""

from __future__ import annotations

from typing import Any

from mech_infra.catalogue import SERVICES
from tests.sandbox.stack import STACK

from ..certificates import self_signed
from ..scenario import Step
from ..world import World


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
