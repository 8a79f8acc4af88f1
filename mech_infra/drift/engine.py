"""The engine as the sensors' plugin process sees it: a log to write warnings into, and the end to follow it to."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
import time

_LOOK_S = 2


def address() -> str | None:
    """HOST:PORT of the engine, which every plugin gets as its argument; None outside a plugin."""
    return sys.argv[1] if len(sys.argv) > 1 and sys.argv[1].rpartition(":")[2].isdecimal() else None


def say(text: str) -> None:
    """A warning in the engine's own log: shown by every preview, kept apart by its JSON. Nothing when the engine is gone."""
    import grpc
    from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

    where = address()
    if where is None:
        return
    with contextlib.suppress(grpc.RpcError), grpc.insecure_channel(where) as channel:
        engine_pb2_grpc.EngineStub(channel).Log(
            engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=text), timeout=5
        )


def leave_with_it() -> None:
    """End this process when the engine has gone: a killed engine tells nobody, and the SDK's plugin would stay for ever."""
    where = address()
    if where is not None:
        threading.Thread(target=_watch, args=(where,), daemon=True).start()


def _watch(where: str) -> None:
    host, _, port = where.rpartition(":")
    missed = 0
    while missed < 2:
        time.sleep(_LOOK_S)
        try:
            socket.create_connection((host, int(port)), timeout=_LOOK_S).close()
            missed = 0
        except OSError:
            missed += 1
    os._exit(0)
