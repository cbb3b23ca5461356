"""The WebSocket consumers of ``/ws/``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any

from channels.consumer import AsyncConsumer
from django.conf import settings
from django.db import Error as DatabaseFailure

from backend.spin.admission import Admission, Handshake, Refused, admit, read_handshake
from backend.spin.close_codes import CloseCode, code_to_send, fit_reason
from backend.spin.conversation import ClientGone, Conversation
from backend.spin.frames import error_event
from backend.spin.keeper import keeper
from backend.spin.socket_limits import TooManySockets, open_sockets
from backend.spin.wording import choose_language, sentence

Message = dict[str, Any]
SEND_NOW = "salesmind.send_now"
"""The ASGI extension of ``backend.protocols``: a function that sends a text message if that needs no waiting."""
CLOSE_TIMEOUT_S = 2.0
"""Longest wait (s) for a client that reads nothing while the connection is closed."""

logger = logging.getLogger("salesmind.relay")


class ClientSocket:
    """The client's end of the relay: an accepted ASGI WebSocket."""

    def __init__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        self._receive = receive
        self._send = send
        extension = scope.get("extensions", {}).get(SEND_NOW, {})
        self.send_now: Callable[[str], bool] = extension.get("send", _never)

    async def accept(self) -> bool:
        """Accept the upgrade; False if the client has already gone."""
        if (await self._receive())["type"] != "websocket.connect":
            return False
        await self._send({"type": "websocket.accept"})
        return True

    async def receive(self) -> str | bytes | None:
        """The next message; None if the client has gone."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            return None
        text: str | None = message.get("text")
        return text if text is not None else message.get("bytes") or b""

    async def send(self, message: str | bytes) -> None:
        """Send one message; blocks while the client does not read (where the server tells). Raises ``ClientGone``."""
        kind = "text" if isinstance(message, str) else "bytes"
        await self._emit({"type": "websocket.send", kind: message})

    async def close(self, code: int, reason: str, event: str | None = None) -> None:
        """Send the reason, then close. A client that is gone or stuck is dropped."""
        code = code_to_send(code, settings.SALESMIND_RFC_CLOSE_CODES)
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                if event is not None:
                    await self.send(event)
                await self._emit({"type": "websocket.close", "code": code, "reason": fit_reason(reason)})
        except (ClientGone, TimeoutError):
            logger.debug("The client was gone before it could be told %d", code)

    async def _emit(self, message: Message) -> None:
        try:
            await self._send(message)
        except (OSError, RuntimeError) as failure:
            # Servers differ in what they raise for a socket that went away meanwhile.
            raise ClientGone from failure


def _never(_text: str) -> bool:
    """For servers that can only send by a coroutine."""
    return False


class UnknownPath(AsyncConsumer):  # type: ignore[misc]
    """Any other path: refused over the WebSocket, where the existing server answers with a bare HTTP 500."""

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        """Accept, explain, close 4404."""
        client = ClientSocket(scope, receive, send)
        if await client.accept():
            language = choose_language(read_handshake(scope).accept_language)
            event = error_event(
                "invalid_request_error", sentence("path_not_found", language), "path_not_found"
            )
            await client.close(CloseCode.UNKNOWN_SESSION, "path_not_found", event)


def _take_place(place: ExitStack, admission: Admission, handshake: Handshake) -> None:
    """Take one of the account's and the address's conversation slots. Raises ``Refused``."""
    limits = settings.SALESMIND_ACCOUNT_SOCKETS, settings.SALESMIND_ADDRESS_SOCKETS
    try:
        place.enter_context(open_sockets.one_more(admission.user_id, handshake.address, *limits))
    except TooManySockets:
        raise Refused(CloseCode.TOO_MANY_SOCKETS, "too_many_conversations") from None


class RealtimeConsumer(AsyncConsumer):  # type: ignore[misc]
    """One relay connection.

    Channels' own loop is not used: it looks for stale database connections in a thread before every single
    message, which would put the database on the audio path.
    """

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        """Accept, check, relay until one side ends."""
        client = ClientSocket(scope, receive, send)
        if not await client.accept():
            return
        handshake = read_handshake(scope)
        language = choose_language(handshake.accept_language)
        with ExitStack() as place:
            try:
                admission = await admit(handshake)
                _take_place(place, admission, handshake)
            except Refused as refusal:
                event = error_event("invalid_request_error", sentence(refusal.code, language), refusal.code)
                logger.info("WebSocket refused: %s", refusal.code)
                await client.close(refusal.close_code, refusal.code, event)
                return
            except DatabaseFailure:
                logger.exception("The database did not answer; a WebSocket could not be let in")
                event = error_event("server_error", sentence("internal_error", language), "internal_error")
                await client.close(CloseCode.INTERNAL_ERROR, "internal_error", event)
                return
            logger.info(
                "✅ WebSocket接続受け入れ: user=%s, session=%s",
                admission.username,
                admission.session_label,
            )
            await self._relay(client, admission, language)

    async def _relay(self, client: ClientSocket, admission: Admission, language: str) -> None:
        conversation = Conversation(client, admission, language)
        keeper.add(conversation)
        try:
            end = await conversation.run()
            if end.by_client:
                logger.info("WebSocket closed by the client: session=%s", admission.session_label)
            else:
                logger.info(
                    "WebSocket closed: session=%s, code=%d, %s",
                    admission.session_label, end.close_code, end.reason,
                )  # fmt: skip
        finally:
            keeper.discard(conversation)
