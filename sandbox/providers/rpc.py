"""The gRPC frame of a stand-in provider: `serve(provider)` is all a plugin's main needs.

Source of the protocol: pulumi/proto provider.proto (stubs in the `pulumi` package). The engine starts the plugin with
its own address as the first argument, reads the port from the first line of stdout, then calls.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from sandbox.providers.contract import (
    CheckFailure,
    Context,
    Diff,
    PartialError,
    Provider,
    ProviderError,
    Resource,
    diff_values,
)
from sandbox.providers.servicer import Servicer
from sandbox.providers.stubs import grpc, provider_pb2_grpc
from sandbox.providers.values import UNKNOWN, Secret, has_unknown, plain

__all__ = [
    "UNKNOWN",
    "CheckFailure",
    "Context",
    "Diff",
    "PartialError",
    "Provider",
    "ProviderError",
    "Resource",
    "Secret",
    "diff_values",
    "has_unknown",
    "plain",
    "serve",
    "start",
]

_MESSAGE_LIMIT = 400 * 1024 * 1024  # the engine's own limit: 400 MB


def start(provider: Provider, engine_address: str = "") -> tuple[grpc.Server, int]:
    """A running server and its port on 127.0.0.1 (tests call this)."""
    options = [
        ("grpc.max_receive_message_length", _MESSAGE_LIMIT),
        ("grpc.max_send_message_length", _MESSAGE_LIMIT),
    ]
    server = grpc.server(ThreadPoolExecutor(max_workers=provider.max_workers), options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(provider, engine_address), server)
    port = int(server.add_insecure_port("127.0.0.1:0"))
    server.start()
    return server, port


def serve(provider: Provider) -> None:
    """Serve until the engine ends us or is gone itself."""
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    # Plugins have a process group of their own, so a SIGINT is the engine's "you can go", never the user's Ctrl-C.
    # Any other end than a prompt exit with 0 is shown to the user as a crash.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))
    _leave_with_parent()
    server, port = start(provider, arguments[0] if arguments else "")
    print(port, flush=True)
    sys.stdout = sys.stderr  # stdout belongs to the protocol
    server.wait_for_termination()


def _leave_with_parent() -> None:
    """PDEATHSIG would fire when a *thread* of the Go engine ends, so the parent's id is polled instead."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
