"""What tells sessions apart: turns, score, latency. Each from where it is known, or unknown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from api_client.models import Session, SessionDetail
from recordings.library import Entry


@dataclass(frozen=True, slots=True)
class RecordedLatency:
    """Response latency of the newest recorded conversation of a session."""

    p50_ms: float
    n: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one session; None where nobody says."""

    turns: int | None = None
    score: float | None = None
    latency: RecordedLatency | None = None


@dataclass(frozen=True, slots=True)
class _Read:
    status: str
    turns: int
    score: float | None


class KnownFigures:
    """Collected from lists, from sessions read one by one, and from this machine's recordings."""

    def __init__(self) -> None:
        self._read: dict[str, _Read] = {}
        self.latencies: Mapping[str, RecordedLatency] = {}
        """By session id."""

    def take(self, detail: SessionDetail) -> None:
        """A session was read."""
        score = None if detail.report is None else detail.report.spin_scores.get("total")
        self._read[detail.id] = _Read(detail.status, len(detail.messages), score)

    def forget_unfinished(self) -> None:
        """A conversation may have added turns."""
        self._read = {one: read for one, read in self._read.items() if read.status == "finished"}

    def lacking(self, sessions: Iterable[Session]) -> list[str]:
        """Those whose turns neither the list nor an earlier reading gives."""
        return [
            session.id
            for session in sessions
            if session.message_count is None and self._newest(session) is None
        ]

    def of(self, session: Session) -> Figures:
        """Everything known of ``session``."""
        turns: int | None = session.message_count
        score: float | None = session.total_score
        if (read := self._newest(session)) is not None:
            turns = read.turns if turns is None else turns
            score = read.score if score is None else score
        return Figures(turns, score, self.latencies.get(session.id))

    def _newest(self, session: Session) -> _Read | None:
        """What was read of it, unless it has been finished since."""
        read = self._read.get(session.id)
        return read if read is not None and read.status == session.status else None


def recorded_latencies(entries: Iterable[Entry]) -> dict[str, RecordedLatency]:
    """By session id; of several recordings of one, that which comes first in ``entries`` and has measured any."""
    found: dict[str, RecordedLatency] = {}
    for entry in entries:
        session_id, ended = entry.manifest.session_id, entry.manifest.ended
        if session_id and ended is not None and ended.latency_p50_ms is not None:
            found.setdefault(session_id, RecordedLatency(ended.latency_p50_ms, ended.latency_n))
    return found
