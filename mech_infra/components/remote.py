"""How components reach the host: one verified SSH connection description, one way to run a command with it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pulumi
import pulumi_command as command
import pulumi_docker as docker

from mech_infra.commands import ssh
from mech_infra.components.limits import COMMAND_LIMIT_S, within
from mech_infra.drift.sensor import HostState
from mech_infra.facts.model import Check, Watch
from mech_infra.registry import Login


@dataclass(frozen=True)
class Access:
    """The host as others need it: its address, its key, where ours is, and what must be there before it is used."""

    address: pulumi.Output[str]
    host_key: pulumi.Output[str]
    identity: str  # path of our key as ssh expands it: the same text on every machine
    ready: Sequence[pulumi.Resource]
    _sensed: list[dict[str, Any]] = field(default_factory=list, repr=False, compare=False)

    def once(self, *ready: pulumi.Resource) -> Access:
        """The same host, to be used only after these resources."""
        return replace(self, ready=(*self.ready, *ready))

    def run(
        self,
        name: str,
        create: pulumi.Input[str],
        *,
        parent: pulumi.Resource,
        stdin: pulumi.Input[str] | None = None,
        delete: str | None = None,
        triggers: Sequence[pulumi.Input[str]] = (),
        after: Sequence[pulumi.Resource] = (),
        limit_s: int = COMMAND_LIMIT_S,
        attempts: int = ssh.ATTEMPTS,
        shared: bool = True,
        secret: bool = False,
        told: bool = False,
    ) -> command.local.Command:
        """One SSH trip as root. It runs again when its text, stdin or a trigger changes.

        By ssh itself, and not by command.remote.Command: that one waits for the end of a command whatever becomes of
        the connection, without keep-alives, deaf to time-outs and Ctrl-C (pulumi-command 1.2.1, remote/commandOutputs.go).
        `limit_s` is for a command that hangs on a host that is well. Not `shared`: by a connection of its own, where its
        coming in is the proof of something. `secret`: so is what it prints. `told`: that is shown while it runs.
        """
        return command.local.Command(
            name,
            interpreter=pulumi.Output.all(self.address, self.host_key).apply(
                lambda both: ssh.interpreter(self.identity, both[0], both[1], attempts, shared)
            ),
            create=create,
            stdin=stdin,
            delete=delete,
            triggers=list(triggers) or None,
            logging=_logging(told),
            # PULUMI_COMMAND_STDOUT would reach ssh and no further.
            add_previous_output_in_env=False,
            opts=pulumi.ResourceOptions(
                parent=parent,
                depends_on=[*self.ready, *after],
                additional_secret_outputs=["stdout"] if secret else None,
                # No alias for the command.remote.Command of before: the official plugin refuses its state.
                custom_timeouts=within(limit_s),
            ),
        )

    def undo(
        self,
        name: str,
        text: str,
        *,
        parent: pulumi.Resource,
        made: pulumi.Resource,
        before: Sequence[pulumi.Resource] = (),
        told: bool = False,
    ) -> pulumi.Resource:
        """Runs `text` on the host when `parent` is no longer declared, and takes back what `made` put there.

        A resource of its own: a command that is replaced at each repair deletes the old one after it made the new one.
        `before`: these go only then, too. `told`: what it prints is shown while it runs.
        """
        away = pulumi.Output.all(self.address, self.host_key).apply(
            lambda both: shlex.join([*ssh.interpreter(self.identity, both[0], both[1]), text])
        )
        undone: pulumi.Resource = command.local.Command(
            name,
            create=":",
            # A host that is lost cannot be asked, and has nothing on it.
            delete=away.apply(lambda line: f"{line} || [ $? = {ssh.FAILED} ]"),
            logging=_logging(told),
            opts=pulumi.ResourceOptions(
                parent=parent, depends_on=[made, *before], custom_timeouts=within(COMMAND_LIMIT_S)
            ),
        )
        return undone

    def sense(
        self,
        name: str,
        title: str,
        checks: Sequence[Check],
        *,
        parent: pulumi.Resource,
        watches: Sequence[Watch] = (),
        secret: bool = False,
        calm: bool = False,
    ) -> pulumi.Output[str]:
        """Look at these facts in every preview; returns the trigger for the command that puts them right.

        `calm`: that other facts are declared than before triggers nothing.
        """
        access = {"host": self.address, "host_key": self.host_key, "identity": self.identity}
        opts = pulumi.ResourceOptions(parent=parent, depends_on=list(self.ready))
        wires = {check.label: check.wire for check in checks}
        self._sensed.append({"checks": wires, "watches": [watch.wire for watch in watches]})
        return HostState(name, title, access, checks, watches, secret, opts, calm).repair

    def sensors(self) -> list[dict[str, Any]]:
        """What all components sensed until now, as data with Outputs in it; as a whole it is secret."""
        return [{**one, "access": {"host": self.address}} for one in self._sensed]

    def docker_provider(self, name: str, parent: pulumi.Resource, login: Login | None = None) -> docker.Provider:
        """Docker on the host over SSH; the host key that the stack remembers is the only one accepted.

        `login` goes with each pull to the Docker there, which keeps it nowhere.
        """
        known = login and docker.ProviderRegistryAuthArgs(
            address=login.address, username=login.user, password=pulumi.Output.secret(login.token)
        )
        return docker.Provider(
            name,
            host=pulumi.Output.concat("ssh://root@", self.address, ":22"),
            ssh_opts=pulumi.Output.all(self.address, self.host_key).apply(
                lambda both: ssh.options(self.identity, both[0], both[1])
            ),
            registry_auth=[known] if known else None,
            opts=pulumi.ResourceOptions(parent=parent, depends_on=list(self.ready)),
        )


def _logging(told: bool) -> command.local.Logging:
    """The log shows no output of most host commands: errors carry it, and files may be secret."""
    return command.local.Logging.STDOUT if told else command.local.Logging.NONE
