"""The scripted customer: reacts to what was said and remembers what was already answered. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace

from backend.engine.everyday_speech import everyday_speech
from backend.engine.grammar.answer import chooses, tells, weekdays
from backend.engine.grammar.kind import WH, Kind
from backend.engine.keywords import Heard, heard, sentences
from backend.engine.persona import (
    ACKNOWLEDGE,
    AGREEMENT,
    ASKED_BEFORE,
    CLARIFY,
    DISBELIEF,
    GREETING,
    MORE,
    OPINION,
    OTHER_LANGUAGE,
    REPEAT,
    SILENCE,
    UNANSWERED,
    YOUR_WORDS,
    Answer,
    Persona,
    Rank,
    Topic,
    covers,
    score,
)

_OPENING = "opening"
"""The stage of topics that are about the talk itself."""
_AS_IT_IS = frozenset({"situation", "problem", "implication"})
"""The stages of topics that are about the customer as he is."""
_PROPOSAL = "proposal"
_BRIEF = frozenset({AGREEMENT, OPINION, DISBELIEF})
_ABOUT_THE_SPEAKER = frozenset({Kind.CLAIM, Kind.OFFER, Kind.PROMISE})
_ASKS_BACK = re.compile(r"(?:\?|か。)$")
_NOTHING = Heard("")


class Customer:
    """One persona in one conversation."""

    def __init__(self, persona: Persona) -> None:
        self.persona = persona
        self._given: set[str] = set()
        self._arc_position = -1  # of the topic last spoken about
        self._turn = 0
        self._role: dict[str, str] = {}
        self._heard = _NOTHING
        self._asked = Kind.STATEMENT
        self._last_answer: Answer | None = None
        self._last_topic: Topic | None = None
        self._words_before = ""
        everyday = everyday_speech(persona.language)
        self._your_words = everyday.texts.get(YOUR_WORDS, "")
        self._by_rank = {rank: [t for t in persona.topics.values() if t.rank is rank] for rank in Rank}
        for topic_id in (REPEAT, YOUR_WORDS, MORE):  # they need no answer of its own
            if topic_id in everyday.ranks and topic_id not in persona.topics:
                rank = everyday.ranks[topic_id]
                self._by_rank[rank].append(Topic(topic_id, "", everyday.keywords[topic_id], (), rank))

    def reply(
        self, words: str | None, role: Mapping[str, str] | None = None, *, speaks_freely: bool = True
    ) -> Answer:
        """The answer to ``words``: None when nobody could make them out, empty when there were none.

        ``role``: what the session says of the customer, by the names of ``backend.engine.role.FACTS``;
        ``speaks_freely``: what is not recorded can be said as well.
        """
        self._turn += 1
        self._role = {
            name: value for name, value in (role or {}).items() if not covers(self.persona, name, value)
        }
        self._heard = heard(words or "", self.persona.language)
        answer = self._answer(words, speaks_freely)
        self._last_answer, self._words_before = answer, words or ""
        return answer

    def greeting(self) -> Answer:
        """What the customer says to whoever is there, without having been spoken to."""
        topic = self.persona.topics.get(GREETING) or self._next_of_arc()
        answer = self._fresh(topic) or self._worn(topic)
        self._given.add(answer.id)
        self._last_answer = answer
        return answer

    def not_understood(self) -> Answer:
        """What the customer says to words in a language that it does not know."""
        topic = self.persona.topics.get(OTHER_LANGUAGE) or self.persona.topics[SILENCE]
        self._turn += 1
        answer = self._fresh(topic) or self._worn(topic)
        self._given.add(answer.id)
        return answer

    def aside(self) -> Customer:
        """A copy of the customer, for an answer outside the conversation."""
        other = copy(self)
        other._given = set(self._given)
        return other

    def remember(self, text: str) -> None:
        """Remember what the customer said before this connection, so as not to repeat it."""
        for topic in self.persona.topics.values():
            self._given.update(answer.id for answer in topic.answers if answer.text == text.strip())

    def _answer(self, words: str | None, speaks_freely: bool) -> Answer:
        topic = self._topic(words)
        if topic.id == REPEAT and self._last_answer is not None:
            return self._last_answer
        if topic.id == YOUR_WORDS and self._words_before and (speaks_freely or not topic.answers):
            said = self._words_before.strip().rstrip("。.")
            return Answer(YOUR_WORDS, self._your_words.format(words=said), frozenset({"words"}))
        if topic.id == MORE and self._last_topic is not None and self._fresh(self._last_topic):
            topic = self._last_topic
        if not topic.answers:  # there is nothing more of it
            topic = self._next_of_arc()
        self._last_topic = topic
        if topic.id in self.persona.arc:
            self._arc_position = self.persona.arc.index(topic.id)
        answer = self._fresh(topic) or self._worn(topic)
        self._given.add(answer.id)
        return replace(answer, text=answer.text.format(**self._role)) if answer.needs else answer

    def _fresh(self, topic: Topic) -> Answer | None:
        return next((answer for answer in self._possible(topic) if answer.id not in self._given), None)

    def _worn(self, topic: Topic) -> Answer:
        possible = self._possible(topic)
        return possible[self._turn % len(possible)]

    def _possible(self, topic: Topic) -> list[Answer]:
        """The answers whose facts are known, first those made for the figures that were named.

        A persona file has at least one without any.
        """
        known = [a for a in topic.answers if a.needs <= self._role.keys() and a.suits(self._heard)]
        on_the_day = [a for a in known if not self._names_another_day(a)]
        return sorted(
            on_the_day or known,
            key=lambda answer: (answer.amount is None and answer.days is None, not self._tells(answer)),
        )

    def _names_another_day(self, answer: Answer) -> bool:
        named = weekdays(answer.text, self.persona.language)
        return bool(named and self._heard.weekdays and not named & self._heard.weekdays)

    def _tells(self, answer: Answer) -> bool:
        """Whether it may answer what was asked last: a time to when, a cause to why."""
        if self._asked is Kind.CHOICE:
            return chooses(answer.text, self._heard.folded, self.persona.language)
        return self._asked not in WH or tells(answer.text, self._asked, self.persona.language)

    def _topic(self, words: str | None) -> Topic:
        if words is None:
            return self._next_of_arc()
        parts = sentences(words, self.persona.language)
        if not parts:
            return self.persona.topics[SILENCE]
        self._asked = next((part.kind for part in reversed(parts) if part.question), parts[-1].kind)
        for topic in (self._of_itself(parts), self._courtesy(parts[-1])):
            if topic is not None:
                return topic
        matter = self._matter(parts)
        if matter is not None:
            return matter
        for rank in (Rank.COURTESY, Rank.LAST):
            if topics := self._fitting(rank, parts):
                return topics[0]
        return self._at_a_loss(parts[-1]) or self._next_of_arc()

    def _at_a_loss(self, last: Heard) -> Topic | None:
        """What to say to words about nothing known: it fits any of their kind, but not for ever."""
        general = CLARIFY if last.question else ACKNOWLEDGE
        topics = (self.persona.topics.get(name) for name in (UNANSWERED.get(self._asked, general), general))
        return next((topic for topic in topics if topic is not None and self._fresh(topic)), None)

    def _of_itself(self, parts: Sequence[Heard]) -> Topic | None:
        """The topic of who speaks of the conversation itself."""
        return next(iter(self._fitting(Rank.FIRST, parts)), None)

    def _courtesy(self, last: Heard) -> Topic | None:
        """The topic of a turn that ends politely, and hardly speaks of anything else there."""
        topics = [] if last.question else self._fitting(Rank.COURTESY, [last])
        matters = self._fitting(Rank.MATTER, [last])
        if topics and (not matters or score(topics[0], last) > score(matters[0], last)):
            return topics[0]
        return None

    def _matter(self, parts: Sequence[Heard]) -> Topic | None:
        """The matter that was asked, or else spoken of; the next best where all has been said of it."""
        asked = [part for part in parts if part.question]
        matching = self._fitting(Rank.MATTER, asked) or self._fitting(Rank.MATTER, parts)
        if self._asked in _ABOUT_THE_SPEAKER:  # who speaks of himself has not asked about the customer
            matching = [topic for topic in matching if topic.stage not in _AS_IT_IS]
        if asked:  # who greets and asks in one breath wants an answer
            matching.sort(key=lambda topic: topic.stage == _OPENING)
        fresh = [(topic, answer) for topic in matching if (answer := self._fresh(topic))]
        if fresh:
            telling = (
                topic for topic, answer in fresh if self._tells(answer) and self._takes_up(topic, answer)
            )
            return next(telling, None) or self._unanswered() or fresh[0][0]
        if not matching:
            return None
        repeated = self.persona.topics[ASKED_BEFORE]
        return repeated if self._fresh(repeated) else self._next_of_arc()

    def _takes_up(self, topic: Topic, answer: Answer) -> bool:
        """Whether it may follow what was claimed: one that asks back may ask what has just been said."""
        if self._asked is not Kind.CLAIM or topic.id == _PROPOSAL or self._heard.amount is not None:
            return True
        return answer.days is not None or not _ASKS_BACK.search(answer.text)

    def _unanswered(self) -> Topic | None:
        """What to say to a question whose matter is known, but not what is asked of it."""
        topic = self.persona.topics.get(UNANSWERED[self._asked])
        return topic if topic is not None and self._fresh(topic) else None

    def _fitting(self, rank: Rank, parts: Iterable[Heard]) -> list[Topic]:
        """The topics of ``rank`` that what was said fits, the best first."""
        parts = list(parts)
        scores = {topic.id: sum(_score(topic, part) for part in parts) for topic in self._by_rank[rank]}
        fitting = [topic for topic in self._by_rank[rank] if scores[topic.id]]
        return sorted(fitting, key=lambda topic: -scores[topic.id])

    def _next_of_arc(self) -> Topic:
        """The next topic on the way, then whatever was left out, then what is said when all has been said."""
        arc = [self.persona.topics[topic_id] for topic_id in self.persona.arc]
        ahead = arc[self._arc_position + 1 :]
        skipped = [topic for topic in arc if topic.stage != "opening"]  # nobody introduces himself half way
        for topic in (*ahead, *skipped):
            if self._fresh(topic):
                return topic
        return self.persona.topics[ASKED_BEFORE]


def _score(topic: Topic, part: Heard) -> int:
    """How well ``part`` fits; a question is no courtesy unless it is little else ("is that so?")."""
    found = score(topic, part)
    brief = topic.rank is Rank.COURTESY or topic.id in _BRIEF
    return 0 if brief and part.question and 2 * found < len(part.folded) else found
