"""The details of one session, in a column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.i18n import _
from tui.sessions.report import report_lines
from tui.sessions.words import judged, mode_word, speaker_word, stage_word, status_word
from tui.wording.figures import NOTHING, moment, number

if TYPE_CHECKING:
    from api_client.models import SessionDetail
    from tui.sessions.view import Row

LAST_MESSAGES = 6


class SessionDetails(VerticalScroll):
    """Shows a session, and its stored turns and report once they are read."""

    def __init__(self, id: str | None = None, *, plain: bool = False) -> None:
        super().__init__(id=id)
        self._detail: SessionDetail | None = None
        self._plain = plain

    def compose(self) -> ComposeResult:
        yield Static(id="details-text")

    def show(self, row: Row | None, detail: SessionDetail | None = None, history_key: str = "") -> None:
        """Show ``row``, or that there is none. Without a newer ``detail`` its last one stays."""
        text = self.query_one("#details-text", Static)
        if row is None:
            text.update(_("Nothing selected"))
            return
        self._detail = known = detail or self._detail
        lines = [facts(row)]
        if known is not None and known.id == row.session.id:
            lines += turns(known, LAST_MESSAGES, history_key)
            if known.report is not None:
                lines += [Content(""), *report_lines(known.report, plain=self._plain)]
        text.update(Content("\n").join(lines))


def facts(row: Row) -> Content:
    """What the session is about, and its state."""
    session, latency = row.session, row.figures.latency
    tone = "$success" if session.realtime_mode else ""
    chance = NOTHING if session.success_probability is None else f"{session.success_probability} %"
    measured = NOTHING
    if latency is not None:
        measured = _("p50 {ms} ms, n {n}, newest recording here").format(
            ms=number(latency.p50_ms), n=latency.n
        )
    rows = (
        (_("Industry"), session.industry or NOTHING, "bold"),
        (_("Proposition"), session.value_proposition or NOTHING, ""),
        (_("Persona"), session.customer_persona or NOTHING, ""),
        (_("Pain"), session.customer_pain or NOTHING, ""),
        (_("Realtime mode"), mode_word(session.realtime_mode), tone),
        (_("Status"), status_word(session.status), ""),
        (_("Chance"), chance, ""),
        (_("SPIN stage"), stage_word(session.current_spin_stage), ""),
        (_("Latency"), measured, ""),
        (_("Started"), moment(session.started_at or session.created_at), ""),
        ("ID", session.id, "$dim"),
    )
    return Content("\n").join(
        [
            Content.assemble((_("{name}: ").format(name=name), "$dim"), (value, style))
            for name, value, style in rows
        ]
    )


def turns(detail: SessionDetail, newest: int | None = None, history_key: str = "") -> list[Content]:
    """The stored turns, or the ``newest`` of them; ``history_key`` shows all."""
    if not detail.messages:
        return [Content(""), Content.styled(_("No turns stored yet"), "$dim")]
    title = _("Stored turns: {n}").format(n=len(detail.messages))
    shown = detail.messages if newest is None else detail.messages[-newest:]
    hidden = len(detail.messages) - len(shown)
    more = "  " + _("{key} shows all").format(key=history_key) if hidden and history_key else ""
    lines = [Content(""), Content.assemble((title, "bold $primary"), (more, "$dim"))]
    for message in shown:
        said = "  " + said if (said := judged(message)) else ""
        when = f"  {moment(message.created_at)}" if newest is None and message.created_at else ""
        style = "$user" if message.role == "salesperson" else "$customer"
        lines.append(Content.assemble((speaker_word(message), style), (when, "$dim"), (said, "$dim")))
        lines.append(Content(message.message))
        if newest is None and message.analysis_summary:
            lines.append(Content.styled(message.analysis_summary, "$dim"))
    return lines
