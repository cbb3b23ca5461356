"""Text from outside, made harmless before it is used.

A server's text ends up on somebody's terminal, which obeys control characters wherever they come from: they can
clear the screen, write to the clipboard, overwrite a line, or show text in a different order than it is stored in. What
is invisible can also hide words from a reader that a program still sees. Each such character becomes U+FFFD, so that
the reader sees that something was there.

What ordinary text needs is left alone:

- tabs and line breaks (CR, CR LF, NEL and the Unicode separators become LF);
- a zero-width joiner between two emoji, and joiner and non-joiner within Arabic and the scripts of India;
- one variation selector after a sign: emoji style, and the variant forms of kanji in Japanese names;
- tag characters in the flags of England, Scotland and Wales.

Japanese is untouched: full-width signs and spaces, half-width kana and combining marks are ordinary text.
"""

from __future__ import annotations

import re

REPLACEMENT = "\ufffd"

_LINE_BREAK = re.compile("\r\n|[\r\x85\u2028\u2029]")
_EMOJI = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u27bf\u2934\u2935\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    "\ufe0f\U0001f000-\U0001faff\U000e007f"
)
_JOINED_SCRIPTS = "\u0600-\u0fff"
_KANJI = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HARMFUL = re.compile(
    # Controls but tab and line feed; halves of surrogate pairs, which no encoder takes.
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]"
    # Direction marks, embeddings, overrides and isolates.
    "|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
    # Invisible: spaces without width, fillers, mathematical operators nobody sees, annotations.
    "|[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u206a-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb]"
    # Joiners anywhere but in the places named above.
    f"|(?<![{_EMOJI}{_JOINED_SCRIPTS}])[\u200c\u200d]|[\u200c\u200d](?![{_EMOJI}{_JOINED_SCRIPTS}])"
    # Variation selectors that vary nothing: a run of them can carry any hidden bytes.
    "|(?:^|(?<=[\\s\ufe00-\ufe0f\U000e0100-\U000e01ef]))[\ufe00-\ufe0f]"
    f"|(?<![{_KANJI}])[\U000e0100-\U000e01ef]"
    # Tags, but in a flag; the flag is matched first and put back.
    "|(?P<flag>\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f)|[\U000e0000-\U000e007f]"
)


def harmless_text(text: str) -> str:
    """``text`` with harmful characters replaced by U+FFFD; tabs and line breaks stay. It can always be encoded."""
    if text.isascii() and text.isprintable():
        return text
    return _HARMFUL.sub(_keep_flags, _LINE_BREAK.sub("\n", text))


def one_line(text: str) -> str:
    """``harmless_text`` on one line: line breaks are shown as ``\\n``, so that no text can forge a line."""
    return harmless_text(text).replace("\n", "\\n").replace("\t", " ")


def _keep_flags(match: re.Match[str]) -> str:
    return match["flag"] or REPLACEMENT
