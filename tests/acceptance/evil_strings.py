"""What a server, a device or an operator may write to deceive whoever reads it: one list for all outputs."""

from __future__ import annotations

import unicodedata

EVIL: dict[str, str] = {
    "forged line": "no\n  PASS  The WebSocket is accepted",
    "forged line, CRLF": "no\r\n2026-01-01 00:00:00 INFO all is well",
    "overwritten line": "no\rPASS",
    "rubbed out": "FAIL\b\b\b\bPASS",
    "vertical tab and form feed": "a\vb\fc",
    "line separators": "a\u2028- ✅ forged\u2029b\x85c",
    "tab": "a\tb",
    "colour, title, clipboard": "\x1b[32mPASS\x1b]0;title\x07\x1b]52;c;cm0=\x07",
    "C1 control": "\x9b2J\x9d0;x\x9c",
    "turned around": "\u202eSSAP\u202c",
    "isolates": "\u2067\u2066evil\u2069\u2069",
    "direction marks": "a\u200eb\u200fc\u061cd",
    "no width": "ad\u200bm\u200cin\u2060\ufeff",
    "soft hyphen": "pass\u00adword",
    "tag characters": "ok\U000e0049\U000e0047\U000e004e",
    "letters drawn as nothing": "\u3164\u115f\uffa0\u2800",
    "half a pair": "\ud83d",
    "no character": "\ufffe\uffff",
    "NUL": "a\x00b",
    "markup": "</li></ul><script>alert(1)</script><img src=x onerror=alert(1)>",
    "Markdown": "[x](javascript:alert(1)) ![x](http://e/) | a | **b** `c` <b> # h\n\n| a |\n|---|",
    "XML": "]]></system-out><failure/>&lt;&#10;",
    "format fields": "{} {0} %s {name}",
}
INNOCENT = (
    "在庫が合わないのです。",
    "Ünïcödé ß ½ €",
    "עברית",
    "العربية",
    "한국어",
    "葛\U000e0100城",
    "❤\ufe0f 👍🏽",
)
"""What must stay as it is."""


def unseen(text: str) -> set[str]:
    """Signs in ``text`` that nobody sees, but for the line feed."""
    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return {
        f"U+{ord(sign):04X}"
        for sign in text
        if sign != "\n" and (unicodedata.category(sign) in hidden or sign in "\u115f\u2800\u3164\uffa0")
    }
