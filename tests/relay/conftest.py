"""Servers and conversations that end with their test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from relay.config import RelayConfig
from tests.relay.fake_salesmind import SESSION_ID, TOKEN, FakeSalesMind
from tests.relay.held_conversation import Hold, Run
from tests.relay.numbered_speech import NumberedSpeech


@pytest.fixture
async def salesmind() -> AsyncIterator[FakeSalesMind]:
    server = FakeSalesMind()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def hold(salesmind: FakeSalesMind) -> AsyncIterator[Hold]:
    """Starts a conversation with the fake server; keywords are those of ``RelayConfig``."""
    runs: list[Run] = []

    def start(**changes: Any) -> Run:
        config = {"server_url": salesmind.url, "token": TOKEN, "session_id": SESSION_ID, **changes}
        run = Run(RelayConfig(**config))
        runs.append(run)
        return run

    yield start
    for run in runs:
        await run.abandon()


@pytest.fixture
async def speech() -> AsyncIterator[NumberedSpeech]:
    source = NumberedSpeech()
    yield source
    source.close()
