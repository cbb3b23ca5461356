"""The crowd: all conversations of one process, on asyncio.

    python -m load.crowd       (started by ``swarm``)

The first line on standard input is a ``Plan``; then come ``Start`` and ``Stop``. Standard output has a ``Second``
every second. At the end of the input all users leave, and when they have gone the process exits.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from contextlib import suppress

import msgspec

from api_client.errors import ApiError
from api_client.rest import SalesMindClient
from load.conversation import User
from load.lines import Failed, Start, Stop, ToCrowd, encode
from load.plan import Plan
from load.speech import spoken_lines
from load.tally import Tally

LEAVING_TIMEOUT_S = 15.0
"""Closing takes up to 4 s, and ``realtime_mode`` is waited for another 5."""


class Crowd:
    """The users of this process."""

    def __init__(self, plan: Plan, client: SalesMindClient, tally: Tally) -> None:
        self._plan = plan
        self._client = client
        self._tally = tally
        self._lines = spoken_lines(plan.language)
        self._users: dict[int, tuple[asyncio.Task[None], asyncio.Event]] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    def obey(self, command: ToCrowd) -> None:
        """Let a user come or go."""
        if isinstance(command, Start):
            leaving = asyncio.Event()
            user = User(self._plan, self._client, self._lines, self._tally)
            self._users[command.user] = asyncio.create_task(user.run(leaving)), leaving
        elif (user_and_event := self._users.pop(command.user, None)) is not None:
            task, leaving = user_and_event
            leaving.set()
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def leave(self) -> None:
        """Let all go, and wait until they have."""
        for user in list(self._users):
            self.obey(Stop(user))
        if self._leaving:
            _done, stuck = await asyncio.wait(self._leaving, timeout=LEAVING_TIMEOUT_S)
            for task in stuck:
                task.cancel()
                self._tally.error("stuck")


async def _serve() -> int:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    plan = msgspec.json.decode(await reader.readline(), type=Plan)
    account = plan.account
    tally = Tally()
    try:
        async with SalesMindClient(account.server_url, insecure=account.insecure, timeout_s=30) as client:
            # One login for all: a token is the same every time, and checking a password is the dearest thing
            # that a server does.
            await client.login(account.username, account.password)
            crowd = Crowd(plan, client, tally)
            # What is alive now stays: the collector need not walk it while audio is due.
            gc.collect()
            gc.freeze()
            reporting = asyncio.create_task(_report(tally))
            decoder = msgspec.json.Decoder(ToCrowd)
            while line := await reader.readline():
                crowd.obey(decoder.decode(line))
            await crowd.leave()
            reporting.cancel()
            with suppress(BrokenPipeError):  # the swarm has gone
                _write(encode(tally.take()))
    except ApiError as error:
        _write(encode(Failed(str(error.code), str(error), error.params)))
        return 1
    return 0


async def _report(tally: Tally) -> None:
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        due += 1
        await asyncio.sleep(max(0.0, due - loop.time()))
        _write(encode(tally.take()))


def _write(line: bytes) -> None:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def main() -> int:
    """Run on uvloop if available."""
    try:
        import uvloop
    except ImportError:  # Windows
        return asyncio.run(_serve())
    return uvloop.run(_serve())


if __name__ == "__main__":
    sys.exit(main())
