"""The details of one session, in a column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.i18n import _
from tui.wording.figures import NOTHING, moment

if TYPE_CHECKING:
    from api_client.models import Session, SessionDetail

LAST_MESSAGES = 6


def mode_word(value: bool | None) -> str:
    """``realtime_mode`` as the server reports it."""
    return {True: "true", False: "false", None: "?"}[value]


def status_word(status: str) -> str:
    """The server's status in the operator's language; an unknown one is shown as it is."""
    return {"active": _("active"), "finished": _("finished"), "pending": _("pending")}.get(status, status)


class SessionDetails(VerticalScroll):
    """Shows a session, and its stored turns and report once they are read."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._detail: SessionDetail | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="details-text")

    def show(self, session: Session | None, detail: SessionDetail | None = None) -> None:
        """Show ``session``, or that there is none. Without a newer ``detail`` its last one stays."""
        text = self.query_one("#details-text", Static)
        if session is None:
            text.update(_("Nothing selected"))
            return
        self._detail = known = detail or self._detail
        content = _facts(session)
        if known is not None and known.id == session.id:
            content = Content("\n").join([content, *_turns(known), *_report(known)])
        text.update(content)


def _facts(session: Session) -> Content:
    tone = "$success" if session.realtime_mode else ""
    chance = NOTHING if session.success_probability is None else f"{session.success_probability} %"
    rows = (
        (_("Industry"), session.industry or NOTHING, "bold"),
        (_("Proposition"), session.value_proposition or NOTHING, ""),
        (_("Persona"), session.customer_persona or NOTHING, ""),
        (_("Pain"), session.customer_pain or NOTHING, ""),
        (_("Realtime mode"), mode_word(session.realtime_mode), tone),
        (_("Status"), status_word(session.status), ""),
        (_("Chance"), chance, ""),
        (_("SPIN stage"), session.current_spin_stage or NOTHING, ""),
        (_("Started"), moment(session.started_at or session.created_at), ""),
        ("ID", session.id, "$dim"),
    )
    return Content("\n").join(
        [
            Content.assemble((_("{name}: ").format(name=name), "$dim"), (value, style))
            for name, value, style in rows
        ]
    )


def _turns(detail: SessionDetail) -> list[Content]:
    if not detail.messages:
        return [Content(""), Content.styled(_("No turns stored yet"), "$dim")]
    title = _("Stored turns: {n}").format(n=len(detail.messages))
    lines = [Content(""), Content.styled(title, "bold $primary")]
    for message in detail.messages[-LAST_MESSAGES:]:
        user = message.role == "salesperson"
        who = _("You") if user else _("Customer")
        lines += [Content.styled(who, "$user" if user else "$customer"), Content(message.message)]
    return lines


def _report(detail: SessionDetail) -> list[Content]:
    report = detail.report
    if report is None:
        return []
    total = report.spin_scores.get("total")
    title = _("Report. Score: {total}").format(total=NOTHING if total is None else total)
    return [
        Content(""),
        Content.styled(title, "bold $primary"),
        Content(report.feedback),
        Content(report.next_actions),
    ]
