"""The edge's own answers: error pages with Cloudflare's codes and wording of our own."""

from __future__ import annotations

import html

from aiohttp import web

# code: (HTTP status, headline, what it means). developers.cloudflare.com/support/troubleshooting/http-status-codes/
ERRORS: dict[int, tuple[int, str, str]] = {
    413: (413, "Payload too large", "The upload is larger than the 100 MB that the plan allows."),
    520: (520, "Web server is returning an unknown error", "The origin closed the connection or sent no valid HTTP."),
    521: (521, "Web server is down", "The origin refused the connection."),
    522: (522, "Connection timed out", "The origin did not answer the connection attempt; often a firewall."),
    523: (523, "Origin is unreachable", "There is no route to the origin's address; is the A record right?"),
    524: (524, "A timeout occurred", "The origin accepted the request but did not answer in time."),
    525: (525, "SSL handshake failed", "The origin does not speak TLS on its port, or no cipher is shared."),
    526: (526, "Invalid SSL certificate", "The origin's certificate is not valid for this name (Full, strict)."),
    1000: (403, "DNS points to prohibited IP", "The record's content is an address of the edge itself."),
    1001: (409, "DNS resolution error", "This host is not served by the edge."),
    1003: (403, "Direct IP access not allowed", "Use the site's name instead of an address."),
    1016: (530, "Origin DNS error", "The record of this host leads to no address."),
    1020: (403, "Access denied", "A firewall rule of the site blocked the request."),
}


def error(code: int, ray: str, host: str, accept: str) -> web.Response:
    """The page for a code of ERRORS; plain text unless the client accepts HTML."""
    status, headline, meaning = ERRORS[code]
    if "text/html" in accept.lower():
        response = web.Response(status=status, text=_page(code, headline, meaning, ray, host), content_type="text/html")
    else:
        response = web.Response(status=status, text=f"error code: {code}", content_type="text/plain")
    response.headers["cf-error-type"] = str(code)
    response.headers["Cache-Control"] = "private, max-age=0, no-store, no-cache, must-revalidate"
    return response


def challenge(ray: str, host: str, accept: str) -> web.Response:
    """What a visitor sees who is asked to prove to be a browser; the sandbox has no way to pass."""
    text = "Just a moment..."
    if "text/html" in accept.lower():
        response = web.Response(
            status=403, text=_page(403, text, "Checking your browser.", ray, host), content_type="text/html"
        )
    else:
        response = web.Response(status=403, text=text, content_type="text/plain")
    response.headers["cf-mitigated"] = "challenge"
    return response


def _page(code: int, headline: str, meaning: str, ray: str, host: str) -> str:
    return (
        "<!doctype html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>error code: {code}</title></head>\n'
        f"<body><h1>{html.escape(headline)} <small>error code: {code}</small></h1>\n"
        f"<p>{html.escape(meaning)}</p>\n"
        f"<p>Host: {html.escape(host)}<br>Ray ID: {html.escape(ray)}</p></body></html>\n"
    )
