"""Misbehaviour on request: how it is written down, and what a client sees of each fault."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from backend.engine.faults import OPTIONS, Fault, FaultError, parse_fault, read_faults
from backend.engine.misbehaviour import BINARY, MALFORMED, UNKNOWN_EVENT
from backend.engine.options import EngineOptions, OptionsError, read_plan
from backend.engine.server import serving
from backend.engine.transcription import NoTranscriber

TIMEOUT_S = 5.0


@asynccontextmanager
async def faulty(*faults: str, **options: Any) -> AsyncIterator[str]:
    planned = tuple(parse_fault(fault) for fault in faults)
    given = EngineOptions(port=0, pace=200.0, faults=planned, **options)
    async with serving(given, NoTranscriber("off")) as url:
        yield f"{url}?model=gpt-realtime"


async def receive(socket: ClientConnection) -> Any:
    async with asyncio.timeout(TIMEOUT_S):
        message = await socket.recv()
    return json.loads(message)


async def until(socket: ClientConnection, kind: str) -> Any:
    while (event := await receive(socket))["type"] != kind:
        pass
    return event


async def ended(socket: ClientConnection) -> ConnectionClosed:
    """How the connection ends, whatever comes before that."""
    with pytest.raises(ConnectionClosed) as closed:
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                await socket.recv()
    return closed.value


async def send(socket: ClientConnection, kind: str, **fields: Any) -> None:
    await socket.send(json.dumps({"type": kind, **fields}))


async def test_a_clean_drop_has_its_code_and_reason() -> None:
    async with faulty("close:close_code=1012,reason=restart") as url, connect(url) as socket:
        closed = await ended(socket)
        assert closed.rcvd is not None
        assert (closed.rcvd.code, closed.rcvd.reason) == (1012, "restart")


async def test_an_abrupt_drop_has_no_close_frame() -> None:
    async with faulty("abort:after_events=2") as url, connect(url) as socket:
        assert (await receive(socket))["type"] == "session.created"
        await send(socket, "session.update", session={"type": "realtime"})
        assert (await receive(socket))["type"] == "session.updated"
        closed = await ended(socket)
        assert isinstance(closed, ConnectionClosedError)
        assert closed.rcvd is None


async def test_half_open_answers_nothing_and_closes_nothing() -> None:
    async with faulty("half_open:after_events=1") as url, connect(url, ping_interval=None) as socket:
        assert (await receive(socket))["type"] == "session.created"
        await send(socket, "session.update", session={"type": "realtime"})
        pong = await socket.ping()
        done, _ = await asyncio.wait([asyncio.ensure_future(pong)], timeout=0.3)
        assert not done
        assert socket.state.name == "OPEN"
        socket.transport.abort()


async def test_a_stall_holds_everything_back_and_loses_nothing() -> None:
    async with faulty("stall:seconds=0.4,after_events=1") as url, connect(url) as socket:
        await receive(socket)
        began = time.monotonic()
        await send(socket, "session.update", session={"type": "realtime"})
        await send(socket, "input_audio_buffer.clear")
        await (await socket.ping())  # the connection is well, only silent
        assert time.monotonic() - began < 0.3
        assert (await receive(socket))["type"] == "session.updated"
        assert time.monotonic() - began > 0.35
        assert (await receive(socket))["type"] == "input_audio_buffer.cleared"


async def test_a_delay_makes_each_event_late_for_a_while() -> None:
    plan = "delay:delay_ms=60,jitter_ms=20,seconds=0.5,after_events=1"
    async with faulty(plan) as url, connect(url) as socket:
        await receive(socket)
        delays = []
        for _ in range(3):
            began = time.monotonic()
            await send(socket, "input_audio_buffer.clear")
            await receive(socket)
            delays.append(time.monotonic() - began)
        assert min(delays) >= 0.06
        assert len(set(delays)) == 3
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() - began >= 0.06:  # until it is over
            assert time.monotonic() < deadline
            began = time.monotonic()
            await send(socket, "input_audio_buffer.clear")
            await receive(socket)


async def test_a_delay_makes_nothing_slower() -> None:
    """Thirty events that are late by 100 ms each are all there soon after the first."""
    async with faulty("delay:delay_ms=100,after_events=1") as url, connect(url) as socket:
        await receive(socket)
        began = time.monotonic()
        for _ in range(30):
            await send(socket, "input_audio_buffer.clear")
        for _ in range(30):
            await receive(socket)
        assert 0.1 <= time.monotonic() - began < 1.0


async def test_malformed_json_is_sent_and_the_session_goes_on() -> None:
    async with faulty("malformed:after_events=1") as url, connect(url) as socket:
        await receive(socket)
        assert await socket.recv() == MALFORMED
        with pytest.raises(json.JSONDecodeError):
            json.loads(MALFORMED)
        await send(socket, "input_audio_buffer.clear")
        assert (await receive(socket))["type"] == "input_audio_buffer.cleared"


async def test_an_unknown_event_and_a_binary_frame() -> None:
    async with faulty("unknown_event:after_events=1", "binary:after_events=2") as url, connect(url) as socket:
        await receive(socket)
        assert (await receive(socket))["type"] == UNKNOWN_EVENT
        assert await socket.recv() == BINARY


async def test_an_error_of_any_code() -> None:
    plan = "error:code=insufficient_quota,message=You exceeded your quota.,error_type=insufficient_quota"
    async with faulty(plan) as url, connect(url) as socket:
        error = (await until(socket, "error"))["error"]
        assert (error["code"], error["type"]) == ("insufficient_quota", "insufficient_quota")
        assert error["message"] == "You exceeded your quota."
        await send(socket, "input_audio_buffer.clear")
        await until(socket, "input_audio_buffer.cleared")


@pytest.mark.parametrize(
    ("fault", "status", "reason", "code"),
    [
        ("response_failed:code=server_overloaded", "failed", None, "server_overloaded"),
        ("response_incomplete", "incomplete", "content_filter", None),
        ("response_incomplete:reason=max_output_tokens", "incomplete", "max_output_tokens", None),
        ("rate_limit", "failed", None, "rate_limit_exceeded"),
    ],
)
async def test_a_response_meets_its_end_and_the_next_is_well(
    fault: str, status: str, reason: str | None, code: str | None
) -> None:
    async with faulty(fault) as url, connect(url) as socket:
        await until(socket, "session.created")
        await send(socket, "session.update", session={"type": "realtime"})
        await until(socket, "session.updated")
        await send(socket, "response.create")
        response = (await until(socket, "response.done"))["response"]
        assert response["status"] == status
        assert response["status_details"].get("reason") == reason
        assert response["status_details"].get("error", {}).get("code") == code
        limits = (await until(socket, "rate_limits.updated"))["rate_limits"]
        assert (limits[0]["remaining"] == 0) == (fault == "rate_limit")
        await send(socket, "response.create")
        assert (await until(socket, "response.done"))["response"]["status"] == "completed"


async def test_a_running_response_is_broken_off_with_its_closing_events(dial: Any) -> None:
    planned = (parse_fault("response_failed:after_events=12"),)
    options = EngineOptions(port=0, pace=20.0, faults=planned)
    async with serving(options, NoTranscriber("off")) as url, dial(url) as client:
        await client.send("response.create")
        done = await client.until("response.done")
        assert done["response"]["status"] == "failed"
        assert client.types("response.output_audio.done") == [
            "response.output_audio.done",
            "response.output_audio_transcript.done",
            "response.content_part.done",
            "conversation.item.done",
            "response.output_item.done",
            "response.done",
        ]


async def test_an_expired_session_says_so_and_closes() -> None:
    async with faulty("expire:after_events=1") as url, connect(url) as socket:
        await receive(socket)
        error = (await receive(socket))["error"]
        assert error["code"] == "session_expired"
        assert "60 minutes" in error["message"]
        closed = await ended(socket)
        assert closed.rcvd is not None
        assert closed.rcvd.code == 1001


@pytest.mark.parametrize("status", [401, 403, 429, 500])
async def test_a_refused_handshake(status: int) -> None:
    async with faulty(f"refuse:status={status},connections=1") as url:
        with pytest.raises(InvalidStatus) as refused:
            await connect(url)
        response = refused.value.response
        assert response.status_code == status
        assert response.body is not None
        assert "told to refuse" in json.loads(response.body)["error"]["message"]
        async with connect(url) as socket:  # the second is let in
            assert (await receive(socket))["type"] == "session.created"


async def test_faults_hit_the_connection_they_are_meant_for() -> None:
    async with faulty("close:connections=2+3") as url:
        for closes in (False, True, True, False):
            async with connect(url) as socket:
                if closes:
                    assert (await ended(socket)).rcvd is not None
                else:
                    await send(socket, "input_audio_buffer.clear")
                    await until(socket, "input_audio_buffer.cleared")


async def test_a_fault_at_a_time() -> None:
    async with faulty("close:after_s=0.3") as url, connect(url) as socket:
        await receive(socket)
        began = time.monotonic()
        await ended(socket)
        assert 0.2 < time.monotonic() - began < 2


async def test_what_openai_python_makes_of_a_drop() -> None:
    async with faulty("close:close_code=1011,reason=broken") as url:
        base = url.removesuffix("/realtime?model=gpt-realtime")
        client = openai.AsyncOpenAI(api_key="sk-none", websocket_base_url=base)
        async with client.realtime.connect(model="gpt-realtime") as connection:
            with pytest.raises(ConnectionClosedError, match="broken"):
                async with asyncio.timeout(TIMEOUT_S):
                    while True:
                        await connection.recv()


class TestControl:
    """The control socket: faults while the engine runs."""

    @staticmethod
    def url(url: str) -> str:
        return url.replace("/v1/realtime?model=gpt-realtime", "/control")

    async def ask(self, url: str, command: Any) -> Any:
        async with connect(self.url(url)) as socket:
            await socket.send(command if isinstance(command, bytes) else json.dumps(command))
            return await receive(socket)

    async def test_a_fault_reaches_connections_that_are_open_and_those_to_come(self) -> None:
        async with faulty(control=True) as url, connect(url) as socket:
            await receive(socket)
            answer = await self.ask(url, {"add": [{"kind": "error", "code": "server_error"}]})
            assert answer == {"faults": [{"kind": "error", "code": "server_error"}], "connections": 1}
            assert (await receive(socket))["error"]["code"] == "server_error"
            async with connect(url) as second:
                assert (await until(second, "error"))["error"]["code"] == "server_error"
            assert await self.ask(url, {"clear": True}) == {"faults": [], "connections": 2}
            async with connect(url) as third:
                await send(third, "input_audio_buffer.clear")
                assert (await receive(third))["type"] == "session.created"
                assert (await receive(third))["type"] == "input_audio_buffer.cleared"

    async def test_clearing_ends_a_stall(self) -> None:
        async with faulty("stall:seconds=600,after_events=1", control=True) as url, connect(url) as socket:
            await receive(socket)
            await send(socket, "input_audio_buffer.clear")
            await (await socket.ping())
            await self.ask(url, {"clear": True})
            assert (await receive(socket))["type"] == "input_audio_buffer.cleared"

    async def test_nonsense_is_told_and_changes_nothing(self) -> None:
        async with faulty(control=True) as url:
            nonsense: list[Any] = [
                b"\xff", [], {"remove": 1}, {"add": 1}, {"add": [1]}, {"add": [{"kind": "close"}, {}]},
            ]  # fmt: skip
            for command in nonsense:
                assert set(await self.ask(url, command)) == {"error"}
            assert (await self.ask(url, {}))["faults"] == []

    async def test_it_is_there_only_when_asked_for(self) -> None:
        async with faulty() as url:
            with pytest.raises(InvalidStatus) as refused:
                await connect(self.url(url))
        assert refused.value.response.status_code == 404

    async def test_pages_in_a_browser_and_strangers_are_kept_out(self) -> None:
        async with faulty(control=True, token="secret") as url:
            for headers, status in (
                ({"Origin": "http://127.0.0.1", "Authorization": "Bearer secret"}, 403),
                ({}, 401),
            ):
                with pytest.raises(InvalidStatus) as refused:
                    await connect(self.url(url), additional_headers=headers)
                assert refused.value.response.status_code == status
            headers = {"Authorization": "Bearer secret"}
            async with connect(self.url(url), additional_headers=headers) as socket:
                await send(socket, "x")
                assert "error" in await receive(socket)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[faults]]\nkind =", "at line 2"),
        ("[faults]\nkind = 'close'", "line 1: 'faults' is to be an array"),
        ("fault = 1", "line 1: 'fault' is not known"),
        ("[[faults]]\nkind='abort'\n[[faults]]\n\nkind='x'", "line 5: there is no fault 'x'"),
        ("[[faults]]\nkind='abort'\nseconds=3", "line 3: 'seconds' says nothing of 'abort'"),
        ("[[faults]]\nkind='stall'", "line 1: 'stall' needs 'seconds'"),
        ("[[faults]]\nkind='stall'\nseconds='3'", "line 3: 'seconds' is to be a number"),
        ("[[faults]]\nkind='stall'\nseconds=-3", "line 3: 'seconds' is to be between"),
        ("[[faults]]\nkind='refuse'\nstatus=404", "line 3: 'status' is one of 401, 403, 429, 500"),
        ("[[faults]]\nkind='close'\nclose_code=1006", "line 3: 1006 is no code"),
        ("[[faults]]\nkind='abort'\nconnections=[0]", "line 3: 'connections' are numbers from 1"),
        ("[[faults]]\nkind='abort'\nafter_s=1\nafter_events=2", "line 4: give 'after_s' or 'after_events'"),
        ("[[faults]]\nkind='response_incomplete'\nreason='tired'", "line 3: 'reason' is one of"),
    ],
)
def test_a_bad_plan_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(OptionsError, match=r"plan\.toml") as refused:
        read_plan(path)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    "text", ["", "nothing", "stall", "close:reason", "abort:connections=x", "stall:seconds=x"]
)
def test_a_bad_fault_is_refused(text: str) -> None:
    with pytest.raises(FaultError):
        parse_fault(text)


def test_a_plan_is_read_as_written(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(
        '[[faults]]\nkind="stall"\nseconds=5\nafter_events=20\nconnections=[2]\n', encoding="utf-8"
    )
    stall = Fault("stall", seconds=5.0, after_events=20, connections=(2,))
    assert read_plan(path, ["abort"]) == (stall, Fault("abort"))
    assert parse_fault("stall:seconds=5,after_events=20,connections=2") == stall
    assert read_plan(None) == ()


@given(st.text(max_size=60), st.sampled_from(sorted(OPTIONS)))
def test_any_text_is_a_plan_or_is_refused(text: str, kind: str) -> None:
    for given_text in (text, f"[[faults]]\nkind = '{kind}'\n{text}"):
        try:
            faults = read_faults(given_text)
        except FaultError as error:
            assert str(error)
        else:
            assert all(fault.kind in OPTIONS for fault in faults)
