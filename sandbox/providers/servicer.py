"""Protocol messages to and from the `Resource` contract: secrets, unknowns, diffs and errors in one place."""

from __future__ import annotations

import functools
import json
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from sandbox.providers.configuration import clean, compact, config, decode
from sandbox.providers.contract import (
    CheckFailure,
    Context,
    PartialError,
    Provider,
    ProviderError,
    Resource,
    Severity,
    diff_values,
)
from sandbox.providers.diffs import as_bridge, diff_response, fold
from sandbox.providers.stubs import (
    empty_pb2,
    engine_pb2,
    engine_pb2_grpc,
    grpc,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
    status_pb2,
)
from sandbox.providers.values import (
    Secret,
    from_struct,
    has_secret,
    mark,
    mark_like,
    plain,
    secret_texts,
    to_struct,
)

Values = dict[str, Any]
_Call = TypeVar("_Call", bound=Callable[..., Any])
_LIFE = frozenset({"Create", "Read", "Update", "Delete"})
_SEVERITY = {"debug": 0, "info": 1, "warning": 2, "error": 3}


def _read(struct: Any) -> Values:
    return clean(from_struct(struct))


def _guard(call: _Call) -> _Call:
    """Turn exceptions into gRPC errors that read well and hold no secret of this request."""

    @functools.wraps(call)
    def wrapper(self: Servicer, request: Any, context: Any) -> Any:
        try:
            return call(self, request, context)
        except PartialError as error:
            self.partial(error, request, context)
        except ProviderError as error:
            text = self.worded(str(error)) if call.__name__ in _LIFE else str(error)
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


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """One provider process."""

    def __init__(self, provider: Provider, engine_address: str = "") -> None:
        self.provider = provider
        self.engine_address = engine_address
        self.cancelled = threading.Event()
        self.secrets: set[str] = set()  # of the configuration
        self._engine: Any = None
        self._lock = threading.Lock()

    # -- plumbing ---------------------------------------------------------------------------------------------

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

    def worded(self, text: str) -> str:
        """An error as the plugin words it: Terraform's SDK counts them."""
        return f"1 error occurred:\n\t* {text}\n\n" if self.provider.sdk_v2 else text

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
        message = self.redactor(request)(self.worded(str(error)))
        detail = provider_pb2.ErrorResourceInitFailed(
            id=error.id,
            properties=self.outputs(resource, error.outputs, _read(given)),
            reasons=[message],
            inputs=given,
        )
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message)
        status.details.add().Pack(detail)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.UNKNOWN, message)

    # -- the plugin -------------------------------------------------------------------------------------------

    @_guard
    def Handshake(self, request: Any, context: Any) -> Any:
        self.engine_address = request.engine_address or self.engine_address
        secrets = not self.provider.sdk_v2
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=secrets, accept_resources=secrets, supports_autonaming_configuration=not secrets
        )

    @_guard
    def Attach(self, request: Any, context: Any) -> Any:
        self.engine_address, self._engine = request.address, None
        return empty_pb2.Empty()

    @_guard
    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=self.provider.version)

    @_guard
    def GetSchema(self, request: Any, context: Any) -> Any:
        schema = {"name": self.provider.name, "version": self.provider.version}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    def GetMapping(self, request: Any, context: Any) -> Any:
        return provider_pb2.GetMappingResponse()

    def GetMappings(self, request: Any, context: Any) -> Any:
        return provider_pb2.GetMappingsResponse()

    @_guard
    def Cancel(self, request: Any, context: Any) -> Any:
        self.cancelled.set()
        self.provider.cancel()
        return empty_pb2.Empty()

    # -- configuration ----------------------------------------------------------------------------------------

    @_guard
    def CheckConfig(self, request: Any, context: Any) -> Any:
        news = from_struct(request.news)
        failures = self.provider.check_config(self.context(request), config(news))
        inputs = {**{key: compact(item) for key, item in news.items()}, **self.provider.stamp}
        return provider_pb2.CheckResponse(
            inputs=to_struct(mark(inputs, self.provider.secret_config)), failures=_failures(failures)
        )

    @_guard
    def DiffConfig(self, request: Any, context: Any) -> Any:
        if not self.provider.compares_config:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "DiffConfig is not implemented")
        olds = config(_read(request.old_inputs if request.HasField("old_inputs") else request.olds))
        answer = diff_response(diff_values(olds, config(_read(request.news)), self.provider.replace_on_config), [])
        return as_bridge(answer) if self.provider.sdk_v2 else answer

    @_guard
    def Configure(self, request: Any, context: Any) -> Any:
        values = from_struct(request.args) if request.HasField("args") else {}
        if not values:
            values = {key.rsplit(":", 1)[-1]: text for key, text in request.variables.items()}
        decoded = {key: decode(item) for key, item in clean(values).items()}
        self.secrets = secret_texts(mark(decoded, self.provider.secret_config))
        self.provider.config = plain(decoded)
        self.provider.configure(self.context(request), self.provider.config)
        secrets = not self.provider.sdk_v2
        return provider_pb2.ConfigureResponse(
            supportsPreview=True,
            acceptSecrets=secrets,
            acceptResources=secrets,
            acceptOutputs=secrets,
            supports_autonaming_configuration=not secrets,
        )

    @_guard
    def Invoke(self, request: Any, context: Any) -> Any:
        args = _read(request.args)
        try:
            result = self.provider.invoke(self.context(request), request.tok, plain(args))
        except ProviderError as error:
            if not self.provider.sdk_v2:
                raise
            raise ProviderError(f"invoking {request.tok}: {self.worded(str(error))}") from error
        marked = self.provider.secret_invoke_outputs(request.tok, result, has_secret(args))
        return provider_pb2.InvokeResponse(**{"return": to_struct(marked)})

    # -- resources --------------------------------------------------------------------------------------------

    @_guard
    def Check(self, request: Any, context: Any) -> Any:
        news = _read(request.news)
        resource, ctx = self.resource(request.urn), self.context(request)
        if request.HasField("autonaming"):
            ctx.may_name = request.autonaming.mode != request.autonaming.DISABLE
            ctx.proposed_name = request.autonaming.proposed_name
        inputs, failures = resource.check(ctx, plain(_read(request.olds)), plain(news))
        return provider_pb2.CheckResponse(inputs=to_struct(mark_like(inputs, news)), failures=_failures(failures))

    @_guard
    def Diff(self, request: Any, context: Any) -> Any:
        news, olds = _read(request.news), _read(request.olds)
        old_inputs = _read(request.old_inputs) if request.HasField("old_inputs") else olds
        ctx = self.context(request)
        ctx.old_inputs = plain(old_inputs)
        diff = self.resource(request.urn).diff(ctx, request.id, ctx.old_inputs, plain(olds), plain(news))
        hidden = {key for part in (news, olds, old_inputs) for key, item in part.items() if type(item) is Secret}
        return diff_response(fold(diff, hidden), list(request.ignoreChanges))

    @_guard
    def Create(self, request: Any, context: Any) -> Any:
        given = _read(request.properties)
        resource, ctx, inputs = self.resource(request.urn), self.context(request), plain(given)
        if request.preview:
            outputs = resource.preview(ctx, inputs)
            return provider_pb2.CreateResponse(
                id=resource.preview_id(ctx), properties=self.outputs(resource, outputs, given)
            )
        id, outputs = resource.create(ctx, inputs, request.timeout)
        return provider_pb2.CreateResponse(id=id, properties=self.outputs(resource, outputs, given))

    @_guard
    def Read(self, request: Any, context: Any) -> Any:
        inputs, state = _read(request.inputs), _read(request.properties)
        resource, ctx = self.resource(request.urn), self.context(request)
        ctx.raw_inputs = plain(from_struct(request.inputs))
        ctx.meta = plain(from_struct(request.properties)).get("__meta")
        found = resource.read(ctx, request.id, plain(inputs), plain(state))
        if found is None:
            return provider_pb2.ReadResponse()
        id, outputs, new_inputs = found
        return provider_pb2.ReadResponse(
            id=id,
            properties=self.outputs(resource, outputs, state, inputs),
            inputs=to_struct(mark_like(new_inputs, inputs)),
        )

    @_guard
    def Update(self, request: Any, context: Any) -> Any:
        news, olds = _read(request.news), plain(_read(request.olds))
        resource, ctx = self.resource(request.urn), self.context(request)
        ctx.old_inputs = plain(_read(request.old_inputs))
        if request.preview:
            outputs = resource.preview_update(ctx, request.id, olds, plain(news))
        else:
            outputs = resource.update(ctx, request.id, olds, plain(news), request.timeout)
        return provider_pb2.UpdateResponse(properties=self.outputs(resource, outputs, news))

    @_guard
    def Delete(self, request: Any, context: Any) -> Any:
        state = _read(request.properties)
        ctx = self.context(request)
        ctx.old_inputs = plain(_read(request.old_inputs))
        self.resource(request.urn).delete(ctx, request.id, plain(state), request.timeout)
        return empty_pb2.Empty()


def _token(urn: str) -> str:
    """`urn:pulumi:stack::project::parent$token::name` -> token."""
    parts = urn.split("::")
    return parts[2].rsplit("$", 1)[-1] if len(parts) > 2 else ""


def _failures(failures: list[CheckFailure]) -> list[Any]:
    return [provider_pb2.CheckFailure(property=item.property, reason=item.reason) for item in failures]
