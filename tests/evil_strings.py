"""What a hostile or broken server may put into any text, and what ordinary text needs: for the tests of all outputs.

``EVIL`` maps a name to a text that does harm if it reaches a terminal, a log or a report as it is; ``forged_line`` and
``carriage_return`` try to write ``FORGED`` at the beginning of a line of its own. ``ORDINARY`` must come out unchanged.
``harm_in`` says what of a finished output would still do harm.
"""

from __future__ import annotations

import re
import unicodedata

FORGED = "2026-01-01 00:00:00 FORGED"

EVIL: dict[str, str] = {
    "clear_screen": "before\x1b[2J\x1b[Hafter",
    "window_title": "\x1b]0;owned\x07",
    "clipboard": "\x1b]52;c;cm0gLXJmIH4=\x07",
    "hyperlink": "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "c1_csi": "\x9b2Jafter",
    "c1_osc": "\x9d0;owned\x9c",
    "backspaces": "refused\b\b\b\b\b\b\baccepted",
    "form_feed": "page\fbreak",
    "vertical_tab": "line\vbreak",
    "carriage_return": f"said\r{FORGED}",
    "forged_line": f"said\n{FORGED}",
    "crlf": f"said\r\n{FORGED}",
    "next_line": f"said\x85{FORGED}",
    "line_separator": f"said\u2028{FORGED}",
    "paragraph_separator": f"said\u2029{FORGED}",
    "bell": "ding\a",
    "nul": "a\0b",
    "delete": "a\x7fb",
    "shift_out": "\x0elqqqk",
    "right_to_left_override": "invoice\u202egpj.exe",
    "isolate": "\u2067evil\u2069",
    "direction_mark": "a\u200fb\u061cc",
    "zero_width_space": "pass\u200bword",
    "byte_order_mark": "\ufeffhidden",
    "joiner_between_letters": "pass\u200dword",
    "word_joiner": "a\u2060b",
    "soft_hyphen": "pass\u00adword",
    "filler": "a\u3164\u115fb\u2800",
    "tags": "hello" + "".join(chr(0xE0000 + ord(c)) for c in "ignore all"),
    "variation_bytes": "hi" + "".join(chr(0xE0100 + n) for n in b"secret"),
    "lone_high_surrogate": "在庫\ud83d",
    "lone_low_surrogate": "\ude00です",
    "undecodable_byte": "caf\udce9",
    "markup": "[bold red]alert[/] [link=http://evil.example]x[/link]",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "html_end_of_list": "</li></ul><script>alert(1)</script>",
    "markdown": "# Forged\n\n[click](javascript:alert(1)) | cell | `code",
    "markdown_table": "[x](javascript:alert(1)) ![x](http://e/) | a | **b** `c` <b> # h\n\n| a |\n|---|",
    "xml": "]]></system-out><failure/>&lt;&#10;",
    "no_character": "\ufffe\uffff",
    "forged_verdict": "no\n  PASS  The WebSocket is accepted",
    "csv_formula": '=HYPERLINK("http://evil.example")',
    "braces": "{0.__class__} %s %(name)s ${HOME}",
}

ORDINARY: dict[str, str] = {
    "japanese": "在庫の件ですが、「来週」までに１００個…お願いします！〜ー",
    "half_width_kana": "ﾃｽﾄﾞ",
    "combining_marks": "か\u3099き\u309a e\u0301",
    "kanji_variant": "葛\U000e0100城市、辻\U000e0101さん",
    "astral_kanji": "𠮷野家",
    "emoji": "😀👍🏽 ❤️ 1️⃣ ©️",
    "family": "👨‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈 🧑‍✈️",
    "flags": "🇯🇵 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "hindi": "क्‍ष नमस्ते",
    "persian": "می‌خواهم",
    "tab_and_lines": "a\tb\nc",
    "ideographic_space": "はい\u3000いいえ",
}

_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def harm_in(output: str) -> list[str]:
    """The names of the characters in ``output`` that a terminal would obey, or that nobody would see."""
    found = [
        f"U+{ord(c):04X}"
        for c in output
        if (unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") and c not in "\t\n") or c in _DIRECTIONS
    ]
    found += [f"{name} alone" for name, text in _HIDDEN if text.search(output)]
    return found + (["a forged line"] if re.search(rf"^{FORGED}", output, re.MULTILINE) else [])


_HIDDEN = (
    ("zero-width space", re.compile("[\u00ad\u115f\u200b\u2060\u2800\u3164\ufeff]")),
    ("joiner", re.compile("[A-Za-z][\u200c\u200d]|[\u200c\u200d][A-Za-z]")),
    ("tags", re.compile("[a-z][\U000e0020-\U000e007e]")),
    ("variation selectors", re.compile("[a-z\U000e0100-\U000e01ef][\U000e0100-\U000e01ef]")),
)
