"""Drive a provider through its real gRPC surface, as the engine does (for tests and by hand)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.providers import rpc
from sandbox.providers.values import from_struct, to_struct


class Engine:
    """Calls one resource of one provider; values in and out are Python (Secret, UNKNOWN included)."""

    def __init__(self, port: int) -> None:
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.stub = provider_pb2_grpc.ResourceProviderStub(self.channel)

    @staticmethod
    def urn(token: str, name: str = "it") -> str:
        return f"urn:pulumi:test::project::{token}::{name}"

    def configure(self, **args: Any) -> Any:
        return self.stub.Configure(provider_pb2.ConfigureRequest(args=to_struct(args), acceptSecrets=True))

    def check(self, token: str, news: dict[str, Any], olds: dict[str, Any] | None = None) -> Any:
        answer = self.stub.Check(
            provider_pb2.CheckRequest(urn=self.urn(token), news=to_struct(news), olds=to_struct(olds or {}))
        )
        return from_struct(answer.inputs), [(f.property, f.reason) for f in answer.failures]

    def diff(
        self, token: str, olds: dict[str, Any], news: dict[str, Any], state: dict[str, Any] | None = None, **more: Any
    ) -> Any:
        return self.stub.Diff(
            provider_pb2.DiffRequest(
                id="id",
                urn=self.urn(token),
                old_inputs=to_struct(olds),
                olds=to_struct(olds if state is None else state),
                news=to_struct(news),
                **more,
            )
        )

    def create(
        self, token: str, inputs: dict[str, Any], preview: bool = False, timeout: float = 0
    ) -> tuple[str, dict[str, Any]]:
        answer = self.stub.Create(
            provider_pb2.CreateRequest(
                urn=self.urn(token), properties=to_struct(inputs), preview=preview, timeout=timeout
            )
        )
        return answer.id, from_struct(answer.properties)

    def read(
        self, token: str, id: str, state: dict[str, Any], inputs: dict[str, Any]
    ) -> tuple[str, dict[str, Any], dict[str, Any]]:
        answer = self.stub.Read(
            provider_pb2.ReadRequest(id=id, urn=self.urn(token), properties=to_struct(state), inputs=to_struct(inputs))
        )
        return answer.id, from_struct(answer.properties), from_struct(answer.inputs)

    def update(
        self, token: str, id: str, state: dict[str, Any], news: dict[str, Any], preview: bool = False
    ) -> dict[str, Any]:
        answer = self.stub.Update(
            provider_pb2.UpdateRequest(
                id=id, urn=self.urn(token), olds=to_struct(state), news=to_struct(news), preview=preview
            )
        )
        return from_struct(answer.properties)

    def delete(self, token: str, id: str, state: dict[str, Any]) -> None:
        self.stub.Delete(provider_pb2.DeleteRequest(id=id, urn=self.urn(token), properties=to_struct(state)))

    def invoke(self, token: str, args: dict[str, Any]) -> dict[str, Any]:
        answer = self.stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=to_struct(args)))
        return from_struct(getattr(answer, "return"))


@contextmanager
def running(provider: rpc.Provider) -> Iterator[Engine]:
    server, port = rpc.start(provider)
    engine = Engine(port)
    try:
        yield engine
    finally:
        engine.channel.close()
        server.stop(0)
