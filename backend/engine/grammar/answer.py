"""What an answer tells: whether it may be one to a question of some kind, and which days it names."""

from __future__ import annotations

import re
import unicodedata

from backend.engine.figures import duration_days, figures
from backend.engine.grammar.kind import Kind

_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_ENGLISH = {
    Kind.TIME: rf"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day|\b(?:{_MONTHS})\b"
    r"|\b(?:next|last|this|before|after|until|soon|ago|spring|summer|autumn|winter)\b",
    Kind.DURATION: r"\b(?:minutes|hours|days?|weeks?|months?|years?|since|ever|long)\b",
    Kind.FREQUENCY: r"\b(?:every|each|once|twice|times|rarely|seldom|often|always|never|daily|weekly|monthly|most)\b",
    Kind.FIGURE: r"\b(?:less|more|most|hardly|lot|cheap|expensive|few|half|once|twice|never)\b",
    Kind.PERSON: r"\b(?:i|me|my|she|he|we|who|(?:some|every|no)(?:one|body)|people|owner|boss|manager|team|buyers?"
    r"|customers?|vendor)\b",
    Kind.CAUSE: r"\b(?:because|since|mostly|mistakes|reason|hand|due|so|blame\w*|worr\w+|only keep|trust)\b",
}
_JAPANESE = {
    Kind.TIME: r"[月日]|週|年|先|次|前|後|まで|今|来|頃|ごろ|春|夏|秋|冬|夕方|午前|午後|空いて",
    Kind.DURATION: r"年|か月|ヶ月|日|週|時間|分|ずっと|以前",
    Kind.FREQUENCY: r"毎|回|度|いつも|たび|ことが多い|ほとんど|めったに",
    Kind.FIGURE: r"予算|半分|割|倍|ほとんど|少し|多い|多め|高い|安い",
    Kind.PERSON: r"者|人|社長|専務|部長|店長|課|担当|上司|社員|私|様|部の|パート|お客|現場|家族|孫",
    Kind.CAUSE: r"から|ので|ため|せい|理由|原因|て、|くて|間違い",
}
_TOLD = {
    language: {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in patterns.items()}
    for language, patterns in (("en", _ENGLISH), ("ja", _JAPANESE))
}
_CONTENT = {"en": re.compile(r"[a-z]{6}"), "ja": re.compile(r"(?=([一-龥]{2}))")}
_WEEKDAYS = {
    "en": re.compile(r"\b(mon|tues|wednes|thurs|fri|satur|sun)days?\b", re.IGNORECASE),
    "ja": re.compile(r"([月火水木金土日])曜"),
}


def tells(answer: str, kind: Kind, language: str) -> bool:
    """Whether ``answer`` may be one to a question of this kind; errs on the side of yes."""
    pattern = _TOLD.get(language, {}).get(kind)
    if pattern is None or pattern.search(answer):
        return True
    text = unicodedata.normalize("NFKC", answer)
    if kind in (Kind.FIGURE, Kind.FREQUENCY):
        return next(figures(text), None) is not None
    return kind in (Kind.TIME, Kind.DURATION) and duration_days(text) is not None


def chooses(answer: str, question: str, language: str) -> bool:
    """Whether ``answer`` takes up a word of ``question``, which offers a choice."""
    pattern = _CONTENT.get(language)
    words = pattern.findall(question.lower()) if pattern else []
    return not words or any(word in answer.lower() for word in words)


def weekdays(text: str, language: str) -> frozenset[str]:
    """The days of the week that ``text`` names."""
    pattern = _WEEKDAYS.get(language)
    return frozenset(match.lower() for match in pattern.findall(text)) if pattern else frozenset()
