"""What all calls of the protocol share: logging, secrets that no text may hold, errors that read well, outputs."""

from __future__ import annotations

import functools
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from sandbox.providers.configuration import clean
from sandbox.providers.contract import (
    Context,
    PartialError,
    Provider,
    ProviderError,
    Resource,
    Severity,
)
from sandbox.providers.stubs import (
    engine_pb2,
    engine_pb2_grpc,
    grpc,
    provider_pb2,
    status_pb2,
)
from sandbox.providers.values import (
    from_struct,
    mark,
    mark_like,
    secret_texts,
    to_struct,
)

Values = dict[str, Any]
_Call = TypeVar("_Call", bound=Callable[..., Any])
_LIFE = frozenset({"Create", "Read", "Update", "Delete"})
_DOING = {"Update": "updating", "Delete": "deleting"}
_SEVERITY = {"debug": 0, "info": 1, "warning": 2, "error": 3}


def read(struct: Any) -> Values:
    """A message's values as the contract has them: Secret and UNKNOWN in their places."""
    return clean(from_struct(struct))


def guard(call: _Call) -> _Call:
    """Turn exceptions into gRPC errors that read well and hold no secret of this request."""

    @functools.wraps(call)
    def wrapper(self: Frame, request: Any, context: Any) -> Any:
        try:
            return call(self, request, context)
        except PartialError as error:
            self.partial(error, request, context)
        except ProviderError as error:
            text = self.worded(str(error), call.__name__, request.urn) if call.__name__ in _LIFE else str(error)
            context.abort(grpc.StatusCode.UNKNOWN, self.redactor(request)(text))
        except Exception as error:
            if type(error) is Exception and not error.args:  # gRPC's own abort passes through
                raise
            where = traceback.extract_tb(error.__traceback__)[-1]
            print("".join(traceback.format_exception(error)), file=sys.stderr)
            text = f"the {self.provider.name} stand-in failed: {type(error).__name__}: {error} "
            text += f"({where.filename.rsplit('/', 1)[-1]}:{where.lineno}); please report this"
            context.abort(grpc.StatusCode.INTERNAL, self.redactor(request)(text))
        return None

    return wrapper  # type: ignore[return-value]


class Frame:
    """What every call of the protocol needs: the resource it is about, its context, its answer, its errors."""

    def __init__(self, provider: Provider, engine_address: str = "") -> None:
        self.provider = provider
        self.engine_address = engine_address
        self.cancelled = threading.Event()
        self.secrets: set[str] = set()  # of the configuration
        self._engine: Any = None
        self._lock = threading.Lock()

    def log(self, severity: Severity, message: str, urn: str, ephemeral: bool) -> None:
        with self._lock:
            if self._engine is None and self.engine_address:
                self._engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(self.engine_address))
        if self._engine is None:
            print(message, file=sys.stderr)
            return
        level: Any = _SEVERITY[severity]
        request = engine_pb2.LogRequest(severity=level, message=message, urn=urn, ephemeral=ephemeral)
        try:
            self._engine.Log(request, timeout=10)
        except grpc.RpcError:
            print(message, file=sys.stderr)

    def redactor(self, request: Any) -> Callable[[str], str]:
        texts = set(self.secrets)
        for name in ("properties", "inputs", "olds", "news", "old_inputs", "args"):
            if name in request.DESCRIPTOR.fields_by_name:
                texts |= secret_texts(from_struct(getattr(request, name)), self.provider.public_keys)
        ordered = sorted(texts, key=len, reverse=True)

        def redact(text: str) -> str:
            for secret in ordered:
                text = text.replace(secret, "[secret]")
            return text

        return redact

    def worded(self, text: str, call: str = "", urn: str = "") -> str:
        """An error as the plugin words it: Terraform's SDK counts them, the bridge says what it was about to do."""
        if not self.provider.sdk_v2:
            return text
        doing = f"{_DOING[call]} {urn}: " if call in _DOING else ""
        return f"{doing}1 error occurred:\n\t* {text}\n\n"

    def context(self, request: Any) -> Context:
        urn = str(getattr(request, "urn", ""))
        return Context(
            urn=urn,
            name=urn.rsplit("::", 1)[-1],
            token=_token(urn),
            preview=bool(getattr(request, "preview", False)),
            config=self.provider.config,
            provider=self.provider,
            cancelled=self.cancelled,
            timeout=float(getattr(request, "timeout", 0)),
            random_seed=bytes(getattr(request, "randomSeed", b"")),
            log_sink=self.log,
            redact=self.redactor(request),
        )

    def resource(self, urn: str) -> Resource:
        found = self.provider.by_token.get(_token(urn))
        if found is None:
            raise ProviderError(
                f"the {self.provider.name} stand-in does not cover {_token(urn)}: see its PARITY table, "
                "or use the official plugin"
            )
        return found

    def outputs(self, resource: Resource, outputs: Values, *like: Values) -> Any:
        for template in like:
            outputs = mark_like(outputs, template)
        return to_struct(mark(outputs, resource.secret_outputs), nulls=True)

    def partial(self, error: PartialError, request: Any, context: Any) -> None:
        resource = self.resource(request.urn)
        given = request.news if "news" in request.DESCRIPTOR.fields_by_name else request.properties
        call = "Update" if "news" in request.DESCRIPTOR.fields_by_name else "Create"
        message = self.redactor(request)(self.worded(str(error), call, request.urn))
        detail = provider_pb2.ErrorResourceInitFailed(
            id=error.id,
            properties=self.outputs(resource, error.outputs, read(given)),
            reasons=[message],
            inputs=given,
        )
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message)
        status.details.add().Pack(detail)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.UNKNOWN, message)


def _token(urn: str) -> str:
    """`urn:pulumi:stack::project::parent$token::name` -> token."""
    parts = urn.split("::")
    return parts[2].rsplit("$", 1)[-1] if len(parts) > 2 else ""
