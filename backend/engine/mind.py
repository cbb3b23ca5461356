"""A language model that answers for the customer: any OpenAI-compatible chat endpoint, streamed.

Ollama, llama.cpp's server, vLLM, LM Studio and OpenAI itself qualify. The key, if any, is sent and
used for nothing else.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.engine.items import Item
from backend.engine.options import MindOptions

_CONNECT_S = 3.0
_LONGEST_REASON = 200
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class MindError(Exception):
    """The model gave no answer; the message says why, in a few words that may be logged."""


@dataclass(slots=True)
class ToolCall:
    """A function that the model calls; ``arguments`` is a JSON object."""

    name: str = ""
    arguments: str = ""


class Mind:
    """One chat endpoint and one model of it."""

    def __init__(self, options: MindOptions) -> None:
        import httpx  # costs 0.1 s, which an engine without a mind need not spend

        self._options = options
        key = {"Authorization": f"Bearer {options.key}"} if options.key else {}
        self._http = httpx.AsyncClient(
            headers=key,
            timeout=httpx.Timeout(options.timeout_s, connect=_CONNECT_S),
            trust_env=httpx.URL(options.url).host not in _LOOPBACK,  # no proxy on the way to this machine
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def stream(
        self, messages: Sequence[Item], tools: Sequence[Item], tool_choice: Any, max_tokens: int | None
    ) -> AsyncGenerator[str | ToolCall, None]:
        """Pieces of the answer as they arrive, then its function calls. Raises ``MindError``."""
        import httpx

        body: dict[str, Any] = {"model": self._options.model, "messages": list(messages), "stream": True}
        if tools:
            body |= {"tools": list(tools), "tool_choice": tool_choice}
        if max_tokens is not None:
            body["max_tokens"] = max_tokens
        try:
            async with self._http.stream("POST", self._options.endpoint, json=body) as response:
                if response.status_code != httpx.codes.OK:
                    raise MindError(f"HTTP {response.status_code} {_problem(await response.aread())}".strip())
                answer = _Answer()
                if "json" in response.headers.get("Content-Type", ""):  # a server that does not stream
                    for piece in answer.take(_object(await response.aread()), "message"):
                        yield piece
                else:
                    async for line in response.aiter_lines():
                        if line.startswith("data:") and line[5:].strip() != "[DONE]":
                            for piece in answer.take(_object(line[5:]), "delta"):
                                yield piece
        except httpx.TimeoutException:
            raise MindError(f"no answer within {self._options.timeout_s:g} s") from None
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise MindError(f"{type(error).__name__}") from None
        for left in answer.rest():
            yield left


@dataclass(slots=True)
class _Answer:
    """What has come so far: a model may think aloud before it speaks, and calls functions piece by piece."""

    calls: dict[int, ToolCall] = field(default_factory=dict)
    _held: str = ""
    _thinking: bool = False
    _spoke: bool = False

    def take(self, chunk: dict[str, Any], part: str) -> list[str]:
        """The text of one chunk that is to be said. Raises ``MindError`` for a chunk that reports an error."""
        if chunk.get("error"):
            raise MindError(_problem(json.dumps(chunk).encode()))
        choices = chunk.get("choices")
        first = choices[0] if isinstance(choices, list) and choices else {}
        delta = first.get(part) if isinstance(first, dict) else None
        if not isinstance(delta, dict):
            return []
        calls = delta.get("tool_calls")
        for position, call in enumerate(calls if isinstance(calls, list) else ()):
            self._take_call(call if isinstance(call, dict) else {}, position)
        content = delta.get("content")
        return list(filter(None, [self._aloud(content)])) if isinstance(content, str) else []

    def rest(self) -> list[str | ToolCall]:
        """What is left when all has come. Raises ``MindError`` when nothing has."""
        held = "" if self._thinking else self._held
        called = [
            ToolCall(call.name, _arguments(call.arguments)) for call in self.calls.values() if call.name
        ]
        if not (held.strip() or called or self._spoke):
            raise MindError("an empty answer")
        return [*filter(None, [held]), *called]

    def _take_call(self, given: dict[str, Any], position: int) -> None:
        index = given.get("index")
        call = self.calls.setdefault(index if isinstance(index, int) else position, ToolCall())
        function = given.get("function")
        if isinstance(function, dict):
            call.name += function.get("name") or ""
            arguments = function.get("arguments") or ""
            call.arguments += arguments if isinstance(arguments, str) else json.dumps(arguments)

    def _aloud(self, content: str) -> str:
        """``content`` without what stands between <think> and </think>."""
        self._held += content
        said = ""
        while True:
            mark = "</think>" if self._thinking else "<think>"
            before, found, after = self._held.partition(mark)
            if not self._thinking:
                said += before
            if not found:
                break
            self._held, self._thinking = after, not self._thinking
        kept = next((n for n in range(len(mark) - 1, 0, -1) if before.endswith(mark[:n])), 0)
        self._held = before[len(before) - kept :]  # it may be the beginning of a mark
        if kept and not self._thinking:
            said = said[:-kept]
        self._spoke = self._spoke or bool(said.strip())
        return said


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        raise MindError("an answer that is not JSON") from None
    return value if isinstance(value, dict) else {}


def _arguments(text: str) -> str:
    """``text`` where it is a JSON object, as functions take it; else none."""
    try:
        return text if isinstance(json.loads(text), dict) else "{}"
    except ValueError:
        return "{}"


def _problem(body: bytes) -> str:
    """The server's error, on one line."""
    try:
        value = json.loads(body)
        error = value.get("error", value) if isinstance(value, dict) else value
        text = error.get("message", "") if isinstance(error, dict) else str(error)
    except ValueError:
        return ""
    return " ".join(str(text).split())[:_LONGEST_REASON]
