"""SSH connections as pulumi-command makes them: checked host key, key then password then agent, retries, bastion.

Source of the rules: pulumi-command 1.2.1, provider/pkg/provider/remote/connection.go.
"""

from __future__ import annotations

import base64
import io
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from sandbox.providers.contract import CheckFailure, Context, ProviderError
from sandbox.providers.values import Secret, Unknown

if TYPE_CHECKING:
    import paramiko

Connection = dict[str, Any]
_T = TypeVar("_T")

DEFAULTS: Connection = {"user": "root", "port": 22, "dialErrorLimit": 10, "perDialTimeout": 15}
_SECRETS = frozenset({"privateKey", "privateKeyPassword", "password"})
_FIRST_WAIT, _FACTOR, _LONGEST_WAIT = 0.1, 1.5, 5.0  # seconds between dials


def with_defaults(connection: Any) -> Any:
    """The connection as the official Check leaves it: user, port, dialErrorLimit, perDialTimeout filled in."""
    if not isinstance(connection, dict):
        return connection
    full = {**DEFAULTS, **connection}
    if isinstance(full.get("proxy"), dict):
        full["proxy"] = {**DEFAULTS, **full["proxy"]}
    return full


def hidden(connection: Any) -> Secret:
    """The connection with its defaults, secret as the official schema has it: as a whole, and its keys within."""
    return Secret(_marked(with_defaults(connection)))


def _marked(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: Secret(item) if key in _SECRETS else _marked(item) for key, item in value.items()}


def failures(connection: Any) -> list[CheckFailure]:
    """What is missing; unknown values are taken as given."""
    if connection is None:
        return [CheckFailure("connection", "Missing required field 'connection'")]
    if isinstance(connection, Unknown):
        return []
    found = []
    for path, part in (("connection", connection), ("connection.proxy", connection.get("proxy"))):
        if isinstance(part, dict) and "host" not in part:
            found.append(CheckFailure(f"{path}.host", f"Missing required field '{path}.host'"))
    return found


class _DialError(Exception):
    """One attempt failed; the message is worded as Go's ssh package words it."""


@contextmanager
def dial(ctx: Context, connection: Connection) -> Iterator[paramiko.Transport]:
    """An authenticated SSH transport, closed afterwards. Raises ProviderError when the dial limit is reached."""
    connection = with_defaults(connection)
    proxy = connection.get("proxy")
    opened: list[paramiko.Transport] = []
    try:
        if proxy is None:
            opened.append(_retry(ctx, "Dial", connection, lambda: _connect(connection, _tcp(connection))))
        else:
            try:
                bastion = _retry(ctx, "Dial proxy", proxy, lambda: _connect(proxy, _tcp(proxy)))
                opened.append(bastion)
                opened.append(_retry(ctx, "Dial from proxy", connection, lambda: _through(bastion, connection)))
            except ProviderError as error:
                raise ProviderError(f"proxy: {error}") from error
        yield opened[-1]
    finally:
        for transport in reversed(opened):
            transport.close()


def _retry(ctx: Context, what: str, connection: Connection, attempt: Callable[[], _T]) -> _T:
    limit = int(connection.get("dialErrorLimit", 10))
    wait, tries = _FIRST_WAIT, 0
    while True:
        try:
            return attempt()
        except _DialError as error:
            tries += 1
            if -1 < limit < tries:
                raise ProviderError(f"after {tries - 1} failed attempts: {error}") from error
        ctx.log(f"{what} {tries}/{'inf' if limit == -1 else limit} failed: retrying", ephemeral=True)
        if ctx.cancelled.wait(wait):
            raise ProviderError("context canceled")
        wait = min(wait * _FACTOR, _LONGEST_WAIT)


def _timeout(connection: Connection) -> float | None:
    """Seconds for one dial; None: no limit."""
    return float(connection.get("perDialTimeout", 15)) or None


def _tcp(connection: Connection) -> socket.socket:
    host, port = str(connection["host"]), int(connection["port"])
    try:
        return socket.create_connection((host, port), timeout=_timeout(connection))
    except TimeoutError as error:
        raise _DialError(f"dial tcp {host}:{port}: i/o timeout") from error
    except socket.gaierror as error:
        raise _DialError(f"dial tcp: lookup {host}: no such host") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise _DialError(f"dial tcp {host}:{port}: connect: {reason}") from error


def _through(bastion: paramiko.Transport, connection: Connection) -> paramiko.Transport:
    import paramiko

    target = (str(connection["host"]), int(connection["port"]))
    try:
        channel = bastion.open_channel("direct-tcpip", target, ("127.0.0.1", 0), timeout=_timeout(connection))
    except (paramiko.SSHException, EOFError) as error:
        raise _DialError(f"ssh: rejected: connect failed ({error})") from error
    return _connect(connection, channel)


def _connect(connection: Connection, stream: Any) -> paramiko.Transport:
    import paramiko

    expected = _host_key(connection.get("hostKey"))
    keys = _private_key(connection)
    transport = paramiko.Transport(stream)
    try:
        if expected is not None:
            kind = expected[0]
            accepted = ("rsa-sha2-512", "rsa-sha2-256") if kind == "ssh-rsa" else (kind,)
            transport.get_security_options().key_types = accepted
        transport.start_client(timeout=_timeout(connection))
        if expected is not None and transport.get_remote_server_key().asbytes() != expected[1]:
            raise _DialError("ssh: handshake failed: ssh: host key mismatch")
        _authenticate(transport, connection, keys)
    except _DialError:
        transport.close()
        raise
    except (paramiko.SSHException, OSError, EOFError) as error:
        transport.close()
        raise _DialError(f"ssh: handshake failed: {_reason(error)}") from error
    return transport


def _reason(error: BaseException) -> str:
    import paramiko

    if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
        return "ssh: no common algorithm for host key: is hostKey of a kind this server has?"
    return str(error) or type(error).__name__


def _host_key(text: str | None) -> tuple[str, bytes] | None:
    """(type, blob) of an authorized_keys style line. A bad one is the program's mistake: never retried."""
    if text is None:
        return None
    words = text.split()
    for kind, blob in pairwise(words):
        if kind.startswith(("ssh-", "ecdsa-", "sk-")):
            with suppress(ValueError):
                return kind, base64.b64decode(blob, validate=True)
    raise ProviderError("failed to parse host key: connection.hostKey is not a line such as 'ssh-ed25519 AAAA…'")


def _private_key(connection: Connection) -> Any:
    import paramiko

    text, password = connection.get("privateKey"), connection.get("privateKeyPassword")
    if text is None:
        return None
    locked = False
    for kind in (paramiko.Ed25519Key, paramiko.RSAKey, paramiko.ECDSAKey):
        try:
            return kind.from_private_key(io.StringIO(text), password=password)
        except paramiko.PasswordRequiredException:
            locked = True
        except (paramiko.SSHException, ValueError, IndexError):
            continue
    if locked:
        raise ProviderError("ssh: this private key is passphrase protected: set connection.privateKeyPassword")
    raise ProviderError("ssh: no key found: connection.privateKey is not a private key, or its password is wrong")


def _authenticate(transport: paramiko.Transport, connection: Connection, key: Any) -> None:
    import paramiko

    user, password = str(connection["user"]), connection.get("password")
    tried = ["none"]

    def attempt(method: str, call: Callable[[], Any]) -> bool:
        tried.append(method)
        with suppress(paramiko.AuthenticationException):
            call()
        return transport.is_authenticated()

    if key is not None and attempt("publickey", lambda: transport.auth_publickey(user, key)):
        return
    if password is not None:
        if attempt("password", lambda: transport.auth_password(user, password, fallback=False)):
            return

        def answers(title: str, instructions: str, prompts: list[tuple[str, bool]]) -> list[str]:
            return [password] * len(prompts)

        if attempt("keyboard-interactive", lambda: transport.auth_interactive(user, answers)):
            return
    agent = connection.get("agentSocketPath") or os.environ.get("SSH_AUTH_SOCK")
    if agent and _agent(transport, user, agent, attempt):
        return
    raise _DialError(
        "ssh: handshake failed: ssh: unable to authenticate, attempted methods "
        f"[{' '.join(dict.fromkeys(tried))}], no supported methods remain"
    )


def _agent(transport: Any, user: str, path: str, attempt: Callable[[str, Callable[[], Any]], bool]) -> bool:
    from paramiko.agent import AgentKey, AgentSSH

    try:
        stream = socket.socket(socket.AF_UNIX)
        stream.connect(path)
    except OSError as error:
        raise ProviderError(f"dial unix {path}: {(error.strerror or str(error)).lower()}") from error
    with stream:
        agent: Any = AgentSSH()
        agent._connect(stream)
        keys: tuple[AgentKey, ...] = agent.get_keys()
        return any(attempt("publickey", partial(transport.auth_publickey, user, key)) for key in keys)
