"""What a session's instructions say about the customer: industry, persona and pain. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

_LABELS: Mapping[str, tuple[str, ...]] = {
    "industry": ("業界", "業種", "industry"),
    "persona": ("人物像", "顧客像", "ペルソナ", "役職", "customer persona", "persona"),
    "pain": (
        "抱えている課題",
        "課題",
        "困りごと",
        "悩み",
        "what troubles you",
        "customer pain",
        "pain points",
        "pain",
    ),
}
FACTS = tuple(_LABELS)
"""The names that may stand in braces in an answer."""

_LONGEST = 60
_SENTENCE_END = re.compile(r"[。．！？!?\n]|\.(?=\s|$)")
_UNSAID = frozenset({"", "なし", "不明", "未設定", "none", "null", "n/a", "unknown", "unspecified", "-"})


def _pattern(labels: tuple[str, ...]) -> re.Pattern[str]:
    names = "|".join(re.escape(label) for label in labels)
    return re.compile(rf"^[ \t\-*•・#【\[]*(?:{names})[\]】]?[ \t*]*[::][ \t*]*(?P<value>\S.*)$", re.I | re.M)


_PATTERNS = {fact: _pattern(labels) for fact, labels in _LABELS.items()}


def role_of(instructions: str) -> dict[str, str]:
    """The facts that ``instructions`` state as a line of their own, such as ``- 業界: 小売業``; others are absent.

    Only the first sentence of each, and no more than can be said in one breath.
    """
    found: dict[str, str] = {}
    for fact, pattern in _PATTERNS.items():
        match = pattern.search(instructions)
        value = _SENTENCE_END.split(match["value"].strip(), maxsplit=1)[0].strip() if match else ""
        if value.lower() not in _UNSAID and len(value) <= _LONGEST:
            found[fact] = value
    return found
