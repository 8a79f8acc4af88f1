"""Origin CA certificates: /certificates."""

from __future__ import annotations

import datetime as dt
import secrets

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from sandbox import pki
from sandbox.cloud.cloudflare.http import ApiError, body, success
from sandbox.cloud.store import Json, Store
from sandbox.settings import Settings

_VALIDITIES = (7, 30, 90, 365, 730, 1095, 5475)


class Certificates:
    """Signs requests with the sandbox's Origin CA, which only the edge trusts."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store, self.settings = store, settings

    def add_routes(self, app: web.Application, prefix: str) -> None:
        app.router.add_get(f"{prefix}/certificates", self.listing)
        app.router.add_post(f"{prefix}/certificates", self.create)
        app.router.add_get(f"{prefix}/certificates/{{id}}", self.get)
        app.router.add_delete(f"{prefix}/certificates/{{id}}", self.delete)

    def _found(self, request: web.Request) -> Json:
        record = self.store.get("certificate", request.match_info["id"])
        if record is None:
            raise ApiError(404, 1101, "Failed to read certificate from database")
        return record

    async def listing(self, request: web.Request) -> web.Response:
        return success(self.store.all("certificate"), page=True, request=request)

    async def create(self, request: web.Request) -> web.Response:
        fields = await body(request)
        names, days = fields.get("hostnames"), fields.get("requested_validity", 5475)
        if not isinstance(names, list) or not names:
            raise ApiError(400, 1010, "hostnames must not be empty")
        if days not in _VALIDITIES:
            raise ApiError(400, 1013, f"requested_validity must be one of {', '.join(map(str, _VALIDITIES))}")
        zones = {zone["name"] for zone in self.store.all("zone")}
        for name in names:
            if not any(name.removeprefix("*.") == zone or name.endswith(f".{zone}") for zone in zones):
                raise ApiError(
                    400, 1010, f"This zone is either not part of your account, or you do not have access to it: {name}"
                )
        try:
            request_ = x509.load_pem_x509_csr(str(fields.get("csr", "")).encode())
        except ValueError:
            raise ApiError(400, 1004, "Failed to parse the certificate signing request") from None
        certificate = pki.sign(self.settings, request_.public_key(), names, days, issuer=pki.ORIGIN_CA)
        id = str(secrets.randbelow(10**47)).zfill(47)
        expires = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
        record = {
            "id": id, "certificate": certificate.public_bytes(Encoding.PEM).decode(), "csr": fields["csr"],
            "hostnames": names, "expires_on": expires.strftime("%Y-%m-%d %H:%M:%S +0000 UTC"),
            "request_type": fields.get("request_type", "origin-rsa"), "requested_validity": days,
        }  # fmt: skip
        return success(self.store.put("certificate", id, record))

    async def get(self, request: web.Request) -> web.Response:
        return success(self._found(request))

    async def delete(self, request: web.Request) -> web.Response:
        record = self._found(request)
        self.store.delete("certificate", record["id"])
        return success({"id": record["id"], "revoked_at": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")})
