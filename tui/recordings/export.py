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
    Action("export.cancel", "escape", "cancel", N_("Cancel"), N_("Export: Cancel"), N_("Cancel the export")),
)
FORMATS: dict[str, str] = {
    "wav": N_("Audio: salesperson left, customer right"),
    "flac": N_("Audio, lossless (smaller)"),
    "opus": N_("Audio, lossy (smallest)"),
    "html": N_("Page with audio, transcript and figures"),
    "md": N_("Transcript as Markdown"),
    "srt": N_("Subtitles (SubRip)"),
    "vtt": N_("Subtitles for the web (WebVTT)"),
    "jsonl": N_("All events, one JSON object per line"),
    "cast": N_("Transcript as a terminal recording (asciicast)"),
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
