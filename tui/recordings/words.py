"""Recordings in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from textual.content import Content

from api_client.harmless import one_line
from recordings.library import Entry, Match
from relay.recording.manifest import How, Manifest
from tui.conversation.readings import padded
from tui.i18n import N_, _
from tui.recordings.shown import Filters
from tui.status import place_name
from tui.tones import STYLES
from tui.wording.figures import NOTHING, clock, moment
from tui.wording.sentences import SENTENCES

ENDS: dict[How, str] = {
    "stopped": N_("ended"),
    "interrupted": N_("interrupted"),
    "connection": N_("connection"),
    "timeout": N_("timeout"),
    "failed": N_("failed"),
    "disk": N_("disk full"),
    "killed": N_("cut off"),
}
SHORT_ID = 8
MATCHES_SHOWN = 3
ERRORS_SHOWN = 2
LABEL_WIDTH = 11


def started(manifest: Manifest) -> str:
    """When it began, in local time."""
    try:
        return moment(datetime.fromisoformat(manifest.started_at))
    except ValueError:
        return NOTHING


def server_name(manifest: Manifest) -> str:
    """The server's host, or a dash."""
    return place_name(one_line(manifest.server_url), None) if manifest.server_url else NOTHING


def recording_title(manifest: Manifest) -> str:
    """When, where, which session."""
    session = one_line(manifest.session_id or "")[:SHORT_ID]
    facts = [started(manifest), server_name(manifest)]
    if session:
        facts.append(_("session {id}").format(id=session))
    return ", ".join(facts)


def how_it_ended(entry: Entry) -> str:
    """In a word or two."""
    if entry.running:
        return _("running")
    ended = entry.manifest.ended
    return NOTHING if ended is None else _(ENDS[ended.how])


def errors_word(entry: Entry) -> str:
    """How many kinds of errors there were; a dash for none."""
    ended = entry.manifest.ended
    return str(len(ended.errors)) if ended is not None and ended.errors else NOTHING


def is_cut_off(entry: Entry) -> bool:
    """Whether a kill or a power failure ended it, and it is not repaired yet."""
    ended = entry.manifest.ended
    return not entry.running and not entry.complete and (ended is None or ended.how == "killed")


def filter_words(filters: Filters) -> list[str]:
    """The active filters."""
    found = []
    if filters.words:
        found.append(_('with "{words}"').format(words=one_line(filters.words)))
    if filters.server_url is not None:
        found.append(_("only {server}").format(server=one_line(filters.server_url)))
    if filters.errors:
        found.append(_("only with errors"))
    if filters.marked:
        found.append(_("only marked"))
    return found


def no_recordings(place: Path) -> Content:
    """The empty list's hint."""
    return Content("\n").join(
        [
            Content.styled(_("No recordings yet."), "bold"),
            Content(_("Recorded conversations are listed here for replay.")),
            Content(_("They are stored in {path}").format(path=one_line(str(place)))),
        ]
    )


def details(entry: Entry, matches: Sequence[Match], repair_key: str) -> Content:
    """The details of a recording beyond its line in the list."""
    manifest, ended = entry.manifest, entry.manifest.ended
    rows: list[tuple[str, str]] = []
    if entry.notes.note:
        rows.append((_("Note"), one_line(entry.notes.note)))
    rows += [(_("Said"), f"{clock(match.t)} {one_line(match.text)}") for match in matches[:MATCHES_SHOWN]]
    if ended is not None and ended.errors:
        rows += [(_("Error"), _error(code)) for code in ended.errors[:ERRORS_SHOWN]]
    rows += [
        (_("Name"), one_line(entry.name)),
        (_("Server"), one_line(manifest.server_url or NOTHING)),
        (_("Session"), one_line(manifest.session_id or NOTHING)),
        (_("Size"), f"{entry.size_bytes / 1e6:.1f} MB"),
    ]
    if manifest.devices:
        rows.append((_("Devices"), one_line(", ".join(manifest.devices))))
    if manifest.versions.get("salesmind"):
        rows.append((_("Version"), one_line(manifest.versions["salesmind"])))
    lines = []
    if is_cut_off(entry):
        words = _("Cut off by a kill or a power failure; {key} repairs it.").format(key=repair_key)
        lines.append(Content.styled(words, STYLES["warn"]))
    lines += [Content.assemble((padded(label, LABEL_WIDTH), "$dim"), (value, "")) for label, value in rows]
    return Content("\n").join(lines)


def _error(code: str) -> str:
    """The sentence for a code of which no particulars are kept; the code itself where the sentence needs them."""
    known = SENTENCES.get(code, "{}")
    return one_line(code) if "{" in known else _(known)
