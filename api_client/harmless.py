"""Control characters taken out of what a server sends, before anything is made of it.

Every word of a server ends on somebody's terminal, which obeys an escape sequence wherever it comes from: it can
clear the screen, hide text, or write to the clipboard.
"""

from __future__ import annotations

import re

_ESCAPED = re.compile(r"\\u00(?:0[0-8bce-fBCE-F]|1[0-9a-fA-F]|7[fF]|[89][0-9a-fA-F])")
"""C0 but for tab, line feed and carriage return; DEL; C1. JSON may write them only so, but for the last two."""
_BARE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def harmless_json(json: str) -> str:
    """``json`` with U+FFFD in place of each control character in its strings; tabs and line breaks stay."""
    if "\\u00" in json:
        json = _ESCAPED.sub(r"\\ufffd", json)
    return json if json.isascii() else harmless_text(json)


def harmless_text(text: str) -> str:
    """``text`` with U+FFFD in place of each control character but tabs and line breaks."""
    return _BARE.sub("\ufffd", text)
