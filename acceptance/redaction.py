"""Removing secrets from text: the one rule for logs, reports and the diagnostics bundle.

Two things are removed: what looks like a secret (a token, an API key, the value after ``password=``), and the
values known to be secret because an environment variable's name says so. Better one word
too many than one token too few.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

MARK = "***"
SHORTEST_KNOWN = 4
"""Characters. A known value shorter than this is not searched for: it would cut ordinary words to pieces."""

_NAMES = (
    r"(?:password|passwd|passphrase|secret|token|credentials?|api[_-]?key|(?:secret|private|access)[_-]?key"
    r"|パスワード|トークン)"
)
_TELLING_NAME = re.compile(r"KEY|TOKEN|PASSW|SECRET|CREDENTIAL", re.IGNORECASE)
_NAME_TRIGGERS = ("passw", "passphrase", "secret", "token", "credential", "key", "パスワード", "トークン")
_PATTERNS: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = tuple(
    (triggers, re.compile(pattern, re.IGNORECASE | re.DOTALL), replacement)
    for triggers, pattern, replacement in (
        (
            ("private key",),
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
            MARK,
        ),
        # Headers, written as "Name: value", as JSON, or as Python shows a list of pairs.
        (
            ("authorization", "cookie", "sec-websocket-protocol"),
            r"""((?:proxy-)?authorization|(?:set-)?cookie|sec-websocket-protocol)(b?\\?["']?\s*[:=,]\s*b?\\?["']?)"""
            r"""[^"'\r\n\\]+""",
            rf"\1\2{MARK}",
        ),
        (
            ("token", "bearer", "box"),
            r"\b(Token|Bearer|Box(?=(?:\s+|%20)[\w-]{32}))(\s+|%20)[0-9A-Za-z._~+/=-]{8,}",
            rf"\1\2{MARK}",
        ),
        (
            ("basic",),
            r"\b(Basic)(\s+|%20)(?=[A-Za-z+/]*[0-9=])[0-9A-Za-z+/]{8,}={0,2}",
            rf"\1\2{MARK}",
        ),
        # In a query, also where the whole URL is itself a parameter.
        (
            _NAME_TRIGGERS,
            rf"((?:[?&;]|%3F|%26)[\w-]*(?:{_NAMES}|key)(?:=|%3D))(?:(?!%26)[^&\s'\"<>#\\])+",
            rf"\1{MARK}",
        ),
        (("://",), r"(\b[a-z][a-z0-9+.-]{0,20}://)[^/\s@'\"<>]+@", rf"\1{MARK}@"),
        # "name": value, as JSON and as JSON within JSON strings; then name = value.
        (_NAME_TRIGGERS, rf'({_NAMES}"\s*:\s*)"(?:[^"\\\r\n]|\\.)*"', rf'\1"{MARK}"'),
        (
            _NAME_TRIGGERS,
            rf'({_NAMES}(\\+)"\s*:\s*\2")[^\r\n]*?(?<!\\)\2"',
            rf'\1{MARK}\2"',
        ),
        (_NAME_TRIGGERS, rf"""({_NAMES}\\*"\s*:\s*)[^\s,}}\]"\\]+""", rf"\1{MARK}"),
        (_NAME_TRIGGERS, rf"""({_NAMES}'?\s*[:=：]\s*)"(?:[^"\\\r\n]|\\.)*\"""", rf'\1"{MARK}"'),
        (_NAME_TRIGGERS, rf"""({_NAMES}'?\s*[:=：]\s*)'(?:[^'\\\r\n]|\\.)*'""", rf"\1'{MARK}'"),
        (
            _NAME_TRIGGERS,
            rf"""({_NAMES}\s*[:=：]\s*)(?:[^\s&<"'\\]|\\(?!\\*["']))+""",
            rf"\1{MARK}",
        ),
        (_NAME_TRIGGERS, rf"(?<![\w-])(--[\w-]{{0,40}}{_NAMES}\s+)(?!-)\S+", rf"\1{MARK}"),
        (("sk-",), r"\bsk-[0-9A-Za-z_-]{8,}", f"sk-{MARK}"),
        (("ek_",), r"\bek_[0-9A-Za-z_-]{8,}", f"ek_{MARK}"),
        (("eyj",), r"\beyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]+\.[0-9A-Za-z_-]*", MARK),
        # A token of the server: 40 hexadecimal digits and no more (a SHA-256 stays).
        (("",), r"(?<![0-9A-Za-z])[0-9a-f]{40}(?![0-9A-Za-z])", MARK),
    )
)
"""What must be in the text for a pattern to be tried (in lower case: most lines hold none of it), the pattern, and
what takes its place."""


Plain = TypeVar("Plain")


class Redactor:
    """Cuts out what looks like a secret, and every one of ``known``. ``repr`` shows neither."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        forms = {form for value in known if len(value) >= SHORTEST_KNOWN for form in _forms(value)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def redact(self, text: str) -> str:
        """``text`` with ``***`` where a secret stood."""
        if self._known is not None:
            text = self._known.sub(MARK, text)
        lowered = text.lower()
        for triggers, pattern, replacement in _PATTERNS:
            if any(trigger in lowered for trigger in triggers):
                text = pattern.sub(replacement, text)
        return text

    def within(self, value: Plain) -> Plain:
        """Plain data (dicts, lists, strings, numbers) with every string redacted, keys as they are."""
        return self._within(value)  # type: ignore[no-any-return]

    def _within(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, dict):
            return {key: self._within(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self._within(item) for item in value)
        return value


def _forms(value: str) -> set[str]:
    """How ``value`` may be written: as it is, in JSON, in a URL, in HTML, in Basic authentication's base64."""
    raw = _bytes_of(value)
    return {
        value,
        raw.decode("utf-8", "replace"),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(value))[3:-3],
        quote(raw, safe=""),
        quote_plus(raw),
        html.escape(value),
        html.escape(value, quote=False),
        base64.b64encode(raw).decode(),
    }


def _bytes_of(value: str) -> bytes:
    """A variable's bytes; what is no UTF-8 in it stands in the string as a surrogate."""
    try:
        return value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")


_PATTERNS_ONLY = Redactor()


def redact(text: str) -> str:
    """``text`` without what looks like a secret."""
    return _PATTERNS_ONLY.redact(text)


def secrets_of(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Values of the variables whose name says that they are secret (KEY, TOKEN, PASSWORD ...)."""
    return tuple(value for name, value in environ.items() if value and is_telling(name))


def is_telling(name: str) -> bool:
    """Whether a variable or option of that name holds a secret."""
    return _TELLING_NAME.search(name) is not None


def redact_within(value: Plain) -> Plain:
    """Plain data with every string redacted, see ``Redactor.within``."""
    return _PATTERNS_ONLY.within(value)
