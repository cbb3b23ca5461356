"""How many conversations an account and an address may hold open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack

import pytest

from backend.spin.socket_limits import OpenSockets, TooManySockets
from tests.backend.spin.fake_upstream import Upstream
from tests.backend.spin.running_server import Account, Server


def test_accounts_and_addresses_are_counted_apart() -> None:
    sockets, limits = OpenSockets(), (2, 3)
    with ExitStack() as places:
        for account in (1, 1, 2):
            places.enter_context(sockets.one_more(account, "a", *limits))
        for account, address in ((1, "b"), (3, "a")):
            with pytest.raises(TooManySockets), sockets.one_more(account, address, *limits):
                pass
        with sockets.one_more(2, "b", *limits), sockets.one_more(3, "", *limits):
            pass
    with sockets.one_more(1, "a", 1, 1):
        pass


async def test_one_too_many_is_told(start_server: Callable[..., Server], upstream: Upstream) -> None:
    server = start_server(SALESMIND_ACCOUNT_SOCKETS="2")
    admin, other = server.log_in(), server.add_user("other")
    async with AsyncExitStack() as places:
        for _ in range(2):
            await places.enter_async_context(admin.ready_relay())
        async with admin.relay() as client:
            events, close_code, _reason = await client.ending()
        assert (events[0]["error"]["code"], close_code) == ("too_many_conversations", 4429)
        await places.enter_async_context(other.ready_relay())
    # The server learns a moment later that the others have gone.
    async with asyncio.timeout(10):
        while not await _is_let_in(admin):
            pass


async def _is_let_in(account: Account) -> bool:
    async with account.relay() as client:
        return bool((await client.event())["type"] == "session.created")
