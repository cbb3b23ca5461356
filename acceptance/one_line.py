"""Text from outside (a server, a device, a file name) made fit to stand within a line of ours. Pure.

In a report a line break would forge a line, a direction mark would turn the words around it, and a sign without
width would hide a difference. Letters stay, whatever their script, and so do variation selectors.
"""

from __future__ import annotations

import unicodedata

_UNSEEN = frozenset({"Cc", "Cf", "Cs"})
"""Controls, formatting (directions, joiners, tags), halves of a pair."""
_BREAKS = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029")
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs that are drawn as nothing."""


def one_line(text: str, longest: int | None = None) -> str:
    """``text`` without line breaks (a space each), with U+FFFD in place of each sign that cannot be seen.

    ``longest``: characters; what is longer is cut and ends in an ellipsis.
    """
    if longest is not None and len(text) > longest:
        text = text[: longest - 1] + "…"
    return text if text.isascii() and text.isprintable() else "".join(map(_seen, text))


def _seen(sign: str) -> str:
    if sign in _BREAKS:
        return " "
    unseen = sign in _BLANK_LETTERS or unicodedata.category(sign) in _UNSEEN
    return "\ufffd" if unseen else sign
