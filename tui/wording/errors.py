"""Errors and notices in the user's language.

The rooms below raise typed errors and emit events with a stable ``code`` and English for logs; the
sentences are in ``tui.wording.sentences``. A test asks every code of every room for its sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from api_client.harmless import one_line
from tui.i18n import N_, _
from tui.wording.sentences import SENTENCES

if TYPE_CHECKING:
    from relay.stream import Notice, Problem

LONGEST_QUOTE = 300
"""Most characters of the server's own words shown beside ours."""
_DIRECTIONS = {"input": N_("input"), "output": N_("output")}


_WITH_SERVERS_WORDS = (
    "account_refused",
    "validation_failed",
    "forbidden",
    "server_fault",
    "realtime_refused",
)


class _Params(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


def sentence(code: str, params: Mapping[str, str] | None = None, fallback: str = "") -> str:
    """The sentence for ``code``; ``fallback`` (a server's own words) for a code we do not know."""
    known = SENTENCES.get(str(code))
    if known is None:
        return (
            f"{one_line(fallback)} ({one_line(str(code))})"
            if fallback
            else _("Unknown problem: {code}").format(code=code)
        )
    words = _Params({name: one_line(value) for name, value in (params or {}).items()})
    if "direction" in words:
        words["direction"] = _(_DIRECTIONS.get(words["direction"], words["direction"]))
    return _(known).format_map(words)


def of_error(error: Exception) -> str:
    """The sentence for an exception of the rooms below; any exception gives one, never a traceback."""
    code = getattr(error, "code", None)
    if code is None:
        return _("Unexpected problem: {kind}").format(kind=type(error).__name__)
    if type(error).__module__.startswith("audio.") and f"audio.{code}" in SENTENCES:
        code = f"audio.{code}"
    words = sentence(str(code), getattr(error, "params", None), str(error))
    summary = getattr(error, "summary", None)
    if summary and str(code) in _WITH_SERVERS_WORDS:
        summary = one_line(str(summary))
        return summary if str(code) == "validation_failed" else f"{words} ({summary})"
    return words


def of_event(event: Problem | Notice) -> str:
    """The sentence for an error or notice of the conversation."""
    where = getattr(event, "where", "")
    code = f"{where}.{event.code}" if f"{where}.{event.code}" in SENTENCES else event.code
    words = sentence(code, event.params, event.message)
    said = event.params.get("said") or (event.params.get("message", "") if where == "server" else "")
    return _with_servers_words(words, said)


def _with_servers_words(words: str, server: str) -> str:
    """Our sentence followed by the server's own words, which tell its administrator more."""
    server = one_line(server).strip()
    if not server or server in words:
        return words
    if len(server) > LONGEST_QUOTE:
        server = f"{server[:LONGEST_QUOTE]}..."
    return _('{sentence} The server says: "{words}"').format(sentence=words, words=server)
