"""The origin's certificate: self-signed as in the guide, or from Cloudflare's Origin CA."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_cloudflare.origin_ca_certificate import OriginCaCertificate

from mech_infra.commands import certificate as commands
from mech_infra.commands.nginx import KEY
from mech_infra.components.host import Host
from mech_infra.config.certificate import CertificateConfig
from mech_infra.facts.host import certificates as facts
from mech_infra.facts.host import files, units

# What Cloudflare's Origin CA issues, in days (Cloudflare API, POST /certificates, requested_validity).
_VALIDITIES = (7, 30, 90, 365, 730, 1095, 5475)


@dataclass(frozen=True)
class CertificatesArgs:
    """Which certificate, for which domain, on which host."""

    config: CertificateConfig
    domain: str
    host: Host


class Certificates(pulumi.ComponentResource):
    """/etc/ssl/mech/mech.{crt,key}.

    Declares: the certificate, made on the host or issued by Cloudflare, and the timer that renews a self-signed one.
    Reads: names, key and end of the certificate; its script and units.
    Promises: the key is made on the host and never leaves it; after `installed` nginx can read both.
    """

    def __init__(self, name: str, args: CertificatesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mech:platform:Certificates", name, None, opts)
        config, domain, host = args.config, args.domain, args.host
        own = config.source == "self-signed"
        written = commands.files(domain, config.valid_days, config.renew_before_days) if own else {}
        repair = host.access.sense(
            f"{name}-state",
            host.titled("certificate"),
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
            issued = OriginCaCertificate(
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
