"""The origin's certificate: self-signed as in the guide, or from Cloudflare's Origin CA."""

from __future__ import annotations

import pulumi
import pulumi_cloudflare as cloudflare

from mech_infra.commands import certificate as commands
from mech_infra.commands.nginx import KEY
from mech_infra.components.host import Host
from mech_infra.config.host import CertificateConfig
from mech_infra.facts.host import certificates as facts
from mech_infra.facts.host import files, units

# What Cloudflare's Origin CA issues, in days (Cloudflare API, POST /certificates, requested_validity).
_VALIDITIES = (7, 30, 90, 365, 730, 1095, 5475)


class Certificates(pulumi.ComponentResource):
    """/etc/ssl/mech/mech.{crt,key}; the key is made on the host and never leaves it."""

    def __init__(
        self,
        name: str,
        config: CertificateConfig,
        domain: str,
        host: Host,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("mech:platform:Certificates", name, None, opts)
        own = config.source == "self-signed"
        written = commands.files(domain, config.valid_days, config.renew_before_days) if own else {}
        repair = host.access.sense(
            f"{name}-state",
            "certificate",
            [
                facts.Certificate(commands.names(domain), config.renew_before_days),
                files.File(KEY, "600"),
                *([units.Unit("mech-certificate.timer")] if own else []),
                *(files.file(path, text, commands.MODES[path]) for path, text in written.items()),
            ],
            parent=self,
        )
        if own:
            self.installed = host.access.run(
                f"{name}-self-signed",
                commands.self_signed(domain, config.valid_days, config.renew_before_days),
                parent=self,
                triggers=[host.instance.id, repair],
            )
        else:
            request = host.access.run(
                f"{name}-request",
                commands.signing_request(domain),
                parent=self,
                triggers=[host.instance.id, repair],
            )
            issued = cloudflare.OriginCaCertificate(
                f"{name}-origin-ca",
                csr=request.stdout.apply(lambda text: text + "\n"),
                hostnames=commands.names(domain),
                request_type="origin-rsa",
                requested_validity=min(days for days in _VALIDITIES if days >= config.valid_days),
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.installed = host.access.run(
                f"{name}-install",
                commands.install(),
                stdin=issued.certificate,
                parent=self,
                triggers=[issued.id, repair],
            )
        self.register_outputs({"source": config.source})
