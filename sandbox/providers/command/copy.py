"""command:remote:CopyToRemote: a file, text, folder or archive to a host by SFTP."""

from __future__ import annotations

import posixpath
import stat
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from sandbox.providers.contract import CheckFailure, Context, ProviderError, Resource
from sandbox.providers.values import Unknown, is_archive, is_asset, same

from . import connection as ssh
from .base import Values, new_id


class CopyToRemote(Resource):
    token = "command:remote:CopyToRemote"  # noqa: S105 - a type token

    def check(self, ctx: Context, olds: Values, news: Values) -> tuple[Values, list[CheckFailure]]:
        inputs = {**news, "connection": ssh.hidden(news.get("connection"))}
        found = ssh.failures(news.get("connection"))
        source = inputs.get("source")
        if not (isinstance(source, Unknown) or is_asset(source) or is_archive(source)):
            found.append(CheckFailure("asset", "either asset or archive must be set"))
        if "remotePath" not in inputs:
            found.append(CheckFailure("remotePath", "Missing required field 'remotePath'"))
        return inputs, found

    def create(self, ctx: Context, inputs: Values, timeout: float) -> tuple[str, Values]:
        copy(ctx, inputs)
        return new_id(), inputs

    def update(self, ctx: Context, id: str, old_outputs: Values, inputs: Values, timeout: float) -> Values:
        # A new connection or key alone copies nothing: only the content and the place count.
        moved = inputs["remotePath"] != old_outputs.get("remotePath")
        if moved or not same(inputs["source"], old_outputs.get("source")):
            copy(ctx, inputs)
        return inputs


def copy(ctx: Context, inputs: Values) -> None:
    """Raises ProviderError with the step that failed."""
    import paramiko

    source, target = inputs["source"], str(inputs["remotePath"])
    with ssh.dial(ctx, inputs["connection"]) as transport:
        client = paramiko.SFTPClient.from_transport(transport)
        if client is None:
            raise ProviderError("the host's sshd has no SFTP subsystem: check `Subsystem sftp` in sshd_config")
        with client:
            try:
                if "text" in source:
                    _text(client, source["text"], target)
                elif "path" in source:
                    _path(client, source["path"], target)
                elif "uri" in source:
                    _uri(client, source["uri"], target)
                else:
                    _archive(client, source.get("assets") or {}, target)
            except OSError as error:
                raise ProviderError(f"failed to copy to remote path {target}: {error}") from error


def _kind(client: Any, path: str) -> str:
    """`missing`, `folder` or `file`."""
    try:
        mode = client.stat(path).st_mode
    except FileNotFoundError:
        return "missing"
    return "folder" if stat.S_ISDIR(mode or 0) else "file"


def _folders(client: Any, path: str) -> None:
    if path in ("", "/", "."):
        return
    found = _kind(client, path)
    if found == "file":
        raise ProviderError(f"remote path {path} exists but is not a directory")
    if found == "missing":
        _folders(client, posixpath.dirname(path))
        client.mkdir(path)


def _write(client: Any, data: bytes, path: str) -> None:
    with client.open(path, "wb") as file:
        file.set_pipelined(True)
        file.write(data)


def _text(client: Any, text: str, target: str) -> None:
    if _kind(client, target) == "folder":
        raise ProviderError(
            f"remote path {target} is a directory; when using a text asset, remotePath must be a file path"
        )
    _folders(client, posixpath.dirname(target))
    _write(client, text.encode(), target)


def _file(client: Any, data: bytes, name: str, target: str) -> None:
    """Into an existing folder under its own name, else to the path itself, parents made."""
    kind = _kind(client, target)
    if kind == "folder":
        if not name:
            raise ProviderError(f"remote path {target} is a directory; cannot determine destination filename")
        target = posixpath.join(target, name)
    elif kind == "missing":
        _folders(client, posixpath.dirname(target))
    _write(client, data, target)


def _path(client: Any, source: str, target: str) -> None:
    local = Path(source)
    if not local.exists():
        raise ProviderError(f"open {source}: no such file or directory")
    if local.is_file():
        _file(client, local.read_bytes(), local.name, target)
        return
    _folders(client, target)
    # rsync's rule: `dir` goes into the target, `dir/` means its contents.
    if not source.endswith("/"):
        target = posixpath.join(target, local.name)
        _folders(client, target)
    for item in sorted(local.rglob("*")):
        remote = posixpath.join(target, item.relative_to(local).as_posix())
        if item.is_dir():
            _folders(client, remote)
        else:
            _write(client, item.read_bytes(), remote)


def _fetch(uri: str) -> bytes:
    if not uri.startswith(("http://", "https://", "file://")):
        raise ProviderError(f"failed to read remote asset {uri}: only http, https and file are known")
    with urllib.request.urlopen(uri, timeout=60) as answer:  # noqa: S310 - schemes checked above
        return bytes(answer.read())


def _uri(client: Any, uri: str, target: str) -> None:
    _file(client, _fetch(uri), posixpath.basename(urllib.parse.urlsplit(uri).path), target)


def _archive(client: Any, assets: dict[str, Any], target: str) -> None:
    if _kind(client, target) == "file":
        raise ProviderError(f"remote path {target} exists but is not a directory; cannot copy asset archive contents")
    _folders(client, target)
    for name, item in sorted(assets.items()):
        remote = posixpath.normpath(posixpath.join(target, name))
        if not remote.startswith(posixpath.normpath(target)):
            raise ProviderError(f"the archive's entry {name!r} points outside {target}")
        if "text" in item or "uri" in item:
            data = item["text"].encode() if "text" in item else _fetch(item["uri"])
            _folders(client, posixpath.dirname(remote))
            _write(client, data, remote)
        elif "path" in item and Path(item["path"]).is_dir():
            _path(client, item["path"].rstrip("/") + "/", remote)
        elif "path" in item:
            _folders(client, posixpath.dirname(remote))
            _write(client, Path(item["path"]).read_bytes(), remote)
        else:
            _archive(client, item.get("assets") or {}, remote)
