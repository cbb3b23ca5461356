"""One attempt at a scenario: a conversation with the server, turn by turn, judged as it goes."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from acceptance.evidence import worded
from acceptance.fault_proxy import FaultProxy
from acceptance.held_conversation import HeldConversation
from acceptance.judges.reasons import trouble
from acceptance.judges.streaming import judge_stored
from acceptance.record import Moment, Record
from acceptance.results import Answer, ConversationRecord
from api_client.rest import SalesMindClient
from audio.errors import AudioError
from relay.commands import Interrupt as InterruptKey
from relay.commands import Mute as MuteCommand
from relay.commands import Say as SayCommand
from relay.commands import UseSource
from relay.config import RelayConfig
from relay.stream import SourceState, StreamEvent
from scenarios.figures import Measured, measured
from scenarios.judges import QUIET_S, heard_and_wanted, judge, stored_answer
from scenarios.model import (
    Interrupt,
    Mute,
    NetworkFault,
    Say,
    Scenario,
    Silence,
    Speak,
    SpeakText,
    Turn,
    Wait,
)
from scenarios.request import ScenarioRequest
from scenarios.server_state import ServerState
from scenarios.sound import leading_silence_s, loudest_heard_dbfs
from scenarios.waiting import (
    answer_begun,
    answered,
    busy,
    into_the_answer,
    left_to_play_s,
    quiet,
    restored,
    stream_time,
    written_down,
)
from scenarios.window import Window, heard_spans
from scenarios.words import EVIDENCE, action_words

_LONGEST_RECORDING_S = 600.0
_ASK_EVERY_S = 0.1
_SAMPLE_RATE = 24_000


@dataclass(frozen=True, slots=True)
class Told:
    """Whom an attempt tells what: its answers as they are given, the steps, and the conversation's events."""

    answer: Callable[[Answer], None]
    doing: Callable[[str, str], None]
    event: Callable[[str, str, StreamEvent], None]
    """Name of the conversation, id of its session, event."""


@dataclass(slots=True)
class Attempt:
    """What an attempt left."""

    answers: dict[str, Answer] = field(default_factory=dict)
    measured: Measured = field(default_factory=Measured)
    conversation: ConversationRecord | None = None


class ScenarioConversation:
    """Holds one attempt. ``name``: unique in the run, also the name of the conversation's directory."""

    def __init__(
        self,
        scenario: Scenario,
        request: ScenarioRequest,
        client: SalesMindClient,
        told: Told,
        *,
        name: str,
        number: int,
    ) -> None:
        self._scenario = scenario
        self._request = request
        self._client = client
        self._told = told
        self._name = name
        self._number = number
        self._session_id = ""
        self._proxy: FaultProxy | None = None
        self._windows: dict[str, Window] = {}
        self._muted = False
        self.attempt = Attempt()
        """Complete once ``hold`` has returned; until then what is known."""

    async def hold(self) -> None:
        """The conversation, to its last event. Raises ``ApiError`` and ``OSError``; cancelling ends it cleanly."""
        session = await self._client.start_session(self._scenario.session)
        self._session_id = session.id
        self._server = ServerState(self._client, session.id, self._request.patience)
        record = Record(self._name, [])
        try:
            async with self._connected() as held:
                try:
                    await self._turns(held)
                finally:
                    record = held.record
            record = held.record
            self._note_end(record)
            if held.recording is not None:
                await self._listen(held.recording)
            await self._judge_end(record)
        finally:
            self._finish(record)

    # --- the conversation --------------------------------------------------------------------------

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[HeldConversation]:
        request, scenario = self._request, self._scenario
        request.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        directory, log_path = request.directory / self._name, request.directory / f"{self._name}.log"
        self.attempt.conversation = ConversationRecord(
            name=self._name,
            test=self._number,
            session_id=self._session_id,
            directory=self._name,
            log=log_path.name,
        )
        async with AsyncExitStack() as stack:
            if scenario.breaks_the_network:
                self._proxy = await stack.enter_async_context(
                    FaultProxy(request.server_url, insecure=request.insecure)
                )
            config = RelayConfig(
                server_url=request.server_url if self._proxy is None else self._proxy.url,
                token=request.account.token,
                session_id=self._session_id,
                insecure=request.insecure,
                chunk_bytes=scenario.chunk_bytes,
                language=scenario.language,
                voice=scenario.voice,
                transcription_model=scenario.transcription_model,
                turn_detection=scenario.turn_detection,
                # Early enough to be back within the patience for a half-open connection.
                answer_within_s=min(30.0, 2 / 3 * request.patience.half_open_s),
                record_directory=str(directory),
            )
            held = await HeldConversation.start(
                self._name,
                config,
                log_path=log_path,
                tell=lambda event: self._told.event(self._name, self._session_id, event),
            )
            try:
                yield held
            finally:
                await held.stop()

    async def _turns(self, held: HeldConversation) -> None:
        if not await held.until(lambda held: held.state.gate_open, self._request.patience.connect_s):
            return
        turns = self._scenario.turns
        for number, turn in enumerate(turns, 1):
            following = turns[number] if number < len(turns) else None
            words = action_words(turn.action)
            self._told.doing(f"{number}. {words.ja}", f"{number}. {words.en}")
            await self._turn(held, str(number), turn, following)
            self._answer_decided(held.record, str(number), following)
            if held.over:
                return

    async def _turn(self, held: HeldConversation, place: str, turn: Turn, following: Turn | None) -> None:
        if turn.during_answer_s is not None:
            await into_the_answer(held, turn.during_answer_s, turn.answer_within_s)
        window = self._open_window(held, place)
        window = self._windows[place] = await self._act(held, turn, window)
        if window.skipped is None:
            await self._settle(held, turn, window, following)
        modes = await self._server.modes(turn.expect)
        self._windows[place] = replace(window, record=held.record, modes=modes)

    def _open_window(self, held: HeldConversation, place: str) -> Window:
        """A turn begins, and so the one before it is over."""
        window = Window(held.record, first=held.mark)
        if self._windows:
            before = next(reversed(self._windows))
            self._windows[before] = replace(self._windows[before], last=held.mark)
        self._windows[place] = window
        return window

    async def _act(self, held: HeldConversation, turn: Turn, window: Window) -> Window:
        """Carry out what the turn does, up to its last sample; what is known of it, for its window."""
        match turn.action:
            case Say(text=text):
                await held.send(SayCommand(text=text))
            case Speak(path=path):
                return await self._speak(held, path, window)
            case SpeakText(text=text):
                made = await self._spoken(text, window.first)
                if made is None:
                    why = worded(EVIDENCE["no_voice"], "no_voice", "absence", Moment(conversation=self._name))
                    return replace(window, skipped=why)
                return await self._speak(held, made, window)
            case Wait(seconds=seconds) | Silence(seconds=seconds):
                await held.until(lambda _held: False, seconds)
            case Mute(on=on):
                self._muted = on
                await held.send(MuteCommand(on=on))
            case Interrupt(by=Speak(path=path)):
                return await self._speak(held, path, window)
            case Interrupt(by=by):
                began_t = stream_time(held.record)
                await held.send(InterruptKey())
                if isinstance(by, Say):
                    await held.send(SayCommand(text=by.text))
                return replace(window, began_t=began_t)
            case NetworkFault() as fault:
                await self._break(held, fault)
        return window

    async def _speak(self, held: HeldConversation, path: Path, window: Window) -> Window:
        try:
            lead_s = await asyncio.to_thread(leading_silence_s, path)
        except AudioError:
            lead_s = 0.0  # the relay says what is wrong with it
        spec = f"wav:{path}"
        await held.send(UseSource(spec=spec))

        def over(held: HeldConversation) -> bool:
            states = held.record.window(window.first).of(SourceState, lambda event: event.spec == spec)
            return any(event.state != "opened" for event in states)

        await held.until(over, _LONGEST_RECORDING_S)
        return replace(window, lead_s=lead_s)

    async def _spoken(self, text: str, number: int) -> Path | None:
        """A recording of ``text`` in the run's directory; None where there is no voice."""
        if self._request.voice is None:
            return None
        pcm = await self._request.voice(text, self._scenario.language)
        if not pcm:
            return None
        path = self._request.directory / f"{self._name}-{number}.wav"
        await asyncio.to_thread(_write_wav, path, pcm)
        return path

    async def _break(self, held: HeldConversation, fault: NetworkFault) -> None:
        proxy, patience, mark = self._proxy, self._request.patience, held.mark
        assert proxy is not None
        if fault.kind == "pause":
            proxy.pause()
            try:
                await asyncio.sleep(fault.seconds)
            finally:
                proxy.resume()
            return
        if fault.kind == "cut":
            proxy.reset()
            await restored(held, mark, patience.recover_s)
            return
        proxy.half_open()
        await restored(held, mark, patience.half_open_s)
        proxy.bury_dead()

    # --- waiting -----------------------------------------------------------------------------------

    async def _settle(
        self, held: HeldConversation, turn: Turn, window: Window, following: Turn | None
    ) -> None:
        """Wait until the turn is over: answered, heard, and written down, or the next one begins in its answer."""
        first = window.first
        if turn.expects_no_answer:
            await held.until(lambda held: answer_begun(held, first), QUIET_S)
            return
        match turn.action:
            case Wait() | Mute() | Interrupt(by=None):
                return
            case Silence() | NetworkFault():
                # Whether somebody speaks up is the server's business; if so, it is heard to its end.
                patience = self._request.patience.resumed_s if isinstance(turn.action, NetworkFault) else 0.0
                await held.until(lambda held: busy(held) or answer_begun(held, first), patience)
                await held.until(quiet, turn.answer_within_s + left_to_play_s(held))
                return
            case _ if self._muted and not isinstance(turn.action, Say):
                return  # nobody answers silence
            case _:
                pass
        if following is not None and following.during_answer_s is not None:
            return  # that waits for the answer to begin
        await held.until(lambda held: answered(held, first), turn.answer_within_s)
        await held.until(quiet, turn.answer_within_s + left_to_play_s(held))
        spoken = isinstance(turn.action, Speak | SpeakText | Interrupt)
        await held.until(
            lambda held: written_down(held, first, spoken=spoken), self._request.patience.words_s
        )

    # --- judging -----------------------------------------------------------------------------------

    def _answer_decided(self, record: Record, place: str, following: Turn | None) -> None:
        """Tell what this turn, and those before it, have decided so far; the last word is ``_finish``'s."""
        for name, expectations in self._scenario.places:
            if name not in self._windows:
                continue
            window = replace(self._windows[name], record=record)
            if name == place and (following is None or following.during_answer_s is None):
                window = replace(window, last=len(record.events))
            for answer in judge(self._scenario, name, expectations, window):
                if answer.verdict == "pass" or (answer.verdict == "fail" and not _may_change(answer)):
                    self._take(answer)

    def _take(self, answer: Answer) -> None:
        known = self.attempt.answers.get(answer.checkpoint)
        if known == answer or (known is not None and known.verdict == answer.verdict == "pass"):
            return  # what passed first is the evidence
        self.attempt.answers[answer.checkpoint] = answer
        self._told.answer(answer)

    def _note_end(self, record: Record) -> None:
        self._windows = {place: replace(window, record=record) for place, window in self._windows.items()}
        self._windows["end"] = Window(record)

    async def _listen(self, recording: Path) -> None:
        """How loud the answers were that must be audible, from the recording."""
        for place, expectations in self._scenario.places:
            window = self._windows.get(place)
            if window is not None and any(one.name == "audible" for one in expectations):
                dbfs = await asyncio.to_thread(loudest_heard_dbfs, recording, heard_spans(window))
                self._windows[place] = replace(window, heard_dbfs=dbfs)

    async def _judge_end(self, record: Record) -> None:
        """What is only known once it is over: the server's own state."""
        self._windows["end"] = replace(
            self._windows["end"], modes=await self._server.modes(self._scenario.end)
        )
        stored = next((one for one in self._scenario.end if one.name == "stored"), None)
        if stored is not None:
            messages = await self._server.stored(record)
            self._take(stored_answer(self._scenario, stored, judge_stored(record, messages)))

    def _finish(self, record: Record) -> None:
        """The last word on every expectation, also of turns that never came."""
        for place, expectations in self._scenario.places:
            window = replace(self._windows.get(place, _never(record)), record=record)
            for answer in judge(self._scenario, place, expectations, window):
                if answer.checkpoint.endswith(".end.stored") and answer.checkpoint in self.attempt.answers:
                    continue
                self._take(answer)
        errors, characters = heard_and_wanted(
            self._scenario,
            {place: replace(window, record=record) for place, window in self._windows.items()},
        )
        self.attempt.measured = measured(record, character_errors=errors, characters=characters)


def _may_change(answer: Answer) -> bool:
    """Whether what is missing may still come: a transcript, or a turn that is counted by its words."""
    return any(evidence.kind == "absence" or evidence.code == "turns" for evidence in answer.evidence)


def _never(record: Record) -> Window:
    """Of a turn that was not reached: nothing of it was seen, and nothing is decided."""
    moment = Moment(conversation=record.name)
    why = trouble(record) or worded(EVIDENCE["not_reached"], "not_reached", "absence", moment)
    return Window(record, first=len(record.events), skipped=why)


def _write_wav(path: Path, pcm: bytes) -> None:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(_SAMPLE_RATE)
        sound.writeframes(pcm)
