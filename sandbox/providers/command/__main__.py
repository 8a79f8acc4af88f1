"""What the launcher `pulumi-resource-command` runs."""

from sandbox.providers import rpc
from sandbox.providers.command.provider import Command

if __name__ == "__main__":
    rpc.serve(Command())
