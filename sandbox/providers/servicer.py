"""The calls of the protocol, told to the `Resource` contract and back: check, diff, create, read, update, delete."""

from __future__ import annotations

import json
from typing import Any

from sandbox.providers.configuration import clean, compact, config, decode
from sandbox.providers.contract import (
    CheckFailure,
    ProviderError,
    diff_values,
)
from sandbox.providers.diffs import as_bridge, diff_response, fold
from sandbox.providers.frame import Frame, guard, read
from sandbox.providers.stubs import (
    empty_pb2,
    grpc,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
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


class Servicer(Frame, provider_pb2_grpc.ResourceProviderServicer):
    """One provider process."""

    # -- the plugin -------------------------------------------------------------------------------------------

    @guard
    def Handshake(self, request: Any, context: Any) -> Any:
        self.engine_address = request.engine_address or self.engine_address
        secrets = not self.provider.sdk_v2
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=secrets, accept_resources=secrets, supports_autonaming_configuration=not secrets
        )

    @guard
    def Attach(self, request: Any, context: Any) -> Any:
        self.engine_address, self._engine = request.address, None
        return empty_pb2.Empty()

    @guard
    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=self.provider.version)

    @guard
    def GetSchema(self, request: Any, context: Any) -> Any:
        schema = {"name": self.provider.name, "version": self.provider.version}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    def GetMapping(self, request: Any, context: Any) -> Any:
        return provider_pb2.GetMappingResponse()

    def GetMappings(self, request: Any, context: Any) -> Any:
        return provider_pb2.GetMappingsResponse()

    @guard
    def Cancel(self, request: Any, context: Any) -> Any:
        self.cancelled.set()
        self.provider.cancel()
        return empty_pb2.Empty()

    # -- configuration ----------------------------------------------------------------------------------------

    @guard
    def CheckConfig(self, request: Any, context: Any) -> Any:
        news = from_struct(request.news)
        failures = self.provider.check_config(self.context(request), config(news))
        inputs = {**{key: compact(item) for key, item in news.items()}, **self.provider.stamp}
        return provider_pb2.CheckResponse(
            inputs=to_struct(mark(inputs, self.provider.secret_config)), failures=_failures(failures)
        )

    @guard
    def DiffConfig(self, request: Any, context: Any) -> Any:
        if not self.provider.compares_config:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "DiffConfig is not implemented")
        olds = config(read(request.old_inputs if request.HasField("old_inputs") else request.olds))
        answer = diff_response(diff_values(olds, config(read(request.news)), self.provider.replace_on_config), [])
        return as_bridge(answer) if self.provider.sdk_v2 else answer

    @guard
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

    @guard
    def Invoke(self, request: Any, context: Any) -> Any:
        args = read(request.args)
        try:
            result = self.provider.invoke(self.context(request), request.tok, plain(args))
        except ProviderError as error:
            if not self.provider.sdk_v2:
                raise
            raise ProviderError(f"invoking {request.tok}: {self.worded(str(error))}") from error
        marked = self.provider.secret_invoke_outputs(request.tok, result, has_secret(args))
        return provider_pb2.InvokeResponse(**{"return": to_struct(marked)})

    # -- resources --------------------------------------------------------------------------------------------

    @guard
    def Check(self, request: Any, context: Any) -> Any:
        news = read(request.news)
        resource, ctx = self.resource(request.urn), self.context(request)
        if request.HasField("autonaming"):
            ctx.may_name = request.autonaming.mode != request.autonaming.DISABLE
            ctx.proposed_name = request.autonaming.proposed_name
        inputs, failures = resource.check(ctx, plain(read(request.olds)), plain(news))
        marked = mark(mark_like(inputs, news), resource.secret_inputs)
        return provider_pb2.CheckResponse(inputs=to_struct(marked), failures=_failures(failures))

    @guard
    def Diff(self, request: Any, context: Any) -> Any:
        news, olds = read(request.news), read(request.olds)
        old_inputs = read(request.old_inputs) if request.HasField("old_inputs") else olds
        ctx = self.context(request)
        ctx.old_inputs = plain(old_inputs)
        diff = self.resource(request.urn).diff(ctx, request.id, ctx.old_inputs, plain(olds), plain(news))
        hidden = {key for part in (news, olds, old_inputs) for key, item in part.items() if type(item) is Secret}
        return diff_response(fold(diff, hidden), list(request.ignoreChanges))

    @guard
    def Create(self, request: Any, context: Any) -> Any:
        given = read(request.properties)
        resource, ctx, inputs = self.resource(request.urn), self.context(request), plain(given)
        if request.preview:
            outputs = resource.preview(ctx, inputs)
            return provider_pb2.CreateResponse(
                id=resource.preview_id(ctx), properties=self.outputs(resource, outputs, given)
            )
        id, outputs = resource.create(ctx, inputs, request.timeout)
        return provider_pb2.CreateResponse(id=id, properties=self.outputs(resource, outputs, given))

    @guard
    def Read(self, request: Any, context: Any) -> Any:
        inputs, state = read(request.inputs), read(request.properties)
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
            inputs=to_struct(mark(mark_like(new_inputs, inputs), resource.secret_inputs)),
        )

    @guard
    def Update(self, request: Any, context: Any) -> Any:
        news, olds = read(request.news), plain(read(request.olds))
        resource, ctx = self.resource(request.urn), self.context(request)
        ctx.old_inputs = plain(read(request.old_inputs))
        if request.preview:
            outputs = resource.preview_update(ctx, request.id, olds, plain(news))
        else:
            outputs = resource.update(ctx, request.id, olds, plain(news), request.timeout)
        return provider_pb2.UpdateResponse(properties=self.outputs(resource, outputs, news))

    @guard
    def Delete(self, request: Any, context: Any) -> Any:
        state = read(request.properties)
        ctx = self.context(request)
        ctx.old_inputs = plain(read(request.old_inputs))
        self.resource(request.urn).delete(ctx, request.id, plain(state), request.timeout)
        return empty_pb2.Empty()


def _failures(failures: list[CheckFailure]) -> list[Any]:
    return [provider_pb2.CheckFailure(property=item.property, reason=item.reason) for item in failures]
