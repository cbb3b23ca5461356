"""The conversation as text: one block per turn, in conversation order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from textual import getters
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.actions import Action, KeyNames
from tui.conversation.actions import SAMPLE, SAY, SOURCE
from tui.i18n import _, ngettext
from tui.wording.errors import sentence
from tui.wording.figures import clock, number
from tui.wording.line_breaks import wrapped

if TYPE_CHECKING:
    from relay.conversation import Turn

KEPT_TURNS = 200
"""Blocks on screen; older ones are removed (the recording and the server keep them all)."""


class TurnBlock(Static):
    """One turn."""

    def __init__(self, turn: Turn, width: int, latency_ms: float | None = None) -> None:
        super().__init__(turn_content(turn, width, latency_ms), classes=f"turn -{turn.role}")
        self.turn = turn
        self._shown = (turn, width, latency_ms)

    def show(self, turn: Turn, width: int, latency_ms: float | None = None) -> None:
        """Paint, if anything changed. ``width`` in cells."""
        if (turn, width, latency_ms) != self._shown:
            self.turn, self._shown = turn, (turn, width, latency_ms)
            self.update(turn_content(turn, width, latency_ms))


def turn_content(turn: Turn, width: int, latency_ms: float | None = None) -> Content:
    """When, who, after how long, what, and what became of it, in lines of at most ``width`` cells."""
    who = {"user": _("You"), "assistant": _("Customer"), "system": _("System")}[turn.role]
    colour = {"user": "$user", "assistant": "$customer", "system": "$dim"}[turn.role]
    text = turn.text.strip()
    if turn.failure is not None:
        text = _("(not transcribed: {why})").format(why=sentence(turn.failure, {}, turn.failure))
    elif not text:
        text = _("(being transcribed...)") if turn.role == "user" else "..."
    elif not turn.final:
        text += " ..."
    head: list[tuple[str, str]] = [(f"{clock(turn.at)} ", "$dim"), (who, f"bold {colour}")]
    if latency_ms is not None:
        head.append((f"  {number(latency_ms)} ms", "$dim"))
    if turn.interrupted:
        heard = f"{(turn.heard_ms or 0) / 1000:.1f}"
        whole = f"{(turn.received_ms or 0) / 1000:.1f}"
        words = _("interrupted, {heard} s of {whole} s heard").format(heard=heard, whole=whole)
        head.append((f"  {words}", "$warning"))
    # The text has lines of its own: Japanese has no spaces to break at, so beside a name it would wrap badly.
    lines = "\n".join(wrapped(text, width))
    return Content.assemble(*head, "\n", (lines, "" if turn.text.strip() else "$dim"))


def earlier_words(turns: int, recording: str | None) -> str:
    """The line above the oldest block: how many ``turns`` came before it, and where to find them."""
    if recording is None:
        return ngettext(
            "{n} older turn is no longer shown; this conversation is not recorded.",
            "{n} older turns are no longer shown; this conversation is not recorded.",
            turns,
        ).format(n=turns)
    return ngettext(
        "{n} older turn is in the recording: {name}", "{n} older turns are in the recording: {name}", turns
    ).format(n=turns, name=recording)


def first_words(samples: int, keys: KeyNames, *, files: bool = True) -> Content:
    """The empty transcript's hint: how to say something, first of all without a microphone.

    ``files``: whether sound files can be chosen.
    """

    def press(action: Action) -> Content:
        return Content.styled(_("Press {keys}").format(keys=keys.all(action)), "bold $accent")

    lines = [Content.styled(_("Nothing has been said yet."), "bold"), Content("")]
    if samples:
        words = ngettext(
            "to speak the sample line. No microphone is needed.",
            "to speak the next of {n} sample lines. No microphone is needed.",
            samples,
        ).format(n=samples)
        lines += [press(SAMPLE), Content(words)]
    lines += [
        press(SAY),
        Content(_("to type what you say.")),
        press(SOURCE),
        Content(_("to choose a microphone or a file.") if files else _("to choose how to speak.")),
    ]
    return Content("\n").join(lines)


class Transcript(VerticalScroll):
    """Follows the end until the operator scrolls up or turns it off."""

    _turns = getters.query_one("#turns", Vertical)
    _earlier = getters.query_one("#earlier", Static)

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._turns_shown: Sequence[Turn] = ()
        self._latencies: Mapping[str, float] = {}
        self._blocks: dict[str, TurnBlock] = {}
        self._order: list[str] = []
        self._earlier_shown: tuple[int, str | None] = (0, None)

    def compose(self) -> ComposeResult:
        """At least as high as the view: Textual puts what is anchored and shorter at the bottom."""
        yield Static(id="earlier", markup=False)
        yield Vertical(id="turns")

    def on_mount(self) -> None:
        self.anchor()

    def on_resize(self) -> None:
        """Lines end elsewhere."""
        self.show(self._turns_shown, self._latencies)

    @property
    def _line_width(self) -> int:
        """Leaves room for the scrollbar, so that its appearing changes no line; an unknown width counts as wide."""
        return (self.container_size.width or 10_000) - self.scrollbar_size_vertical

    @property
    def following(self) -> bool:
        """Whether new text is scrolled into view."""
        return self.is_anchored and self.max_scroll_y - self.scroll_y < 1

    def follow(self, on: bool) -> None:
        """Follow the end, or stay put."""
        if on:
            self.anchor()
        else:
            self.release_anchor()

    def empty(self) -> None:
        """Clear it for another conversation."""
        self._turns.remove_children()
        self._blocks, self._order, self._turns_shown = {}, [], ()
        self.show_earlier(0, None)
        self.anchor()

    def show_earlier(self, turns: int, recording: str | None) -> None:
        """Say above the oldest block how many ``turns`` came before it, if any did, and in which recording they are."""
        if (turns, recording) != self._earlier_shown:
            self._earlier_shown = (turns, recording)
            self._earlier.display = turns > 0
            self._earlier.update(earlier_words(turns, recording))

    def show(self, turns: Sequence[Turn], latencies: Mapping[str, float]) -> None:
        """Bring the blocks in line with ``turns``; what has not changed costs nothing.

        ``latencies``: response latency in ms by the item of the answer.
        """
        self._latencies = latencies
        shown = self._turns_shown = turns[-KEPT_TURNS:]
        width = self._line_width
        new = [turn for turn in shown if turn.item_id not in self._blocks]
        for turn in shown:
            if turn.item_id in self._blocks:
                self._blocks[turn.item_id].show(turn, width, latencies.get(turn.item_id))
        order = [turn.item_id for turn in shown]
        if not new and order == self._order:
            return
        for turn in new:
            self._blocks[turn.item_id] = TurnBlock(turn, width, latencies.get(turn.item_id))
        if order[: len(self._order)] == self._order:
            self._turns.mount(*(self._blocks[turn.item_id] for turn in new))
        else:
            self._rearrange(order, new)
        self._order = order

    def _rearrange(self, order: list[str], new: Sequence[Turn]) -> None:
        """Rebuild after a turn was inserted or the oldest were removed."""
        for item_id in self._order:
            if item_id not in order:
                self._blocks.pop(item_id).remove()
        if new:
            self._turns.mount(*(self._blocks[turn.item_id] for turn in new))
        rank = {self._blocks[item_id]: place for place, item_id in enumerate(order)}
        self._turns.sort_children(
            key=lambda child: rank.get(child, -1) if isinstance(child, TurnBlock) else -1
        )
