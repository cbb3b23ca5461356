"""Where the operator's voice comes from (a microphone, a recording, a file, a tone, nothing), and where the
customer's goes (a loudspeaker, a file, nowhere)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from audio.paths import from_home
from relay.commands import UseSink, UseSource
from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.field import Field
from tui.frame.screen import ConsoleModal
from tui.i18n import N_, _
from tui.wording.errors import sentence

if TYPE_CHECKING:
    from pathlib import Path

    from audio.samples import Sample
    from tui.host.devices import Devices

ACTIONS = (
    Action(
        "source.path",
        "f2",
        "path",
        N_("File path"),
        N_("Source: Type a path"),
        N_("Type the path of a sound file"),
    ),
    Action(
        "source.sink",
        "f3",
        "sinks",
        N_("Playback"),
        N_("Playback: Choose"),
        N_("Choose where to play the customer"),
    ),
    Action(
        "source.cancel",
        "escape",
        "cancel",
        N_("Cancel"),
        N_("Source: Leave unchanged"),
        N_("Back without changes"),
    ),
)


class SourcePicker(ConsoleModal[UseSource | UseSink | None]):
    """Returns the choice, or None. ``answer_file`` is offered for the customer's voice."""

    ABOUT: ClassVar[str] = N_("What you speak with, and where the customer is played.")
    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    CSS_PATH = "source_picker.tcss"
    AUTO_FOCUS = "#sources"

    def __init__(self, samples: Sequence[Sample], source: str, sink: str, answer_file: Path) -> None:
        super().__init__()
        self._samples = samples
        self._source = source
        self._sink = sink
        self._answer_file = answer_file

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static(_("Source of your voice"), classes="title")
            yield Static(_("now: {spec}").format(spec=self._source), id="now", markup=False)
            yield OptionList(*self._fixed_options(), id="sources")
            yield Field(placeholder=_("path of a sound file, Enter to play it once"), compact=True, id="path")
            yield Static(id="problem", classes="error", markup=False)
            yield Static(_("Where to play the customer"), classes="title")
            yield Static(_("now: {spec}").format(spec=self._sink), id="sink-now", markup=False)
            yield OptionList(*self._sinks(), id="sinks")
        yield ActionFooter()

    def _fixed_options(self) -> list[Option | None]:
        found: list[Option | None] = [
            Option(Content.styled(_("Looking for microphones..."), "$dim"), id="looking", disabled=True),
            Option(_("Silence (type, or play recordings)"), id="silence"),
            Option(_("Test tone, 440 Hz"), id="tone"),
        ]
        if self._samples:
            found.append(None)
        for number, sample in enumerate(self._samples, 1):
            words = Content.assemble(
                (f"{number:2} ", "$dim"),
                (_("Recording: {title}").format(title=sample.title), "bold"),
                (f"  {sample.seconds:.1f} s\n   {sample.text}", "$dim"),
            )
            found.append(Option(words, id=f"wav:{sample.path}"))
        return found

    def _sinks(self, speakers: Sequence[str] | None = None) -> list[Option]:
        """The sinks; None while still looking for loudspeakers."""
        found = [
            Option(_("Nowhere (text only)"), id="none"),
            Option(
                _("To the file {path}").format(path=self._answer_file.name), id=f"wav:{self._answer_file}"
            ),
        ]
        if speakers:
            found.insert(0, Option(_("Loudspeaker (system default)"), id="speaker"))
            found += [
                Option(_("Loudspeaker: {name}").format(name=name), id=f"speaker:{name}") for name in speakers
            ]
        elif speakers is not None:
            words = Content.styled(_("No loudspeaker on this machine"), "$warning")
            found.append(Option(words, disabled=True))
        return found

    def on_mount(self) -> None:
        """Show the list at once; add the microphones when they are known."""
        self._look()

    @work(exclusive=True, group="devices", exit_on_error=False)
    async def _look(self) -> None:
        self._found(await self.console_app.services.devices())

    def _found(self, devices: Devices) -> None:
        options = self.query_one("#sources", OptionList)
        if devices.microphones:
            mics = [Option(_("Microphone (system default)"), id="mic")]
            mics += [
                Option(_("Microphone: {name}").format(name=name), id=f"mic:{name}")
                for name in devices.microphones
            ]
        else:
            why = sentence(devices.problem or "no_device", {"direction": "input", **devices.params})
            mics = [
                Option(Content.styled(_("No microphone. {why}").format(why=why), "$warning"), disabled=True)
            ]
        options.clear_options()
        options.add_options([*mics, *self._fixed_options()[1:]])
        options.highlighted = 0 if devices.microphones else 1
        sinks = self.query_one("#sinks", OptionList)
        sinks.clear_options()
        sinks.add_options(self._sinks(devices.speakers))
        sinks.highlighted = 0

    @on(OptionList.OptionSelected, "#sources")
    def _source_chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(UseSource(spec=event.option.id or self._source))

    @on(OptionList.OptionSelected, "#sinks")
    def _sink_chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(UseSink(spec=event.option.id or self._sink))

    @on(Input.Submitted, "#path")
    def _typed(self, event: Input.Submitted) -> None:
        path = from_home(event.value.strip())
        if path.is_file():
            self.dismiss(UseSource(spec=f"wav:{path.resolve()}"))
        else:
            self.query_one("#problem", Static).update(sentence("file_not_found", {"path": str(path)}))

    def action_path(self) -> None:
        self.query_one("#path", Input).focus()

    def action_sinks(self) -> None:
        self.query_one("#sinks", OptionList).focus()

    def action_cancel(self) -> None:
        self.dismiss(None)
