"""A recording in the live screen: the same reducer, the same transcript, events and readings, at any moment of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path, PurePath
from typing import ClassVar

from textual import getters, on, work
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget

from api_client.harmless import one_line
from recordings.playhead import Playhead, begins_a_turn, is_error
from relay.recording.reader import NoRecording
from relay.stream import Connection, Notice, Playback, Problem, Response, SinkState, SourceState, StreamEvent
from tui.actions import Action, bindings
from tui.conversation.feed import news_of
from tui.conversation.instruments.event_lines import event_line
from tui.conversation.screen import ConversationScreen
from tui.i18n import N_, _
from tui.recordings.actions import LEAVE, LOOP, NEXT, PLAY, REPLAY_ACTIONS
from tui.recordings.bar import PositionBar
from tui.recordings.feed import Replayed, ReplayFeed, load
from tui.recordings.sound import ReplaySound, no_sound
from tui.recordings.words import recording_title
from tui.status import Status, place_name
from tui.tones import STYLES, News
from tui.wording.errors import sentence
from tui.wording.figures import clock

log = logging.getLogger(__name__)

STEP_S = 5.0
Wanted = Callable[[StreamEvent], bool]


def _is_interruption(event: StreamEvent) -> bool:
    return isinstance(event, Playback) and event.state == "interrupted"


def _is_answer(event: StreamEvent) -> bool:
    return isinstance(event, Response) and event.state == "created"


KINDS: tuple[tuple[str, Wanted], ...] = (
    (N_("turns"), begins_a_turn),
    (N_("answers"), _is_answer),
    (N_("interruptions"), _is_interruption),
    (N_("connection"), lambda event: isinstance(event, Connection)),
    (N_("notices and errors"), lambda event: isinstance(event, Notice | Problem)),
    (N_("devices"), lambda event: isinstance(event, SourceState | SinkState)),
)
"""What ``KIND`` chooses from; each name ends the sentence "jumps go to"."""


class ReplayScreen(ConversationScreen):
    """The recording in ``directory``, played from ``at`` seconds on."""

    ABOUT: ClassVar[str] = N_("A recorded conversation, shown as it was live.")
    ACTIONS: ClassVar[tuple[Action, ...]] = REPLAY_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(REPLAY_ACTIONS)
    FOOTER_HIDES: ClassVar[frozenset[str]] = frozenset({"app.quit", "app.palette", "live.filter"})
    CSS_PATH: ClassVar[str | list[str | PurePath]] = ["../conversation/screen.tcss", "replay.tcss"]

    bar = getters.query_one("#position", PositionBar)

    def __init__(self, directory: Path, at: float = 0.0) -> None:
        super().__init__()
        self.directory = directory
        self._at = at
        self.replay: ReplayFeed | None = None
        """The feed, once the recording is read."""
        self._sound: ReplaySound | None = None
        self._silence = News("", "dim")
        """Why there is no sound, while there is no ``_sound``."""
        self._kind = 0
        self._loop_from: float | None = None

    def conversation_title(self) -> str:
        """Which recording this is."""
        if self.replay is None:
            return _("Replay")
        return _("Replay: {title}").format(title=recording_title(self.replay.recording.manifest))

    def more_inputs(self) -> Iterable[Widget]:
        """Where the replay is."""
        yield PositionBar(id="position")

    def on_mount(self) -> None:
        """Read the recording; the tick that paints it is the base's."""
        self.title_is()
        self.console_app.status = Status()
        self.say_news(News(_("Reading the recording..."), "dim"))
        self.read()

    async def on_unmount(self) -> None:
        """Silence."""
        if self._sound is not None:
            await self._sound.stop()

    @work(exclusive=True, group="read", exit_on_error=False)
    async def read(self) -> None:
        """Read it away from the loop, then start to play."""
        try:
            recording = await asyncio.to_thread(load, self.directory)
        except NoRecording:
            self._refused(sentence("no_recording", {"path": str(self.directory)}))
        except OSError as error:
            reason = error.strerror or str(error)
            self._refused(sentence("recording_unreadable", {"path": str(self.directory), "reason": reason}))
        else:
            self._begin(recording)
            await self._open_sound()

    def _refused(self, why: str) -> None:
        self.say_news(News(_("Error: {why}").format(why=why), "bad"))

    def _begin(self, recording: Replayed) -> None:
        self.feed = self.replay = ReplayFeed(recording, self.console_app.services.monotonic, self._at)
        self._tell_bar()
        self.title_is()
        server = one_line(recording.manifest.server_url or "")
        self.console_app.status = Status(place=place_name(server, None) if server else "")
        self.refresh_bindings()

    def _tell_bar(self) -> None:
        if self.replay is not None:
            recording = self.replay.recording
            self.bar.holds(recording.timeline.end, recording.turns, recording.errors)

    async def retranslate(self) -> None:
        """The bar is another one."""
        await super().retranslate()
        self._tell_bar()

    async def _open_sound(self) -> None:
        """The player, unless the configuration wants none."""
        app = self.console_app
        sink = app.settings.audio.sink or "speaker"
        if sink == "none":
            self._silence = News(_("Audio is off"), "dim")
            return
        try:
            player = await app.services.start_player(self.directory, sink, app.settings.state_directory)
        except OSError as error:
            log.exception("The player could not be started")
            self._silence = no_sound(error.strerror or str(error))
            return
        self._sound = ReplaySound(player)
        if not self.is_attached:  # left while it was starting
            await self._sound.stop()

    # --- painting ------------------------------------------------------------------------------

    def tick(self) -> None:
        """Move on, then paint; after a jump everything anew."""
        if self.replay is None or self._rebuilding:
            return
        jumped = self.replay.move()
        if jumped:
            self._paint_anew()
        super().tick()
        if self._sound is not None:
            self._sound.follow(self.replay.head, jumped=jumped)
        self._paint_bar()

    def _paint_anew(self) -> None:
        """What the live screen showed at this moment."""
        assert self.replay is not None
        if self._summary_shown and not self.replay.finished:
            self._summary_shown = False
            self._show_readings(True)
            self.show_side(None)
        self.events.empty()
        self.events.add(self.replay.lines_so_far())
        newest = next(filter(None, map(news_of, reversed(self.replay.so_far()))), None)
        self.say_news(newest or News("", "plain"))
        self.paint_all_next()

    def _paint_bar(self) -> None:
        assert self.replay is not None
        recording, head = self.replay.recording, self.replay.head
        state = _("playing") if head.playing else _("paused")
        loop = self._loop_shown()
        sound = self._sound.news if self._sound is not None else self._silence
        words = Content.assemble(
            (f"{state} {head.speed:g}x", STYLES["good" if head.playing else "warn"]),
            (f"   {clock(head.t)} / {clock(recording.timeline.end)}", "bold"),
            (f"   {recording.wall_clock(head.t)}", ""),
            (f"   {loop_words(loop)}" if loop else "", STYLES["warn"]),
            (f"   {sound.words}", STYLES[sound.tone]),
            (f"   {self._kind_words()}", STYLES["dim"]),
        )
        self.bar.show(words, head.t, loop)

    def _loop_shown(self) -> tuple[float, float | None] | None:
        assert self.replay is not None
        if self.replay.head.loop is not None:
            return self.replay.head.loop
        return None if self._loop_from is None else (self._loop_from, None)

    def _kind_words(self) -> str:
        if self.events.filter_text:
            return _("jumps go to what the filter shows")
        return _("jumps go to: {kind}").format(kind=_(KINDS[self._kind][0]))

    def conversation_over(self) -> None:
        """The summary stays until the place is another."""
        words = _("The end of the recording. {play} plays it again, {back} leaves.")
        self.say_news(News(words.format(play=self.key_name(PLAY), back=self.key_name(LEAVE)), "plain"))
        self.refresh_bindings()

    # --- moving --------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing moves before the recording is read, nor by keys that move the cursor of an input line."""
        moves = {one.name for one in REPLAY_ACTIONS if one.id.startswith("replay.")} - {"back"}
        if action in moves and self.replay is None:
            return False
        if action in ("backward", "forward", "start", "end") and self.typing:
            return False
        if action == "next_error" and self.replay is not None and not self.replay.recording.errors:
            return None
        return super().check_action(action, parameters)

    def action_label(self, action: Action) -> str:
        """The footer offers the opposite of the current state."""
        if action is PLAY and self.replay is not None and self.replay.head.playing:
            return N_("Stop")
        return super().action_label(action)

    def _put(self, change: Callable[[Playhead], Playhead]) -> None:
        if self.replay is not None:
            self.replay.put(change(self.replay.head))
            self.refresh_bindings()

    def _go_to(self, t: float) -> None:
        self._put(lambda head: replace(head, t=t))

    def action_play(self) -> None:
        """Play or pause; at the end, from the start."""
        assert self.replay is not None
        if self.replay.finished and not self.replay.head.playing:
            self._put(lambda head: replace(head, t=0.0, playing=True))
        else:
            self._put(lambda head: replace(head, playing=not head.playing))

    def action_slower(self) -> None:
        """One speed down."""
        self._put(lambda head: head.faster(-1))

    def action_faster(self) -> None:
        """One speed up."""
        self._put(lambda head: head.faster(1))

    def action_backward(self) -> None:
        """Some seconds back."""
        self._put(lambda head: replace(head, t=head.t - STEP_S))

    def action_forward(self) -> None:
        """Some seconds on."""
        self._put(lambda head: replace(head, t=head.t + STEP_S))

    def action_start(self) -> None:
        """To the start."""
        self._go_to(0.0)

    def action_end(self) -> None:
        """To the end."""
        assert self.replay is not None
        self._go_to(self.replay.timeline.end)

    def action_next_turn(self) -> None:
        """To the next turn."""
        self._jump(begins_a_turn, 1, _("turns"))

    def action_previous_turn(self) -> None:
        """To the turn before."""
        self._jump(begins_a_turn, -1, _("turns"))

    def action_next_error(self) -> None:
        """To the next error; after the last one to the first."""
        assert self.replay is not None
        following = self.replay.timeline.next_of(is_error, self.replay.head.t, 1)
        self._go_to(self.replay.recording.errors[0] if following is None else following)

    def action_next(self) -> None:
        """To the next event of the kind."""
        self._jump_by_kind(1)

    def action_previous(self) -> None:
        """To the event of the kind before."""
        self._jump_by_kind(-1)

    def _jump_by_kind(self, direction: int) -> None:
        name, wanted = KINDS[self._kind]
        words = self.events.filter_text.lower().split()
        if words:
            self._jump(lambda event: _shows(event, words), direction, _("what the filter shows"))
        else:
            self._jump(wanted, direction, _(name))

    def _jump(self, wanted: Wanted, direction: int, name: str) -> None:
        assert self.replay is not None
        t = self.replay.timeline.next_of(wanted, self.replay.head.t, direction)
        if t is not None:
            self._go_to(t)
            return
        words = (
            _("Nothing after this moment ({what}).")
            if direction > 0
            else _("Nothing before this moment ({what}).")
        )
        self.say_news(News(words.format(what=name), "warn"))

    def action_kind(self) -> None:
        """The next kind of event to jump to."""
        self._kind = (self._kind + 1) % len(KINDS)
        words = _("{key} jumps to the next event of this kind: {kind}")
        kind = _(KINDS[self._kind][0])
        self.say_news(News(words.format(key=self.key_name(NEXT), kind=kind), "plain"))

    def action_loop(self) -> None:
        """Set A, then B, then end it."""
        assert self.replay is not None
        head = self.replay.head
        if head.loop is not None:
            self._loop_from = None
            self._put(lambda head: replace(head, loop=None))
            self.say_news(News(_("The loop has ended."), "plain"))
        elif self._loop_from is None or head.t <= self._loop_from:
            self._loop_from = head.t
            words = _("The loop starts here (A). {key} sets its end.")
            self.say_news(News(words.format(key=self.key_name(LOOP)), "plain"))
        else:
            loop = (self._loop_from, head.t)
            self._put(lambda head: replace(head, loop=loop, playing=True))
            words = _("Looping from {begin} to {end}. {key} ends the loop.")
            begin, end = clock(loop[0]), clock(loop[1])
            self.say_news(News(words.format(begin=begin, end=end, key=self.key_name(LOOP)), "plain"))

    @on(PositionBar.Clicked)
    def _clicked(self, message: PositionBar.Clicked) -> None:
        if self.replay is not None:
            self._go_to(message.place * self.replay.timeline.end)

    def action_back(self) -> None:
        """Close an input; else back."""
        if not self.close_inputs():
            self.dismiss()


def loop_words(loop: tuple[float, float | None]) -> str:
    """The loop in the line above the position bar."""
    begin, end = loop
    return f"A {clock(begin)} - B " + ("?" if end is None else clock(end))


def _shows(event: StreamEvent, words: list[str]) -> bool:
    line = (event_line(event) or "").lower()
    return bool(line) and all(word in line for word in words)
