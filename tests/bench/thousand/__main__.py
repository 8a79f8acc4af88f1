"""A thousand resources, of the kinds that the platform declares and with nothing that a policy would refuse."""

import gc

gc.disable()  # as the platform's own program does

import ediri_vultr as vultr
import pulumi_cloudflare as cloudflare
import pulumi_command as command
import pulumi_docker as docker

ZONE = "0" * 32
HOST = "203.0.113.7"

for setting, value in {"ssl": "flexible", "always_use_https": "on", "min_tls_version": "1.2"}.items():
    cloudflare.ZoneSetting(setting, zone_id=ZONE, setting_id=setting, value=value)
docker.Network("mech-network", name="mech-network")

# Eight resources each, and four before: 1,004.
for name in (f"service-{number}" for number in range(125)):
    image = f"registry.mech.is/{name}:1.0.0"
    docker.RemoteImage(name, name=image, keep_locally=True)
    docker.Container(
        name, name=name, image=image, restart="unless-stopped", memory=64, memory_swap=64, cpus="0.1",
        healthcheck=docker.ContainerHealthcheckArgs(tests=["CMD", "true"]),
        log_driver="json-file", log_opts={"max-size": "10m", "max-file": "3"},
        networks_advanced=[docker.ContainerNetworksAdvancedArgs(name="mech-network", aliases=[name])],
    )  # fmt: skip
    cloudflare.DnsRecord(
        name, zone_id=ZONE, name=f"{name}.mech.is", type="A", content=HOST, ttl=1, proxied=True,
    )  # fmt: skip
    vultr.FirewallRule(
        name, firewall_group_id="group", ip_type="v4", protocol="tcp", subnet="0.0.0.0", subnet_size=0, port="443",
    )  # fmt: skip
    for step in range(4):
        command.remote.Command(
            f"{name}-{step}", connection=command.remote.ConnectionArgs(host=HOST, private_key="not used in a preview"),
            create=f"echo {name} {step}",
        )  # fmt: skip
