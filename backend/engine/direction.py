"""Directions to the customer that a script can follow: say this, greet, choose a word. Pure.

Directions come with a response (``instructions`` of ``response.create``) or as a system message. Anything else that
they may say is beyond a script.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from backend.engine.keywords import fold, heard, keyword

_QUOTE = r"[\"“「『'](?P<quoted>.+?)[\"”」』'](?=$|[\s。、.,!?と])"
_TELL = r"\b(?:say|reply|respond|answer|speak|read|repeat)\b"
_AS_IT_IS = r"\b(?:exactly|only|verbatim|word for word|the following|this(?: sentence)?)\b"
_TELL_JA = r"(?:言|話|答|返|発言|伝|述べ|おっしゃ|あいさつ|挨拶)"
_SAY = (
    re.compile(rf"{_TELL}[^\"“「'\n]{{0,60}}?[:,]?\s*{_QUOTE}", re.I | re.S),
    re.compile(rf"{_TELL}[^:\n]{{0,60}}?{_AS_IT_IS}[^:\n]{{0,30}}:\s*(?P<plain>.+)", re.I | re.S),
    re.compile(rf"{_QUOTE}\s*と(?:だけ|のみ|そのまま|正確に)?\s*{_TELL_JA}", re.S),
    re.compile(
        r"(?:次の|以下の)(?:文|言葉|セリフ|とおり|通り)[^:\uff1a\n]{0,20}[:\uff1a]\s*(?P<plain>.+)", re.S
    ),
)
_GREET = re.compile(r"\b(?:greet|say (?:hello|hi)|welcome)\b|挨拶|あいさつ|迎え", re.I)
_CHOOSE = re.compile(
    r"\b(?:classif\w+|categor\w+|label|one word|single word|one of|exactly one|choose|pick|either)\b"
    r"|分類|判定|いずれか|どれか|一語|一言|ひとつ選|一つ選|選んで|選択",
    re.I,
)
_LIST = re.compile(
    r"(?:[:\uff1a(\uff08\[]|\bof\b|\beither\b|\bas\b|\binto\b)\s*"
    r"(?P<list>[^:\uff1a()\uff08\uff09\[\]\n.。]+)",
    re.I,
)
_BULLETS = re.compile(r"^\s*[-*•・]\s*(?P<item>[^\n:\uff1a]{1,40})", re.M)
_SEPARATOR = re.compile(
    r"\s*(?:,\s*or\s+|,\s*and\s+|,|、|/|\||・|;|\bor\b|\band\b|または|もしくは|か、|と、)\s*"
)
_LONGEST_CHOICE = 30
_SHORTEST_STEM = 4
_TRIM = " \t\"'“”「」『』`*.。?？!！"
_POSITIVE = (  # noqa: SIM905
    "yes good great like love thank thanks happy agree interested perfect "
    "ありがとう 良い いい 嬉しい 好き 賛成 興味 助かり"
).split()
_NEGATIVE = (  # noqa: SIM905
    "no not bad hate angry unhappy expensive problem wrong terrible cancel never late "
    "悪い 困 嫌 高い 反対 遅い 不満 ひどい 問題"
).split()
_ENDS = {
    **dict.fromkeys(("positive", "yes", "true", "肯定", "ポジティブ", "はい"), _POSITIVE),
    **dict.fromkeys(("negative", "no", "false", "否定", "ネガティブ", "いいえ"), _NEGATIVE),
}
_UNDECIDED = (
    "neutral", "other", "none", "unknown", "general", "unclear", "中立", "ニュートラル", "その他", "なし", "不明",
)  # fmt: skip


def words_to_say(direction: str) -> str | None:
    """The words that ``direction`` tells to say as they are; None: it does not tell any."""
    for pattern in _SAY:
        if match := pattern.search(direction):
            groups = match.groupdict()
            said = (groups.get("quoted") or groups.get("plain") or "").strip()
            return said or None
    return None


def wants_greeting(direction: str) -> bool:
    """Whether ``direction`` tells to greet."""
    return _GREET.search(direction) is not None


def choice(direction: str, words: str) -> str | None:
    """The member of the list in ``direction`` that ``words`` fit best; None: it is no choice from a list.

    A word is chosen that is spoken itself, or a part of it; positive and negative have a few words of their own.
    Where nothing speaks for any, it is one that means as much (neutral, other), else the last.
    """
    if _CHOOSE.search(direction) is None:
        return None
    choices = _choices(direction)
    if len(choices) < 2:
        return None
    best = max(choices, key=lambda option: _speaks_for(option, words))
    if _speaks_for(best, words):
        return best
    return next((option for option in choices if option.lower() in _UNDECIDED), choices[-1])


def _choices(direction: str) -> list[str]:
    bullets = [match["item"].strip(_TRIM) for match in _BULLETS.finditer(direction)]
    lists: Sequence[list[str]] = [
        [part.strip(_TRIM) for part in _SEPARATOR.split(match["list"])] for match in _LIST.finditer(direction)
    ]
    quoted = re.findall(r"[\"“「『']([^\"”」』'\n]{1,30})[\"”」』']", direction)
    candidates = (bullets, quoted, *lists)
    usable = [
        list(dict.fromkeys(filter(None, options)))
        for options in candidates
        if len([o for o in options if o]) > 1 and all(len(o) <= _LONGEST_CHOICE for o in options)
    ]
    return next((options for options in usable if len(options) > 1), [])


def _speaks_for(option: str, words: str) -> int:
    own = {option, *re.split(r"[\s_/-]+", option)}
    score = sum(4 for part in own if _spoken(part, words))
    stem = option.lower()[: max(_SHORTEST_STEM, len(option) - 3)]  # billing, billed
    if len(stem) >= _SHORTEST_STEM and stem in words.lower():
        score += 3
    return score + sum(_spoken(word, words) for word in _ENDS.get(option.lower(), ()))


def _spoken(word: str, words: str) -> bool:
    language = "en" if word.isascii() else "ja"
    return bool(fold(word, language).strip()) and keyword(word, language).found_in(heard(words, language))
