"""Small in-process stand-ins for the two HTTP APIs: enough to see what the providers send and how they react."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, Any]


class Api:
    """Records every request; `fail` holds answers to give first, by "METHOD path"."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, Any]] = []
        self.fail: dict[str, list[Answer]] = {}
        self.things: dict[str, dict[str, Any]] = {}  # path -> object
        self.url = ""

    def sent(self, method: str, prefix: str = "") -> list[Any]:
        return [body for verb, path, body in self.requests if verb == method and path.startswith(prefix)]

    def answer(self, method: str, path: str, query: dict[str, str], body: Any, headers: Any) -> Answer:
        raise NotImplementedError

    def handle(self, method: str, path: str, query: dict[str, str], body: Any, headers: Any) -> Answer:
        self.requests.append((method, path, body))
        queue = self.fail.get(f"{method} {path}") or []
        return queue.pop(0) if queue else self.answer(method, path, query, body, headers)


VULTR = {
    "instances": ("instance", "invalid instance ID"),
    "ssh-keys": ("ssh_key", "Invalid ssh key"),
    "startup-scripts": ("startup_script", "Invalid startup script ID"),
    "firewalls": ("firewall_group", "Firewall group not found"),
    "reserved-ips": ("reserved_ip", "Invalid reserved-ip ID"),
    "blocks": ("block", "Invalid block storage ID"),
}


class Vultr(Api):
    last_rule = 0

    def answer(self, method: str, path: str, query: dict[str, str], body: Any, headers: Any) -> Answer:
        if headers.get("Authorization") != "Bearer good":
            return 401, {"error": "Invalid API token.", "status": 401}
        parts = path.split("/")
        if parts[0] == "firewalls" and len(parts) > 2:
            return self.rules(method, path, parts, body)
        key, gone = VULTR[parts[0]]
        if len(parts) == 1 and method == "POST":
            thing = {**self.fresh(parts[0], body), **body, "id": str(uuid.uuid4())}
            self.things[f"{parts[0]}/{thing['id']}"] = thing
            password = {"default_password": "pass-word-1"} if parts[0] == "instances" else {}
            return 202, {key: {**thing, **password}}
        if len(parts) == 1:
            found = [thing for where, thing in self.things.items() if where.startswith(parts[0] + "/")]
            start, size = int(query.get("cursor") or 0), 2
            following = str(start + size) if start + size < len(found) else ""
            meta = {"total": len(found), "links": {"next": following, "prev": ""}}
            return 200, {f"{key}s": found[start : start + size], "meta": meta}
        thing = self.things.get("/".join(parts[:2]))
        if thing is None:
            return 404, {"error": gone, "status": 404}
        if len(parts) == 3:
            if parts[2] == "attach":
                thing["attached_to_instance" if parts[0] == "blocks" else "instance_id"] = body["instance_id"]
            elif parts[2] == "detach":
                thing["attached_to_instance" if parts[0] == "blocks" else "instance_id"] = ""
            elif parts[2] == "backup-schedule":
                return 200, {"backup_schedule": {"enabled": False}}
            return 204, None
        if method in ("PATCH", "PUT"):
            thing.update(body)
        if method == "DELETE":
            del self.things["/".join(parts[:2])]
            return 204, None
        self.settle(thing)
        return 200, {key: thing}

    def fresh(self, kind: str, body: Any) -> dict[str, Any]:
        if kind == "instances":
            return {
                "status": "pending", "power_status": "stopped", "main_ip": "0.0.0.0", "label": "", "tags": [],
                "firewall_group_id": "", "hostname": "vultr.guest", "os_id": 0, "app_id": 0, "image_id": "",
                "user_scheme": "root", "v6_main_ip": "", "ram": 1024, "features": [],
            }  # fmt: skip
        if kind == "blocks":
            return {"status": "active", "attached_to_instance": "", "mount_id": "ewr-1", "label": "", "cost": 1}
        if kind == "reserved-ips":
            return {"subnet": "10.1.2.3", "subnet_size": 32, "instance_id": "", "label": ""}
        return {"date_created": "2026-01-01T00:00:00+00:00"}

    def settle(self, thing: dict[str, Any]) -> None:
        """pending -> active -> running, a step a GET."""
        if thing.get("status") == "pending":
            thing["status"] = "active"
            thing["main_ip"] = "10.1.2.4"
        elif thing.get("power_status") == "stopped":
            thing["power_status"] = "running"

    def rules(self, method: str, path: str, parts: list[str], body: Any) -> Answer:
        if method == "POST":
            self.last_rule += 1
            number = self.last_rule
            rule = {"port": "", "source": "", "notes": "", **body, "id": number, "type": body["ip_type"]}
            self.things[f"{path}/{number}"] = rule
            return 201, {"firewall_rule": rule}
        if path not in self.things:
            return 404, {"error": "Firewall rule ID not found", "status": 404}
        if method == "DELETE":
            del self.things[path]
            return 204, None
        return 200, {"firewall_rule": self.things[path]}


class Cloudflare(Api):
    def __init__(self) -> None:
        super().__init__()
        self.things["zones/z1"] = {"id": "z1", "name": "mech.is", "account": {"id": "a1", "name": "Mech"}}
        self.things["zones/z1/settings/ssl"] = {"id": "ssl", "value": "off", "editable": True, "modified_on": None}

    def ok(self, result: Any, **more: Any) -> Answer:
        return 200, {"success": True, "errors": [], "messages": [], "result": result, **more}

    def no(self, status: int, code: int, message: str) -> Answer:
        return status, {
            "success": False,
            "errors": [{"code": code, "message": message}],
            "messages": [],
            "result": None,
        }

    def answer(self, method: str, path: str, query: dict[str, str], body: Any, headers: Any) -> Answer:
        if path == "ips":
            return self.ok({"ipv4_cidrs": ["173.245.48.0/20"], "ipv6_cidrs": ["2400:cb00::/32"], "etag": "e1"})
        if headers.get("Authorization") != "Bearer good":
            return self.no(403, 10000, "Authentication error")
        if method == "GET" and path == "zones":
            zones = [
                z
                for where, z in self.things.items()
                if where.startswith("zones/") and where.count("/") == 1 and z.get("name") == query.get("name")
            ]
            return self.ok(
                zones, result_info={"page": 1, "per_page": 50, "count": len(zones), "total_count": len(zones)}
            )
        if path.endswith("/origin_tls_client_auth/settings"):
            thing = self.things.setdefault(path, {"enabled": False})
            thing.update(body or {})
            return self.ok(thing)
        if method == "POST":
            thing = self.finish(path, {"id": uuid.uuid4().hex, **body})
            self.things[f"{path}/{thing['id']}"] = thing
            return self.ok(thing)
        thing = self.things.get(path)
        if thing is None:
            return self.no(404, 81044, "Record does not exist.")
        if method == "PATCH":
            thing.update(body)
        if method == "PUT":
            self.things[path] = thing = self.finish(path.rsplit("/", 1)[0], {"id": thing["id"], **body})
        if method == "DELETE":
            del self.things[path]
            return self.ok({"id": thing["id"]})
        return self.ok(thing)

    def finish(self, path: str, thing: dict[str, Any]) -> dict[str, Any]:
        if path.endswith("/dns_records"):
            name = thing["name"]
            full = "mech.is" if name == "@" else name if name.endswith("mech.is") else f"{name}.mech.is"
            defaults = {"proxied": False, "tags": [], "settings": {}, "meta": {}, "comment": None, "proxiable": True}
            thing = {**defaults, **thing, "name": full, "created_on": "2026", "modified_on": "2026"}
            if thing["proxied"]:
                thing["ttl"] = 1
        if path.endswith("/rulesets"):
            rules = [
                {"id": uuid.uuid4().hex, "version": "1", "last_updated": "2026", "enabled": True,
                 "ref": uuid.uuid4().hex, **rule}
                for rule in thing.get("rules", [])
            ]  # fmt: skip
            thing = {**thing, "rules": rules, "version": "1", "last_updated": "2026"}
        if path == "certificates":
            thing = {**thing, "certificate": "CERT", "expires_on": "2040"}
        return thing


@contextmanager
def serving(api: Api, prefix: str) -> Iterator[str]:
    """The API on loopback; yields its base URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            split = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(split.query).items()}
            path = split.path.removeprefix(prefix).strip("/")
            status, data = api.handle(self.command, path, query, body, self.headers)
            text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
            payload = b"" if data is None else text.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = respond

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_port}{prefix}"
    try:
        yield api.url
    finally:
        server.shutdown()
        server.server_close()
