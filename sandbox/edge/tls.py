"""TLS on both sides of the edge: certificates for visitors by SNI, and trust towards origins by SSL mode."""

from __future__ import annotations

import logging
import ssl

from sandbox import pki
from sandbox.settings import Settings

from .lookup import normal
from .view import Zone, ZoneView

log = logging.getLogger(__name__)

# OpenSSL has settled the version before it asks for a context by SNI, so a minimum is kept by the ciphers offered:
# those of TLS 1.2 alone, or (PSK without a key can never be agreed on) none below TLS 1.3.
_CIPHERS = {
    "1.2": "DEFAULT:!TLSv1:!SSLv3:!TLSv1.0",
    "1.3": "PSK+AESGCM:!ECDHE:!DHE:!RSA",
}
# Cloudflare's default minimum is TLS 1.0, which Debian's OpenSSL allows at security level 0 only.
_ALL_CIPHERS = "DEFAULT@SECLEVEL=0"
ORIGIN_PULL_NAME = "origin-pull.cloudflare.net"


def covered(zone: Zone, name: str) -> bool:
    """Whether the Universal SSL certificate (zone and one level below) is good for the name."""
    apex = zone.name.lower()
    return name == apex or name.partition(".")[2] == apex


def minimum(zone: Zone) -> str:
    """The zone's min_tls_version, "1.0" unless set."""
    return str(zone.settings.get("min_tls_version", "1.0"))


def too_old(zone: Zone, version: str | None) -> bool:
    """A TLS version below the zone's minimum that the handshake could not refuse (1.0 where 1.1 is asked for)."""
    return version == "TLSv1" and minimum(zone) != "1.0"


class VisitorTls:
    """A server context that picks the certificate by SNI and refuses versions below the zone's minimum."""

    def __init__(self, settings: Settings, view: ZoneView) -> None:
        self._settings = settings
        self._view = view
        self._contexts: dict[tuple[str, str], ssl.SSLContext] = {}
        self.context = _server_context()
        self.context.sni_callback = self._choose

    def _choose(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
        try:
            zone = self._view.zone_for(normal(name)) if name else None
            if zone is None or name is None or not covered(zone, normal(name)):
                return ssl.AlertDescription.ALERT_DESCRIPTION_HANDSHAKE_FAILURE
            connection.context = self._for(zone)
        except Exception as error:
            log.error("edge: no certificate for %s: %s", name, error)
            return ssl.AlertDescription.ALERT_DESCRIPTION_INTERNAL_ERROR
        return None

    def _for(self, zone: Zone) -> ssl.SSLContext:
        apex, ciphers = zone.name.lower(), _CIPHERS.get(minimum(zone), _ALL_CIPHERS)
        if (apex, ciphers) not in self._contexts:
            context = _server_context(ciphers)
            context.load_cert_chain(*pki.leaf_files(self._settings, [apex, f"*.{apex}"], days=90))
            self._contexts[apex, ciphers] = context
        return self._contexts[apex, ciphers]


def _server_context(ciphers: str = _ALL_CIPHERS) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(ciphers)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_alpn_protocols(["http/1.1"])
    return context


class OriginTls:
    """Client contexts towards origins: `full` believes anything, `strict` checks chain, dates and name."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._contexts: dict[tuple[bool, bool], ssl.SSLContext] = {}

    def context(self, verify: bool, client_certificate: bool) -> ssl.SSLContext:
        """`client_certificate`: Authenticated Origin Pulls are on for the zone."""
        key = (verify, client_certificate)
        if key not in self._contexts:
            self._contexts[key] = self._make(verify, client_certificate)
        return self._contexts[key]

    def _make(self, verify: bool, client_certificate: bool) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if verify:
            for authority in (pki.CA, pki.ORIGIN_CA):
                context.load_verify_locations(cadata=pki.ca_pair(self._settings, authority)[0])
        else:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if client_certificate:
            context.load_cert_chain(
                *pki.leaf_files(self._settings, [ORIGIN_PULL_NAME], issuer=pki.CLIENT_CA, client=True)
            )
        return context
