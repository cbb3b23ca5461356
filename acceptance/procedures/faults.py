"""Test 4: a refused microphone, an API error, and several network faults."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from acceptance.evidence import answer, finding
from acceptance.fault_proxy import FaultProxy
from acceptance.held_conversation import HeldConversation
from acceptance.judges.faults import judge_faults, judge_real_refusal, judge_refused_microphone
from acceptance.judges.streaming import SILENT_DBFS
from acceptance.measurements import Fault, FaultMeasurements, FaultWindow
from acceptance.procedures.robustness import robustness_checks
from acceptance.record import Moment
from acceptance.recorded_sound import read_recording
from acceptance.run import AcceptanceRun, wall_now
from relay.commands import ProvokeError, Say
from relay.stream import Connection, Meters, Notice, Problem

OF_THE_CONVERSATION = tuple(
    f"t4.{name}"
    for name in (
        "network_cut", "reconnected", "api_error", "survives_api_error", "pause", "slow", "corrupt", "half_open",
        "nothing_lost",
    )
)  # fmt: skip
"""Checkpoints that its one conversation decides."""
REFUSED_MICROPHONE = "mic:SalesMind acceptance test (no such device)"
_SAY = {
    "ja": "現在の在庫管理で、お困りのことはありますか。",
    "en": "Is there anything that troubles you at present?",
}

Act = Callable[[], Awaitable[None]]


async def fault_test(run: AcceptanceRun) -> None:
    """All faults, each answered as soon as it is over."""
    session_id = await run.new_session()
    await _refused_microphone(run, session_id)
    run.running(*OF_THE_CONVERSATION)
    async with (
        FaultProxy(run.server_url, insecure=run.request.insecure) as proxy,
        run.converse(
            "t4", session_id, server_url=proxy.url, source="silence", sink="none", record=True
        ) as held,
    ):
        measured = await _Faults(run, held, proxy).all()
    if held.recording is not None:
        measured = replace(measured, recording=read_recording(held.recording))
    run.answer(judge_faults(held.record, measured, run.limits))
    await robustness_checks(run)


async def _refused_microphone(run: AcceptanceRun, session_id: str) -> None:
    run.doing(
        "開けない音声入力で会話を開始します", "Starting a conversation with a source that cannot be opened"
    )
    run.running("t4.microphone_refused")
    async with run.converse("t4-microphone", session_id, source=REFUSED_MICROPHONE, sink="none") as held:
        # Its process has to start before anything can be said about the source.
        patience_s = run.limits.connect_s + run.limits.error_s
        await held.until(_sound_problem, patience_s)
    run.answer([judge_refused_microphone(held.record)])
    await _really_refused(run, session_id)


async def _really_refused(run: AcceptanceRun, session_id: str) -> None:
    """A person refuses the microphone, which no program can; the run starts the conversation and sees what comes."""
    id_ = "t4.operator_microphone"
    source = run.request.source or ""
    done = await run.have_done(
        id_,
        "マイクの使用を拒否するか、マイクを取り外してください。準備ができたら、この実行が会話を開始します",
        "Deny this program access to the microphone, or unplug it. When you are ready, the run starts a conversation",
    )
    if not done or run.operator is None:
        why = finding("no_operator", "absence", Moment())
        run.answer([answer(id_, "not_applicable", why)])
        return
    run.running(id_)
    async with run.converse(
        "t4-real-microphone",
        session_id,
        source=source if source.startswith("mic") else "mic",
        sink="none",
    ) as held:
        await held.until(_sound_decided, run.limits.connect_s + run.limits.error_s)
    run.answer([judge_real_refusal(held.record, run.operator.name)])


def _sound_decided(held: HeldConversation) -> bool:
    """An error, or zeros, or sound."""
    record = held.record
    heard = record.one(Meters, lambda meters: (meters.mic_rms_dbfs or SILENT_DBFS) > SILENT_DBFS)
    zeros = record.one(Notice, lambda notice: notice.code == "digital_silence")
    return _sound_problem(held) or heard is not None or zeros is not None


def _sound_problem(held: HeldConversation) -> bool:
    return held.record.one(Problem, lambda problem: problem.where == "audio") is not None


class _Faults:
    """One conversation through the proxy, one fault after another."""

    def __init__(self, run: AcceptanceRun, held: HeldConversation, proxy: FaultProxy) -> None:
        self._run = run
        self._held = held
        self._proxy = proxy
        self._measured = FaultMeasurements()

    async def all(self) -> FaultMeasurements:
        """From the mildest to the worst; those that cannot be tried any more are left out."""
        run, limits = self._run, self._run.limits
        run.doing("障害を発生させるプロキシ経由で接続します", "Connecting through the fault proxy")
        if not await self._held.until(lambda held: held.state.gate_open, limits.connect_s):
            return self._measured
        baseline = await self._turn(self._held.mark)
        self._measured = replace(self._measured, answers_typed_turns=baseline)
        run.doing("APIエラーを起こします", "Provoking an API error")
        await self._inject("api_error", self._api_error)
        run.doing("通信を一時停止、低速にします", "Pausing the network, then slowing it down")
        await self._inject("pause", self._pause)
        await self._inject("slow", self._slow)
        run.doing("ネットワークを切断します", "Cutting the network")
        await self._inject("reset", self._reset)
        run.doing("サーバーからのデータを壊します", "Corrupting data from the server")
        await self._inject("corrupt", self._corrupt)
        if not limits.half_open_s:
            return self._measured
        run.doing("応答のない接続にします(ハーフオープン)", "Making the connection half-open")
        await self._inject("half_open", self._half_open)
        return self._measured

    async def _inject(self, fault: Fault, act: Act) -> None:
        held = self._held
        if not await held.until(lambda held: held.state.gate_open, self._run.limits.recover_s):
            return
        window = FaultWindow(fault, wall_now(), held.mark, held.mark)
        await act()
        window = replace(window, last=held.mark)
        self._measured = replace(self._measured, windows={**self._measured.windows, fault: window})
        answers = judge_faults(held.record, self._measured, self._run.limits)
        self._run.answer_decided(answers)

    # --- the faults ----------------------------------------------------------------------------

    async def _api_error(self) -> None:
        mark = self._held.mark
        await self._held.send(ProvokeError())
        shown = await self._held.until(
            lambda held: bool(held.record.window(mark).of(Problem)), self._run.limits.error_s
        )
        if shown:
            await self._turn(mark)

    async def _pause(self) -> None:
        mark = self._held.mark
        self._proxy.pause()
        try:
            await asyncio.sleep(self._run.limits.pause_s)
        finally:
            self._proxy.resume()
        await self._turn(mark)

    async def _slow(self) -> None:
        mark = self._held.mark
        self._proxy.bytes_per_s = self._run.limits.slow_bytes_per_s
        try:
            await asyncio.gather(self._turn(mark), asyncio.sleep(self._run.limits.slow_s))
        finally:
            self._proxy.bytes_per_s = None

    async def _reset(self) -> None:
        mark = self._held.mark
        self._proxy.reset()
        await self._settled(mark, self._run.limits.recover_s)

    async def _corrupt(self) -> None:
        mark = self._held.mark
        self._proxy.corrupt()
        await self._say()  # what is corrupted is the next thing that the server says
        await self._settled(mark, self._run.limits.recover_s)

    async def _half_open(self) -> None:
        mark = self._held.mark
        self._proxy.half_open()
        await self._settled(mark, self._run.limits.half_open_s)
        self._proxy.bury_dead()

    # --- waiting -------------------------------------------------------------------------------

    async def _say(self) -> None:
        await self._held.send(Say(text=_SAY[self._run.request.language]))

    async def _turn(self, mark: int) -> bool:
        """A typed turn, and its whole answer."""
        if not self._measured.answers_typed_turns:
            return False
        await self._say()

        def over(held: HeldConversation) -> bool:
            window = held.record.window(mark)
            return window.completed_response is not None or window.lost is not None

        await self._held.until(over, self._run.limits.answer_s)
        return self._held.record.window(mark).completed_response is not None

    async def _settled(self, mark: int, within_s: float) -> None:
        """Lost, and then back with audio, or given up."""

        def settled(held: HeldConversation) -> bool:
            window = held.record.window(mark)
            states = [event.state for event in window.of(Connection)]
            return "given_up" in states or ("restored" in states and held.state.gate_open)

        await self._held.until(settled, within_s)
