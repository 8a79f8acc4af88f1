"""SSH keys (/ssh-keys) and startup scripts (/startup-scripts)."""

from __future__ import annotations

import base64
import binascii
import re
import uuid

from aiohttp import web

from sandbox.cloud.store import Json

from .api import Api, VultrError, answer, body, field, now, page, public

_KEY_TYPES = re.compile(
    r"(ssh-(rsa|ed25519|dss)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) "
    r"([A-Za-z0-9+/]+=*)( .*)?"
)


class Keys:
    kind, envelope, plural = "ssh_key", "ssh_key", "ssh_keys"
    # Texts that terraform-provider-vultr looks for.
    missing = "Invalid ssh key"

    def __init__(self, api: Api) -> None:
        self.api = api

    def routes(self) -> list[web.RouteDef]:
        base = "/v2/ssh-keys" if self.kind == "ssh_key" else "/v2/startup-scripts"
        return [
            web.get(base, self.index), web.post(base, self.create), web.get(f"{base}/{{id}}", self.get),
            web.patch(f"{base}/{{id}}", self.update), web.delete(f"{base}/{{id}}", self.delete),
        ]  # fmt: skip

    async def index(self, request: web.Request) -> web.Response:
        return page(request, [self.short(r) for r in self.api.store.all(self.kind)], self.plural)

    async def get(self, request: web.Request) -> web.Response:
        return answer({self.envelope: public(self.found(request))})

    async def create(self, request: web.Request) -> web.Response:
        record = {"id": str(uuid.uuid4()), "date_created": now(), **self.validated(await body(request), True)}
        self.api.store.put(self.kind, record["id"], record)
        return answer({self.envelope: record}, 201)

    async def update(self, request: web.Request) -> web.Response:
        record = self.found(request)
        changes = self.validated(await body(request), False)
        self.api.store.put(self.kind, record["id"], {**record, **changes})
        return answer(None, 204)

    async def delete(self, request: web.Request) -> web.Response:
        self.api.store.delete(self.kind, self.found(request)["id"])
        return answer(None, 204)

    def found(self, request: web.Request) -> Json:
        record = self.api.store.get(self.kind, request.match_info["id"])
        if record is None:
            raise VultrError(404, self.missing)
        return record

    def short(self, record: Json) -> Json:
        return public(record)

    def validated(self, data: Json, new: bool) -> Json:
        values = {
            "name": field(data, "name", str, required=new), "ssh_key": field(data, "ssh_key", str, required=new),
        }  # fmt: skip
        if values["ssh_key"] is not None:
            values["ssh_key"] = values["ssh_key"].strip()
            if not _is_key(values["ssh_key"]):
                raise VultrError(400, "Invalid SSH key: it must be one public key in OpenSSH format.")
        return {name: value for name, value in values.items() if value is not None}


class Scripts(Keys):
    kind, envelope, plural = "startup_script", "startup_script", "startup_scripts"
    missing = "Invalid startup script ID"

    async def create(self, request: web.Request) -> web.Response:
        time = now()
        values = self.validated(await body(request), True)
        record = {"id": str(uuid.uuid4()), "date_created": time, "date_modified": time, "type": "boot", **values}
        self.api.store.put(self.kind, record["id"], record)
        return answer({self.envelope: record}, 201)

    def short(self, record: Json) -> Json:
        return {name: value for name, value in public(record).items() if name != "script"}

    def validated(self, data: Json, new: bool) -> Json:
        values = {
            "name": field(data, "name", str, required=new), "script": field(data, "script", str, required=new),
            "type": field(data, "type", str),
        }  # fmt: skip
        if values["type"] not in (None, "boot", "pxe"):
            raise VultrError(400, "Invalid type: must be boot or pxe.")
        if values["script"] is not None:
            try:
                base64.b64decode(values["script"], validate=True)
            except (binascii.Error, ValueError):
                raise VultrError(400, "Invalid script: it must be base64 encoded.") from None
        values = {name: value for name, value in values.items() if value is not None}
        return values if new else {**values, "date_modified": now()}


def _is_key(text: str) -> bool:
    match = _KEY_TYPES.fullmatch(text)
    if match is None:
        return False
    try:
        blob = base64.b64decode(match[5], validate=True)
    except (binascii.Error, ValueError):
        return False
    # The blob begins with its own type, length first (RFC 4253 §6.6).
    name = match[1].encode()
    return blob[:4] == len(name).to_bytes(4, "big") and blob[4 : 4 + len(name)] == name
