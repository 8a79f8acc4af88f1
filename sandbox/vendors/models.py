"""OpenAI's and Anthropic's HTTP APIs as far as the llm service uses them. The answers are not a model's: they echo."""

from __future__ import annotations

import hmac
import json
import secrets
import time
from typing import Any

from aiohttp import web

OPENAI_MODELS = ("gpt-3.5-turbo", "gpt-4", "gpt-4o", "gpt-4o-mini")
ANTHROPIC_MODELS = ("claude-3-5-haiku-latest", "claude-3-5-sonnet-latest")


def _openai_error(status: int, message: str, kind: str, code: str | None) -> web.Response:
    headers = {"Retry-After": "20"} if status == 429 else {}
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return web.json_response(body, status=status, headers=headers)


async def openai(request: web.Request, key: str, fault: dict[str, Any]) -> web.Response:
    """/v1/models and /v1/chat/completions (platform.openai.com/docs/api-reference)."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if not given:
        return _openai_error(401, "You didn't provide an API key.", "invalid_request_error", None)
    if not hmac.compare_digest(given.encode(), key.encode()):
        shown = f"{given[:8]}{'*' * 8}{given[-4:]}" if len(given) > 12 else "***"
        text = f"Incorrect API key provided: {shown}. You can find your API key at https://platform.openai.com/account/api-keys."
        return _openai_error(401, text, "invalid_request_error", "invalid_api_key")
    if fault.get("rate_limited"):
        return _openai_error(429, "Rate limit reached for requests", "requests", "rate_limit_exceeded")
    known = [model for model in OPENAI_MODELS if model not in fault.get("missing_models", [])]
    if request.path == "/v1/models" and request.method == "GET":
        data = [{"id": model, "object": "model", "created": 1677610602, "owned_by": "openai"} for model in known]
        return web.json_response({"object": "list", "data": data})
    if request.path == "/v1/chat/completions" and request.method == "POST":
        order = await _json(request)
        model, messages = order.get("model"), order.get("messages")
        if model not in known:
            text = f"The model `{model}` does not exist or you do not have access to it."
            return _openai_error(404, text, "invalid_request_error", "model_not_found")
        if not isinstance(messages, list) or not messages:
            return _openai_error(400, "Missing required parameter: 'messages'.", "invalid_request_error", None)
        prompt = str(messages[-1].get("content", ""))
        text = f"(sandbox) {prompt}"
        message = {"role": "assistant", "content": text}
        usage = {"prompt_tokens": len(prompt.split()), "completion_tokens": len(text.split())}
        return web.json_response({
            "id": f"chatcmpl-{secrets.token_hex(12)}", "object": "chat.completion", "created": int(time.time()),
            "model": model, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {**usage, "total_tokens": sum(usage.values())},
        })  # fmt: skip
    return _openai_error(
        404, f"Unknown request URL: {request.method} {request.path}.", "invalid_request_error", "unknown_url"
    )


def _anthropic_error(status: int, kind: str, message: str) -> web.Response:
    headers = {"Retry-After": "20"} if status == 429 else {}
    body = {"type": "error", "error": {"type": kind, "message": message}}
    return web.json_response(body, status=status, headers=headers)


async def anthropic(request: web.Request, key: str, fault: dict[str, Any]) -> web.Response:
    """/v1/models and /v1/messages (docs.anthropic.com/en/api)."""
    if not hmac.compare_digest(request.headers.get("X-Api-Key", "").encode(), key.encode()):
        return _anthropic_error(401, "authentication_error", "invalid x-api-key")
    if not request.headers.get("Anthropic-Version"):
        return _anthropic_error(400, "invalid_request_error", "anthropic-version: header is required")
    if fault.get("rate_limited"):
        return _anthropic_error(429, "rate_limit_error", "This request would exceed your account's rate limit.")
    known = [model for model in ANTHROPIC_MODELS if model not in fault.get("missing_models", [])]
    if request.path == "/v1/models" and request.method == "GET":
        data = [{"type": "model", "id": model, "display_name": model} for model in known]
        return web.json_response({"data": data, "has_more": False})
    if request.path == "/v1/messages" and request.method == "POST":
        order = await _json(request)
        if order.get("model") not in known:
            return _anthropic_error(404, "not_found_error", f"model: {order.get('model')}")
        if not isinstance(order.get("max_tokens"), int):
            return _anthropic_error(400, "invalid_request_error", "max_tokens: Field required")
        messages = order.get("messages") or [{}]
        prompt = str(messages[-1].get("content", ""))
        text = f"(sandbox) {prompt}"
        return web.json_response({
            "id": f"msg_{secrets.token_hex(12)}", "type": "message", "role": "assistant", "model": order["model"],
            "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "stop_sequence": None,
            "usage": {"input_tokens": len(prompt.split()), "output_tokens": len(text.split())},
        })  # fmt: skip
    return _anthropic_error(404, "not_found_error", "Not found")


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        value = json.loads(await request.text())
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
