"""The edge's certificates, as a visitor's browser meets them."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import socket
import ssl
from typing import Any
from urllib.parse import urlsplit

from mech_infra.facts import model
from mech_ops import status

Json = dict[str, Any]
_LIMIT_S = 8.0


def edge(wanted: Json) -> Json:
    """By host of the declared services: {"end": ISO 8601} of its certificate, or {"error": why there is none that is good}.

    Raises model.Unreachable where nobody can be asked from this machine.
    """
    urls = [about["url"] for about in wanted["services"].values()]
    if why := status.not_from_here(urls):
        raise model.Unreachable(why)
    hosts = sorted({host for url in urls if (host := urlsplit(url).hostname)})
    return {"certificates": asyncio.run(_all(hosts))}


async def _all(hosts: list[str]) -> dict[str, Json]:
    context = ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or None)
    return dict(zip(hosts, await asyncio.gather(*(one(host, context) for host in hosts)), strict=True))


async def one(host: str, context: ssl.SSLContext, port: int = 443) -> Json:
    """As `edge` has it; "silent" is one that nobody could look at."""
    try:
        async with asyncio.timeout(_LIMIT_S):
            _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        return {"error": error.verify_message}
    except TimeoutError:
        return {"error": f"no answer within {_LIMIT_S:.0f} s", "silent": True}
    except socket.gaierror:
        return {"error": "its name is not known", "silent": True}
    except (OSError, ssl.SSLError) as error:
        return {"error": str(error.strerror or error), "silent": True}
    found = writer.get_extra_info("peercert") or {}
    writer.transport.abort()  # nothing was asked, so nothing is waited for
    end = dt.datetime.fromtimestamp(ssl.cert_time_to_seconds(found["notAfter"]), dt.UTC)
    return {"end": end.isoformat(timespec="seconds")}
