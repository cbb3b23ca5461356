"""As what a recording is exported."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.actions import Action, bindings
from tui.frame.action_footer import ActionFooter
from tui.frame.screen import ConsoleModal
from tui.i18n import N_, _

ACTIONS = (
    Action("export.cancel", "escape", "cancel", N_("Cancel"), N_("Export: Cancel"), N_("Write nothing")),
)
FORMATS: dict[str, str] = {
    "wav": N_("Sound: salesperson left, customer right"),
    "flac": N_("Sound, smaller, nothing lost"),
    "opus": N_("Sound, smallest"),
    "html": N_("Page with sound, transcript and figures"),
    "md": N_("Transcript as Markdown"),
    "srt": N_("Subtitles (SubRip)"),
    "vtt": N_("Subtitles for the web (WebVTT)"),
    "jsonl": N_("All events, one JSON object per line"),
    "cast": N_("Recording of the transcript for terminals (asciicast)"),
}
"""By the ending of the file."""


class ExportScreen(ConsoleModal[str]):
    """Returns the ending of the file that is wanted, or None."""

    ACTIONS: ClassVar[tuple[Action, ...]] = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)
    CSS_PATH = "export.tcss"
    AUTO_FOCUS = "#formats"

    def compose(self) -> ComposeResult:
        """The formats."""
        options = [
            Option(Content.assemble((f"{suffix:6}", "bold"), _(words)), id=suffix)
            for suffix, words in FORMATS.items()
        ]
        with Vertical(id="box"):
            yield Static(_("Export the recording as"), classes="title")
            yield OptionList(*options, id="formats")
        yield ActionFooter()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)

    def action_cancel(self) -> None:
        """Back."""
        self.dismiss(None)
