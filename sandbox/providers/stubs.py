"""Pulumi's protocol stubs without the whole SDK: a provider must answer in well under half a second.

`import pulumi` costs about 0.4 s (OpenTelemetry, the SDK's runtime). The generated stubs need none of it, so
empty parent packages with the right search path stand in for `pulumi` and `pulumi.runtime` in this process.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType


def _light_parents() -> None:
    if "pulumi" in sys.modules:  # someone has already paid for the SDK (tests do)
        return
    spec = importlib.util.find_spec("pulumi")
    if spec is None or spec.origin is None:
        raise ImportError("the Python package `pulumi` is not installed here: run `make up` once")
    root = Path(spec.origin).parent
    for name, path in (("pulumi", root), ("pulumi.runtime", root / "runtime")):
        module = ModuleType(name)
        module.__path__ = [str(path)]
        sys.modules[name] = module


# Children (ssh) are started by vfork: gRPC's fork handlers would only add stalls and warnings.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
_light_parents()

import grpc  # noqa: E402
from google.protobuf import empty_pb2, struct_pb2  # noqa: E402
from pulumi.runtime.proto import (  # noqa: E402
    engine_pb2,
    engine_pb2_grpc,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
    status_pb2,
)

__all__ = [
    "empty_pb2",
    "engine_pb2",
    "engine_pb2_grpc",
    "grpc",
    "plugin_pb2",
    "provider_pb2",
    "provider_pb2_grpc",
    "status_pb2",
    "struct_pb2",
]
