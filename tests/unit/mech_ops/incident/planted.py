"""Secrets, and every form in which one may lie in a log: made here by other means than the code that takes them out."""

from __future__ import annotations

import base64
import bz2
import gzip
import html
import json
import lzma
import shlex
import zlib
from collections.abc import Callable
from urllib.parse import quote, quote_plus

PLAIN = "Zx9Qw7Lm2Kp4Vt8"
ODD = "p@ss/w\"o'r d$&<%+\\x"
FOREIGN = "pässwörd-ünïc"
SHORT = "hunter"
SECRETS = [ODD, FOREIGN, PLAIN, SHORT]


def _coded(text: str, before: str = "", after: str = "") -> str:
    return base64.b64encode(f"{before}{text}{after}".encode()).decode()


FORMS: dict[str, Callable[[str], str]] = {
    "as is": str,
    "URL": lambda text: quote(text, safe=""),
    "URL, a form's": quote_plus,
    "URL, lower case": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "URL, mixed case": lambda text: "".join(
        f"%{byte:02X}" if at % 2 else f"%{byte:02x}" for at, byte in enumerate(text.encode())
    ),
    "base64": _coded,
    "base64, one on": lambda text: _coded(text, "u", " and more"),
    "base64, two on": lambda text: _coded(text, "u:", "\n"),
    "base64, three on": lambda text: _coded(text, "u: ", "more"),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(f"ÿ?>{text}".encode()).decode().rstrip("="),
    "base64 in lines": lambda text: base64.encodebytes(("filler " * 12 + text + " filler" * 12).encode()).decode(),
    "base64 twice": lambda text: _coded(_coded(text, "user:")),
    "JSON": json.dumps,
    "JSON, as it is written": lambda text: json.dumps({"password": text}, ensure_ascii=False),
    "JSON in JSON": lambda text: json.dumps({"log": json.dumps({"said": text})}),
    "JSON of Go": lambda text: json.dumps(text).replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"),
    "shell": shlex.quote,
    "shell, in double quotes": lambda text: '"' + "".join("\\" + one if one in '$`"\\' else one for one in text) + '"',
    "shell, by backslashes": lambda text: "".join(one if one.isalnum() else "\\" + one for one in text),
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: f"0x{text.encode().hex().upper()}",
    "hex with colons": lambda text: text.encode().hex(":"),
    "hex escapes": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "HTML": html.escape,
    "gzip in base64": lambda text: base64.b64encode(gzip.compress(f"a line\n{text}\n".encode())).decode(),
    "zlib in base64": lambda text: base64.b64encode(zlib.compress(f"a line\n{text}\n".encode())).decode(),
}
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "gzip, two streams": lambda data: gzip.compress(b"before\n") + gzip.compress(data),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "gzip of gzip": lambda data: gzip.compress(gzip.compress(data)),
}
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\nAAAEbm9uZQAAAAAAAAABAAAAMwAA\n-----END OPENSSH PRIVATE KEY-----"
"""By what the scan calls it, lines that hold a secret that nobody knew, and what must not be left of each."""
LOOKS: dict[str, tuple[str, str]] = {
    "a private key": (KEY, "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU"),
    "a private key, cut at its end": (KEY.partition("\n-----END")[0], "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU"),
    "a private key, cut at its begin": (KEY.partition("\n")[2], "AAAEbm9uZQAAAAAAAAABAAAAMwAA"),
    "an API key": ("key sk-ant-api03-AbCdEfGhIjKlMnOpQrSt refused", "AbCdEfGhIjKlMnOpQrSt"),
    "a token of GitHub": ("clone with ghp_0123456789abcdefghijABCDEFGHIJ012345", "0123456789abcdefghij"),
    "a key of AWS": ("AKIAIOSFODNN7EXAMPLE", "IOSFODNN7EXAMPLE"),
    "a Bearer token": ("> authorization: Bearer abc.def-ghi_jkl", "abc.def-ghi_jkl"),
    "a Bearer token of nginx": ('proxy_set_header Authorization "Bearer abcdefghijkl";', "abcdefghijkl"),
    "a password in an address": ("redis://default:s3cr3t-pw@redis:6379/0", "s3cr3t-pw"),
    "a token in an address": ("https://0123456789abcdef0123@github.com/a/b", "0123456789abcdef0123"),
    "Set-Cookie": ('< Set-Cookie: sid="q83hf82hf"; Path=/; HttpOnly', "q83hf82hf"),
    "Cookie in JSON": ('{"headers": {"cookie": "sid=q83hf82hf", "host": "llm.mech.is"}}', "q83hf82hf"),
    "Authorization in JSON": ('{"said": "{\\"Authorization\\": \\"Basic dXNlcjpwdw==\\"}"}', "dXNlcjpwdw"),
    "a variable": ("OPENAI_API_KEY=abcdef123456 NODE_ENV=production", "abcdef123456"),
    "a parameter": ('"GET /v1/files?access_token=abcdef123456&page=2 HTTP/1.1"', "abcdef123456"),
    "a JSON Web Token": ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4", "SflKxwRJSMeKKF2QT4"),
}
