"""Setting up a visitor's own microphone and loudspeaker over SSH: the commands, and what arrives, live."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from audio.incoming import Reading, Verdict, listen
from audio.spec import TcpSpec
from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.screen import ConsoleModal
from tui.host.voice_ports import LOOPBACK, VoicePorts
from tui.i18n import _
from tui.microphone.actions import ACTIONS, USE
from tui.microphone.commands import System, ssh_target, systems
from tui.microphone.words import told
from tui.tones import STYLES
from tui.wording.figures import meter_cells

METER_CELLS = 30


class Heard(Message):
    """What arrives at the visitor's port now."""

    def __init__(self, reading: Reading) -> None:
        super().__init__()
        self.reading = reading


class MicrophoneScreen(ConsoleModal[bool]):
    """Returns whether the visitor wants to speak with what arrives at ``ports``."""

    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    CSS_PATH = "screen.tcss"

    reading: reactive[Reading | None] = reactive(None, layout=False)

    def __init__(self, ports: VoicePorts) -> None:
        super().__init__()
        self._ports = ports
        self._systems = systems(ssh_target(), ports.microphone, ports.loudspeaker)
        self._shown = 0

    @property
    def system(self) -> System:
        """The kind of computer whose commands are shown."""
        return self._systems[self._shown]

    @property
    def connected(self) -> bool:
        """Whether somebody is at the other end of the tunnel."""
        return self.reading is not None and self.reading.verdict is not Verdict.NOBODY

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="box", can_focus=False):
            yield Static(_("Your own microphone and loudspeaker"), classes="title")
            yield Static(id="first", classes="step", markup=False)
            yield Static(id="sound", classes="command", markup=False)
            yield Static(
                _("2. Then, in another window, bring them here. The same password as before:"),
                id="second",
                classes="step",
                markup=False,
            )
            yield Static(id="tunnel", classes="command", markup=False)
            yield Static(_("3. Speak:"), classes="step", markup=False)
            yield Static(id="meter")
            yield Static(id="verdict")
        yield ActionFooter()

    def on_mount(self) -> None:
        """Show the commands, and listen."""
        self._show_system()
        self._listen()

    @work(exclusive=True, group="listen", exit_on_error=False)
    async def _listen(self) -> None:
        async for reading in listen(TcpSpec(LOOPBACK, self._ports.microphone)):
            self.post_message(Heard(reading))

    def on_heard(self, message: Heard) -> None:
        """Show it."""
        self.reading = message.reading

    def watch_reading(self, reading: Reading | None) -> None:
        """Draw the level and say what it means."""
        if reading is None or not self.is_mounted:
            return
        tone, words = told(reading)
        if reading.verdict is Verdict.GOOD:
            words += " " + _("{key} uses it.").format(key=self.key_name(USE))
        filled = meter_cells(reading.peak_dbfs, METER_CELLS)
        bar = Content.assemble((" " * filled, "on $success"), (" " * (METER_CELLS - filled), "on $surface"))
        level = _("no level") if reading.peak_dbfs <= -120 else f"{reading.peak_dbfs:.0f} dBFS"
        self.query_one("#meter", Static).update(Content.assemble(bar, f"  {level}"))
        self.query_one("#verdict", Static).update(Content.styled(words, STYLES[tone]))

    def _show_system(self) -> None:
        system = self.system
        first = _("1. On your computer ({system}), in a window for each command:").format(
            system=_(system.name)
        )
        if system.needs:
            first += " " + _("It needs: {packages}").format(packages=system.needs)
        self.query_one("#first", Static).update(first)
        self.query_one("#sound", Static).update("\n".join(system.sound))
        self.query_one("#tunnel", Static).update(system.tunnel or "")
        for part in ("#second", "#tunnel"):
            self.query_one(part).display = system.tunnel is not None

    def action_system(self) -> None:
        """Show the next kind of computer."""
        self._shown = (self._shown + 1) % len(self._systems)
        self._show_system()

    def action_copy(self) -> None:
        """Copy all commands, one a line."""
        commands = filter(None, (*self.system.sound, self.system.tunnel))
        self.app.copy_to_clipboard("\n".join(commands) + "\n")
        self.notify(_("The commands are in the clipboard."))

    def action_use(self) -> None:
        """Only what can be heard is used; otherwise say again why not."""
        if self.reading is not None and self.reading.verdict in (Verdict.GOOD, Verdict.FAINT):
            self.dismiss(True)
        else:
            self.app.bell()

    def action_cancel(self) -> None:
        self.dismiss(False)
