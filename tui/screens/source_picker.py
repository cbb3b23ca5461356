"""Where the operator's voice comes from: a microphone, a recording, a file, a tone, nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Footer, Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.actions import Action, bindings
from tui.i18n import N_, _
from tui.screens.base import ConsoleModal
from tui.wording import sentence

if TYPE_CHECKING:
    from audio.samples import Sample
    from tui.services import Devices

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
        "source.cancel",
        "escape",
        "cancel",
        N_("Cancel"),
        N_("Source: Leave as it is"),
        N_("Back without changing the source"),
    ),
)


class SourcePicker(ConsoleModal["str | None"]):
    """Returns a source specification, or None."""

    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    CSS_PATH = "source_picker.tcss"
    AUTO_FOCUS = "#sources"

    def __init__(self, samples: Sequence[Sample], current: str) -> None:
        super().__init__()
        self._samples = samples
        self._current = current

    def compose(self) -> ComposeResult:
        """The list, and a path to type."""
        with Vertical(id="box"):
            yield Static(_("Source of your voice"), classes="title")
            yield Static(_("now: {spec}").format(spec=self._current), id="now", markup=False)
            yield OptionList(*self._fixed_options(), id="sources")
            yield Input(placeholder=_("path of a sound file, Enter to play it once"), compact=True, id="path")
            yield Static(id="problem", classes="error", markup=False)
        yield Footer(show_command_palette=False)

    def _fixed_options(self) -> list[Option | None]:
        found: list[Option | None] = [
            Option(Content.styled(_("Looking for microphones..."), "$dim"), id="looking", disabled=True),
            Option(_("Silence (type, or speak recordings)"), id="silence"),
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

    def on_mount(self) -> None:
        """The list is there at once; the microphones follow."""
        self._look()

    @work(exclusive=True, group="devices", exit_on_error=False)
    async def _look(self) -> None:
        self._found(await self.console_app.services.devices())

    def _found(self, devices: Devices) -> None:
        options = self.query_one("#sources", OptionList)
        if devices.microphones:
            mics = [Option(_("Microphone (the system's choice)"), id="mic")]
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

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)

    @on(Input.Submitted, "#path")
    def _typed(self, event: Input.Submitted) -> None:
        path = Path(event.value.strip()).expanduser()
        if path.is_file():
            self.dismiss(f"wav:{path.resolve()}")
        else:
            self.query_one("#problem", Static).update(sentence("file_not_found", {"path": str(path)}))

    def action_path(self) -> None:
        """To the path."""
        self.query_one("#path", Input).focus()

    def action_cancel(self) -> None:
        """Back."""
        self.dismiss(None)
