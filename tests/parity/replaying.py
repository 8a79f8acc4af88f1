"""A recorded request given to the stand-in, in this process; its answer in the same JSON form as the recorded one."""

from __future__ import annotations

from typing import Any

from google.protobuf import json_format
from grpc import StatusCode
from pulumi.runtime.proto import provider_pb2

from sandbox.providers.contract import Provider
from sandbox.providers.servicer import Servicer
from tests.parity.recordings import Call, Json

UNKNOWN = StatusCode.UNKNOWN
_REQUESTS: dict[str, Any] = {
    "CheckConfig": provider_pb2.CheckRequest,
    "DiffConfig": provider_pb2.DiffRequest,
    "Configure": provider_pb2.ConfigureRequest,
    "Check": provider_pb2.CheckRequest,
    "Diff": provider_pb2.DiffRequest,
    "Create": provider_pb2.CreateRequest,
    "Read": provider_pb2.ReadRequest,
    "Update": provider_pb2.UpdateRequest,
    "Delete": provider_pb2.DeleteRequest,
    "Invoke": provider_pb2.InvokeRequest,
}


class _Context:
    """gRPC's server context, as far as the servicer uses it."""

    def __init__(self) -> None:
        self.error = ""

    def abort(self, code: Any, details: str) -> None:
        # The engine's log names the code; recordings leave out the usual one.
        self.error = details if code is UNKNOWN else f"rpc error: code = {code.name.title()} desc = {details}"
        raise Exception  # as gRPC does: bare, so that the servicer lets it pass

    def set_trailing_metadata(self, metadata: Any) -> None:
        pass


def message(method: str, request: Json) -> Any:
    """The request as protobuf; a field that this protocol does not know is an error."""
    return json_format.ParseDict(request, _REQUESTS[method]())


def answer(servicer: Servicer, call: Call) -> tuple[Json, str]:
    """(the stand-in's answer, its error; one of them is empty)."""
    context = _Context()
    try:
        reply = getattr(servicer, call.method)(message(call.method, call.request), context)
    except Exception:
        if not context.error:
            raise
        return {}, context.error
    return json_format.MessageToDict(reply), ""


def servicer(provider: Provider) -> Servicer:
    return Servicer(provider)
