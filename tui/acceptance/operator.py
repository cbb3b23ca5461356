"""The person in front of the screen, as the acceptance run sees them."""

from __future__ import annotations

import asyncio

from acceptance.progress import Question, Reply


class ScreenOperator:
    """Passes the run's questions to the screen. ``name`` is recorded with each answer."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._reply: asyncio.Future[Reply] | None = None

    async def ask(self, question: Question) -> Reply:
        """Wait for the screen's answer; the question itself is on its way as a progress event."""
        self._reply = asyncio.get_running_loop().create_future()
        try:
            return await self._reply
        finally:
            self._reply = None

    def answer(self, reply: Reply) -> None:
        """Give the person's answer. No effect if the run is no longer waiting."""
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(reply)
