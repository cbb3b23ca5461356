"""The sound devices: live levels, record and play back, a test tone, faults in words, and the default."""

from __future__ import annotations

import asyncio
import logging
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import DataTable, Static

from api_client.harmless import one_line
from audio.errors import AudioError
from audio.portaudio import Direction
from audio.spec import DeviceSpec, parse_sink, parse_source
from tui.actions import Action, bindings
from tui.devices.actions import ALONE, DEVICES_ACTIONS
from tui.devices.bench import Bench, Fault, Row
from tui.devices.table import DevicesTable
from tui.devices.words import facts, fault_words, hint, spec_of, trial_news
from tui.frame.action_footer import ActionFooter
from tui.frame.screen import ConsoleScreen
from tui.frame.status_line import StatusLine
from tui.host.services import DeviceCheck
from tui.host.soundcheck.protocol import ListDevices, Listen, PlayTone, RecordAndPlay, SoundcheckCode
from tui.i18n import N_, _
from tui.settings import SettingsError
from tui.settings.change import change
from tui.settings.values import option_named
from tui.tones import STYLES, News

log = logging.getLogger(__name__)

TICK_S = 0.1


class DevicesScreen(ConsoleScreen[None]):
    """Every input and output of this machine; a child process tries them."""

    ABOUT: ClassVar[str] = N_(
        "The microphones and loudspeakers of this machine: what each hears now, whether it works, and which ones "
        "conversations use."
    )
    ACTIONS: ClassVar[tuple[Action, ...]] = DEVICES_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(DEVICES_ACTIONS)
    FOOTER_HIDES: ClassVar[frozenset[str]] = frozenset({"app.quit", "app.palette"})
    CSS_PATH = "screen.tcss"
    AUTO_FOCUS = "#devices"

    table = getters.query_one("#devices", DevicesTable)

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self._check: DeviceCheck | None = None
        self._alone: str | None = None
        """The one input that is listened to; None: all."""
        self._shown_trial: object = None
        self._facts: Content | None = None

    def compose(self) -> ComposeResult:
        """Heading, table, what is known of the selected row, news."""
        yield StatusLine()
        with Container(id="body"):
            yield Static(id="heading", markup=False)
            yield Static(id="problem", markup=False)
            yield DevicesTable(id="devices")
            yield Static(hint(self), id="device-hint", markup=False)
            with VerticalScroll(id="details"):
                yield Static(id="facts")
            yield Static(id="device-news", markup=False)
        yield ActionFooter()

    def on_mount(self) -> None:
        """Start trying."""
        self._show()
        self.set_interval(TICK_S, self.tick)
        self.action_refresh()

    async def on_unmount(self) -> None:
        """Release the devices."""
        if self._check is not None:
            await self._check.stop()

    async def retranslate(self) -> None:
        await super().retranslate()
        self._facts = None
        self._show()

    # --- what is heard ---------------------------------------------------------------------------

    def tick(self) -> None:
        """Fold what was said, and paint what has changed."""
        if self._check is None or not self.is_mounted:
            return
        said = self._check.drain()
        listed_before = self.bench.rows
        self.bench.take(said, self._now())
        if self.bench.rows is not listed_before and self.bench.rows:
            self._listen()
        if said:
            with self.app.batch_update():
                self._show()

    def _now(self) -> float:
        return self.console_app.services.monotonic()

    def _show(self) -> None:
        bench, now = self.bench, self._now()
        self.table.show(bench, self._defaults(), now)
        self.query_one("#heading", Static).update(self._heading())
        problem = self._problem()
        box = self.query_one("#problem", Static)
        box.display = bool(problem)
        self.table.display = not problem
        box.update(problem)
        row = self.chosen
        known = facts(row, now, self) if row is not None else Content("")
        if known != self._facts:
            self._facts = known
            self.query_one("#facts", Static).update(known)
        if bench.trial is not None and bench.trial is not self._shown_trial:
            self._shown_trial = bench.trial
            trial = bench.trial
            self.say_news(
                trial_news(
                    trial, self._device_name("input", trial.input), self._device_name("output", trial.output)
                )
            )
        self.refresh_bindings()

    def _heading(self) -> Content:
        audio = self.console_app.settings.audio
        words = _("Conversations use {source} and {sink}").format(
            source=one_line(audio.source or _("the system's microphone")),
            sink=one_line(audio.sink or _("the system's loudspeaker")),
        )
        return Content.assemble((_("Devices"), "bold $title"), (f"   {words}", "$dim"))

    def _problem(self) -> str:
        if self.bench.problem is not None:
            return fault_words(self.bench.problem, self)
        if not self.bench.listed:
            return _("Looking for devices...")
        if not self.bench.rows:
            return _(
                "There are no microphones and no loudspeakers. Over SSH, the guide says how to use your laptop's."
            )
        return ""

    def _defaults(self) -> frozenset[str]:
        """The rows that the next conversation would use."""
        rows = (self._default("input"), self._default("output"))
        return frozenset(row.key for row in rows if row is not None)

    def _default(self, direction: Direction) -> Row | None:
        audio = self.console_app.settings.audio
        try:
            if direction == "input":
                spec: object = parse_source(audio.source or "mic")
            else:
                spec = parse_sink(audio.sink or "speaker")
        except AudioError:
            return None
        return self.bench.best(direction, spec.wanted) if isinstance(spec, DeviceSpec) else None

    def _device_name(self, direction: Direction, device: str | None) -> str:
        row = self.bench.rows.get(f"{'in' if direction == 'input' else 'out'}:{device}")
        return row.device.name if row is not None else ""

    @property
    def chosen(self) -> Row | None:
        """The row under the cursor."""
        key = self.table.chosen if self.is_mounted else None
        return self.bench.rows.get(key) if key is not None else None

    @on(DataTable.RowHighlighted)
    def _moved(self) -> None:
        self._show()

    def say_news(self, news: News) -> None:
        """One sentence at the bottom."""
        self.query_one("#device-news", Static).update(Content.styled(news.words, STYLES[news.tone]))

    # --- what can be done ------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A tone needs an output, listening an input, a recording both."""
        row = self.chosen
        if action == "alone":
            return True if row is not None and row.direction == "input" else None
        if action == "tone":
            return True if self._output() is not None else None
        if action == "record":
            return True if self._input() is not None and self._output() is not None else None
        if action == "default":
            return True if row is not None else None
        return super().check_action(action, parameters)

    def action_label(self, action: Action) -> str:
        """Listening to one alone is undone with the same key."""
        return (
            N_("All inputs") if action is ALONE and self._alone is not None else super().action_label(action)
        )

    def _input(self) -> Row | None:
        """The selected input, else the default."""
        row = self.chosen
        return (
            row
            if row is not None and row.direction == "input"
            else self._default("input") or self.bench.best("input", None)
        )

    def _output(self) -> Row | None:
        """The selected output, else the default."""
        row = self.chosen
        return (
            row
            if row is not None and row.direction == "output"
            else self._default("output") or self.bench.best("output", None)
        )

    def action_refresh(self) -> None:
        """Look for devices again, with a new process if there is none."""
        gone = Fault(SoundcheckCode.SOUNDCHECK_GONE)
        problem = self.bench.problem
        self._alone = None
        if self._check is None or (problem is not None and problem.code in (gone.code, "library_missing")):
            self._start()
        else:
            self._check.tell(ListDevices())

    @work(exclusive=True, group="soundcheck", exit_on_error=False)
    async def _start(self) -> None:
        services = self.console_app.services
        old, self._check = self._check, None
        if old is not None:
            await old.stop()
        self.bench = Bench()
        self._show()
        try:
            self._check = await services.start_soundcheck(self.console_app.settings.state_directory)
        except OSError as error:
            log.exception("The soundcheck could not be started")
            params = {"reason": error.strerror or str(error)}
            self.bench.listed, self.bench.problem = True, Fault("device_listing_failed", params)
            self._show()
        else:
            self._check.tell(ListDevices())

    def _listen(self) -> None:
        wanted = tuple(row.device.id for row in self.bench.inputs() if self._alone in (None, row.device.id))
        self.bench.listen(wanted)
        if self._check is not None:
            self._check.tell(Listen(inputs=wanted))

    def action_alone(self) -> None:
        """Listen to the selected input alone, or to all again."""
        row = self.chosen
        if row is not None:
            self._alone = row.device.id if self._alone is None else None
            self._listen()
            self._show()

    def action_record(self) -> None:
        """Record from the selected input, and play that on the default output, or the other way round."""
        source, sink = self._input(), self._output()
        if self._check is not None and source is not None and sink is not None:
            self._check.tell(RecordAndPlay(input=source.device.id, output=sink.device.id))

    def action_tone(self) -> None:
        """Play a tone on the selected output, or the default."""
        sink = self._output()
        if self._check is not None and sink is not None:
            self._check.tell(PlayTone(output=sink.device.id))

    @work(exclusive=True, group="default", exit_on_error=False)
    async def action_default(self) -> None:
        """Write the selected device to the configuration; if it is there already, the system's default applies."""
        row = self.chosen
        if row is None:
            return
        app = self.console_app
        option = option_named("source" if row.direction == "input" else "sink")
        held = app.settings.audio.source if row.direction == "input" else app.settings.audio.sink
        wanted = None if held == spec_of(row) else spec_of(row)
        try:
            changed = await asyncio.to_thread(change, app.settings, option, wanted)
        except SettingsError as error:
            self.say_news(News(str(error), "bad"))
            return
        app.settings = changed.settings
        if changed.overridden_by:
            words = _("Saved, but {name} takes precedence: start without it.")
            self.say_news(News(words.format(name=changed.overridden_by), "warn"))
        elif wanted is None:
            self.say_news(News(_("Conversations use the system's default again."), "good"))
        else:
            words = _("From the next conversation on: {spec}. Saved in {path}.")
            path = str(changed.settings.config_path)
            self.say_news(News(words.format(spec=one_line(wanted), path=one_line(path)), "good"))
        self._show()

    def action_back(self) -> None:
        self.dismiss(None)
