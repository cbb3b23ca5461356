"""How to speak, for those who may not choose among the machine's devices and files: their own microphone, if it was
set up for them, a sample line, or typing only. The customer is heard where the console was told to play them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from relay.commands import UseSource
from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.screen import ConsoleModal
from tui.i18n import N_, _

if TYPE_CHECKING:
    from audio.samples import Sample

ACTIONS = (
    Action(
        "voice.cancel",
        "escape",
        "cancel",
        N_("Cancel"),
        N_("Voice: Leave unchanged"),
        N_("Back without changes"),
    ),
)
TYPING = "silence"


class VoicePicker(ConsoleModal[UseSource | None]):
    """Returns the choice, or None. ``own``: the source that was set up; None: there is no microphone."""

    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    CSS_PATH = "voice_picker.tcss"
    AUTO_FOCUS = "#sources"

    def __init__(self, samples: Sequence[Sample], own: str | None) -> None:
        super().__init__()
        self._samples = samples
        self._own = own

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static(_("How do you want to speak?"), classes="title")
            yield OptionList(*self._choices(), id="sources")
        yield ActionFooter()

    def _choices(self) -> list[Option | None]:
        found: list[Option | None] = [Option(_("By typing, or with sample lines"), id=TYPING)]
        if self._own is not None:
            found.insert(0, Option(_("With your own microphone"), id=self._own))
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

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(UseSource(spec=event.option.id or TYPING))

    def action_cancel(self) -> None:
        self.dismiss(None)
