"""How S3 says no: an XML document with a code that clients look at."""

from __future__ import annotations

from xml.sax.saxutils import escape

from aiohttp import web

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


class S3Error(Exception):
    """Answered with this status, code and text."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text

    def answer(self) -> web.Response:
        return xml(f"<Error><Code>{self.code}</Code><Message>{escape(self.text)}</Message></Error>", self.status)


def xml(text: str, status: int = 200) -> web.Response:
    return web.Response(status=status, text=HEAD + text, content_type="application/xml")


def no_key() -> S3Error:
    return S3Error(404, "NoSuchKey", "The specified key does not exist.")


def no_bucket() -> S3Error:
    return S3Error(404, "NoSuchBucket", "The specified bucket does not exist.")


def no_upload() -> S3Error:
    return S3Error(404, "NoSuchUpload", "The specified multipart upload does not exist.")


def no_right() -> S3Error:
    return S3Error(403, "AccessDenied", "Access Denied")


def no_such_operation(name: str) -> S3Error:
    return S3Error(501, "NotImplemented", f"{name} not implemented")
