"""command:remote:Command: a command over SSH, once per create, update and delete."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from sandbox.providers.contract import CheckFailure, Context, ProviderError

from . import connection as ssh
from .base import CommandBase, Values, previous_output
from .output import Output

if TYPE_CHECKING:
    import paramiko

_ACCEPT_ENV = (
    "This only works if your SSH server is configured to accept these variables via AcceptEnv. Alternatively, "
    "if a Bash-like shell runs the command on the remote host, you could prefix the command itself with the "
    "variables in the form 'VAR=value command'"
)


class RemoteCommand(CommandBase):
    token = "command:remote:Command"  # noqa: S105 - a type token

    def check(self, ctx: Context, olds: Values, news: Values) -> tuple[Values, list[CheckFailure]]:
        inputs, found = super().check(ctx, olds, news)
        if "connection" in inputs:
            inputs = {**inputs, "connection": ssh.hidden(inputs["connection"])}
        return inputs, found + ssh.failures(news.get("connection"))

    def run(self, ctx: Context, command: str, inputs: Values, last: Values, timeout: float) -> Values:
        import paramiko

        output = Output(ctx, inputs.get("logging"))
        with ssh.dial(ctx, inputs["connection"]) as transport:
            try:
                channel = _session(ctx, transport, inputs.get("environment") or {}, previous_output(inputs, last))
                status = _run(ctx, channel, command, inputs.get("stdin") or "", output)
            except (paramiko.SSHException, OSError, EOFError) as error:
                raise output.failure(str(error) or "the connection was lost", command) from error
        if ctx.cancelled.is_set() and status == -1:
            raise output.failure("cancelled", command)
        if status == -1:
            raise output.failure("wait: remote command exited without exit status or exit signal", command)
        if status:
            raise output.failure(f"Process exited with status {status}", command)
        return dict(output.result())


def _session(
    ctx: Context, transport: paramiko.Transport, wanted: dict[str, str], optional: dict[str, str]
) -> paramiko.Channel:
    """A session with its environment. A variable of the user's that is refused is an error, ours only a warning."""
    accepted = dict(wanted)
    for name, value in optional.items():
        # paramiko closes a channel whose request was refused, so the optional ones are tried on one of their own.
        probe = transport.open_session()
        if _setenv(probe, name, value):
            accepted[name] = value
        else:
            ctx.log(f"Unable to set '{name}'. {_ACCEPT_ENV}", "warning")
        probe.close()
    channel = transport.open_session()
    for name, value in accepted.items():
        if not _setenv(channel, name, value):
            ctx.log(f"Unable to set '{name}'. {_ACCEPT_ENV}", "error")
            raise ProviderError(f'could not set environment variable "{name}": ssh: setenv failed')
    return channel


def _setenv(channel: Any, name: str, value: str) -> bool:
    """RFC 4254, 6.4, with a reply wanted (paramiko's own method does not ask for one)."""
    import paramiko
    from paramiko.common import cMSG_CHANNEL_REQUEST

    message = paramiko.Message()
    message.add_byte(cMSG_CHANNEL_REQUEST)
    message.add_int(channel.remote_chanid)
    message.add_string("env")
    message.add_boolean(True)
    message.add_string(name)
    message.add_string(value)
    channel._event_pending()
    channel.transport._send_user_message(message)
    try:
        channel._wait_for_event()
    except (paramiko.SSHException, EOFError):
        if not channel.transport.is_active():
            raise
        return False
    return True


def _run(ctx: Context, channel: paramiko.Channel, command: str, stdin: str, output: Output) -> int:
    channel.exec_command(command.encode())

    def pump(stream: str) -> None:
        receive = channel.recv if stream == "stdout" else channel.recv_stderr
        while data := receive(65536):
            output.add(stream, data)

    readers = [threading.Thread(target=pump, args=(name,), daemon=True) for name in ("stdout", "stderr")]
    for reader in readers:
        reader.start()
    try:
        if stdin:
            channel.sendall(stdin.encode())
        channel.shutdown_write()
    except OSError:
        pass  # the command ended without reading all of it, as it may
    while not channel.status_event.wait(0.2):
        if ctx.cancelled.is_set():
            channel.close()
            break
    for reader in readers:
        reader.join(10)
    output.end()
    return channel.exit_status
