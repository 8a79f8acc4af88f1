"""How components reach the host: one verified SSH connection description, one way to run a command with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_command as command
import pulumi_docker as docker


@dataclass(frozen=True)
class Access:
    """The host as others need it: its address, its key, ours, and what must be there before it is used."""

    address: pulumi.Output[str]
    host_key: pulumi.Output[str]
    private_key: pulumi.Output[str]
    private_key_path: str
    ready: Sequence[pulumi.Resource]

    def connection(self) -> command.remote.ConnectionArgs:
        return command.remote.ConnectionArgs(
            host=self.address,
            user="root",
            private_key=self.private_key,
            host_key=self.host_key,
            per_dial_timeout=15,
            dial_error_limit=20,
        )

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
    ) -> command.remote.Command:
        """One SSH trip as root. It runs again when its text, stdin or a trigger changes."""
        return command.remote.Command(
            name,
            connection=self.connection(),
            create=create,
            stdin=stdin,
            delete=delete,
            triggers=list(triggers) or None,
            # The log shows no output of host commands: errors carry it, and files may be secret.
            logging=command.remote.Logging.NONE,
            opts=pulumi.ResourceOptions(parent=parent, depends_on=[*self.ready, *after]),
        )

    def docker_provider(self, name: str, parent: pulumi.Resource) -> docker.Provider:
        """Docker on the host over SSH; the host key that the stack remembers is the only one accepted."""
        known = pulumi.Output.concat("KnownHostsCommand=/bin/echo ", self.address, " ", self.host_key)
        return docker.Provider(
            name,
            host=pulumi.Output.concat("ssh://root@", self.address, ":22"),
            ssh_opts=[
                "-i", self.private_key_path, "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=yes",
                "-o", "UserKnownHostsFile=/dev/null", "-o", known,
            ],
            opts=pulumi.ResourceOptions(parent=parent, depends_on=list(self.ready)),
        )  # fmt: skip
