"""What the launcher `pulumi-resource-docker` runs."""

from sandbox.providers import rpc
from sandbox.providers.docker.provider import Docker

if __name__ == "__main__":
    rpc.serve(Docker())
