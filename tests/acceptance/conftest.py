"""The procedure, run against a fake SalesMind server of its own for each run."""

from __future__ import annotations

import wave
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from acceptance.progress import ProgressEvent
from acceptance.request import CheckRequest, Limits, Means
from acceptance.results import RunResult
from acceptance.runner import run_check
from tests.acceptance import fake_salesmind

QUICK = Limits(
    connect_s=3.0, answer_s=1.5, mode_change_s=1.0, killed_s=0.5, restart_s=0.5, refusal_s=0.6, error_s=1.5,
    recover_s=3.0, half_open_s=0.0, pause_s=0.8, slow_s=0.2, watch_s=0.3, slow_bytes_per_s=200_000,
    stored_s=0.5, revoked_s=0.6, reply_s=0.6, flood_audio_s=20.0, flood_s=2.0, vanished_s=4.0, rate_tolerance=0.2,
)  # fmt: skip
"""The fake server answers at once; what patience there is, is for the conversation's process on a busy machine.

A second of audio has 25 chunks, so that one more or less at its edges is 4 % of the rate.
"""


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A source: 400 ms of sound that the fake server takes for speech, and the silence that ends it."""
    path = tmp_path_factory.mktemp("speech") / "speech.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(24_000)
        sound.writeframes(fake_salesmind.LOUD * (12 * 400) + bytes(48 * 240))
    return f"wav:{path}"


@dataclass
class Checked:
    """A finished run, everything it said, and the server it was run against."""

    result: RunResult
    events: list[ProgressEvent]
    server: Any

    @property
    def verdicts(self) -> dict[str, str]:
        """By checkpoint, of the selected tests."""
        return {
            answer.checkpoint: answer.verdict
            for test in self.result.tests
            if test.number in self.result.selected
            for answer in test.answers
        }


Check = Callable[..., Awaitable[Checked]]


@pytest.fixture(scope="session")
def check(speech: str, tmp_path_factory: pytest.TempPathFactory) -> Check:
    """``await check(2, defects=["no_answer"], latency_ms=900.0, operator=...)`` on a server of its own.

    Keywords are those of ``Limits``, ``CheckRequest`` and ``run_check``; ``restart``: "forgets" or "remembers"
    gives the run a way to restart the server, after which no connection's flag is left, or all are; ``helped``:
    and ways to revoke the second account and to cut the upstream.
    """

    async def run(
        *tests: int,
        defects: Sequence[str] = (),
        restart: str | None = None,
        helped: bool = False,
        **changes: Any,
    ) -> Checked:
        app = fake_salesmind.FakeSalesMind(*defects)
        limits = {name: changes.pop(name) for name in tuple(changes) if name in Limits.__dataclass_fields__}
        operator = changes.pop("operator", None)
        events: list[ProgressEvent] = []
        emit = changes.pop("emit", events.append)
        async with fake_salesmind.serving(app) as url:
            request = CheckRequest(
                server_url=url,
                account=fake_salesmind.TESTER,
                directory=changes.pop("directory", None) or tmp_path_factory.mktemp("run"),
                tests=tests,
                limits=replace(QUICK, **limits),
                **{"second_account": fake_salesmind.SECOND, "source": speech, **changes},
            )

            async def restart_server() -> str:
                await app.restart(forgets=restart == "forgets")
                return str(url)

            async def revoke_second() -> None:
                await app.revoke(fake_salesmind.SECOND.username)

            result = await run_check(
                request,
                emit,
                operator=operator,
                means=Means(
                    restart_server=None if restart is None else restart_server,
                    revoke_second=revoke_second if helped else None,
                    cut_upstream=app.cut_upstream if helped else None,
                ),
            )
        return Checked(result, events, app)

    return run
