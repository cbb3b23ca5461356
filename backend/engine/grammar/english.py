"""The kind of an English sentence, by how its clauses begin."""

from __future__ import annotations

import re
import unicodedata

from backend.engine.grammar.kind import WH, Kind

# Each is looked for at the beginning of a clause, in this order, with an apostrophe read as a space.
_FREQUENCY = r"how (?:often|frequently|regularly|many times)"
_DURATION = r"(?:since|until) when|(?:for )?how long|how many (?:minutes|hours|days|weeks|months|years)"
_TIME = (
    r"(?:(?:by|from) )?when|how soon"
    r"|(?:at |on |by |in )?(?:what|which) (?:time|day|date|week|month|quarter|year)\b"
)
_FIGURE = (
    r"how (?!(?:about|come|do|does|did|is|are|was|were|has|have|had|would|will|can|could|should|shall|s)\b)\w+"
    r"|what (?:percentage|proportion|share|number|size)|(?:on|from) (?:a scale|one to|1 to)"
)
_PERSON = r"(?:(?:to|with|for|from|by) )?(?:who|whom|whose)\b|(?:apart|aside) from .{1,20} who\b"
_CAUSE = r"why(?! (?:not|don t (?:you|we|i))\b)|how come|what makes|what (?:causes|caused)|for what reason"
_CHOICE = (
    r"(?:would|do) you (?:rather|prefer)"
    r"|(?:would|do|does|is|are|should|shall) .+ or (?!not\b|so\b|anything\b|something\b|anyone\b|two\b)\w+"
)
_THING = r"(?:(?:in|at|on|for|from|to) )?(?:what(?! about (?:i|we)\b)|where|which)"
_REQUEST = (
    r"(?:can|could|will|would) (?:you|i have|i get) "
    r"(?!be |have |say |see |like |recommend|consider|agree|imagine|need|want|use|buy)"
    r"|(?:tell|give|show|walk|talk|describe|explain|take|help|send|introduce|share|name|sing|say|speak)\b"
    r"|let me (?:know|have)\b"
)
_OFFER = (
    r"(?:can|could|may|might|shall|should) (?:i|we)|mind if"
    r"|why (?:not|don t (?:you|we|i))\b|(?:how|what) about (?:i|we)\b"
    r"|(?:would|do) you (?:mind if|like me to|want me to|want us to)"
    r"|would it (?:help|be (?:ok|okay|all right|alright|useful|possible)) (?:if|for|to)"
    r"|is it (?:ok|okay|all right|alright) if"
)
_EXPERIENCE = r"(?:did|have|has|had|was|were|didn t|haven t|hasn t|wasn t)\b(?! got\b)"
_WHETHER = r"(?:is|are|am|do|does|have|has|isn t|aren t|don t|doesn t|any)\b"
_PROMISE = (
    r"(?:i|we) (?:ll|will|shall|am going to|are going to|d like to|would like to|want to|wanted to)"
    r"|let (?:me|us|s)|allow me|i m going to|we re going to"
)
_PATTERNS = (
    (Kind.FREQUENCY, _FREQUENCY),
    (Kind.DURATION, _DURATION),
    (Kind.TIME, _TIME),
    (Kind.FIGURE, _FIGURE),
    (Kind.PERSON, _PERSON),
    (Kind.CAUSE, _CAUSE),
    (Kind.CHOICE, _CHOICE),
    (Kind.MANNER, r"how(?! about (?:i|we)\b)"),
    (Kind.THING, _THING),
    (Kind.REQUEST, _REQUEST),
    (Kind.OFFER, _OFFER),
    (Kind.PROSPECT, r"(?:would|will|could|can|might|should|if)\b"),
    (Kind.EXPERIENCE, _EXPERIENCE),
    (Kind.WHETHER, _WHETHER),
    (Kind.PROMISE, _PROMISE),
    (Kind.CLAIM, r"(?:we|our|you can|you could|you ll|it)\b"),
)
_OPENINGS = (
    r"(?:(?:so|and|but|or|well|ok|okay|right|now|then|also|just|um+|uh+|er+|oh|hey|sorry|please|yes|no|alright"
    r"|anyway) )*"
)
_STARTS = tuple((kind, re.compile(_OPENINGS + f"(?:{pattern})")) for kind, pattern in _PATTERNS)
_CLAUSES = re.compile(r"[,;:、]\s*|\s-+\s|—")
_APOSTROPHES = re.compile(r"['\u2019]")
_NOT_A_WORD = re.compile(r"[\W_]+")


def english_kind(sentence: str) -> Kind:
    """What ``sentence`` asks for or does."""
    text = _APOSTROPHES.sub(" ", unicodedata.normalize("NFKC", sentence).lower())
    clauses = [_NOT_A_WORD.sub(" ", clause).strip() for clause in (text, *_CLAUSES.split(text)[1:])]
    found = [kind for clause in clauses if (kind := _kind_of_clause(clause)) is not Kind.STATEMENT]
    # The clause that asks decides, where another only leads to it: "if it works, would you ...?"
    asked = [kind for kind in found if kind not in (Kind.PROMISE, Kind.CLAIM)]
    if asked:
        return next((kind for kind in asked if kind in WH), asked[-1])
    return found[0] if found else Kind.STATEMENT


def _kind_of_clause(clause: str) -> Kind:
    return next((kind for kind, pattern in _STARTS if pattern.match(clause)), Kind.STATEMENT)
