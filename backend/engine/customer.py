"""The scripted customer: reacts to what was said and remembers what was already answered. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from backend.engine.persona import ASKED_BEFORE, SILENCE, Answer, Persona, Topic, covers, fold, score


class Customer:
    """One persona in one conversation."""

    def __init__(self, persona: Persona) -> None:
        self.persona = persona
        self._given: set[str] = set()
        self._arc_position = -1  # of the topic last spoken about
        self._turn = 0
        self._role: dict[str, str] = {}

    def reply(self, words: str | None, role: Mapping[str, str] | None = None) -> Answer:
        """The answer to ``words``: None when nobody could make them out, empty when there were none.

        ``role``: what the session says of the customer, by the names of ``backend.engine.role.FACTS``.
        """
        self._turn += 1
        self._role = {
            name: value for name, value in (role or {}).items() if not covers(self.persona, name, value)
        }
        topic = self._topic(words)
        if topic.id in self.persona.arc:
            self._arc_position = self.persona.arc.index(topic.id)
        answer = self._fresh(topic) or self._worn(topic)
        self._given.add(answer.id)
        return replace(answer, text=answer.text.format(**self._role)) if answer.needs else answer

    def remember(self, text: str) -> None:
        """Take note of something the customer said before this connection, so as not to say it again."""
        for topic in self.persona.topics.values():
            self._given.update(answer.id for answer in topic.answers if answer.text == text.strip())

    def _fresh(self, topic: Topic) -> Answer | None:
        return next((answer for answer in self._possible(topic) if answer.id not in self._given), None)

    def _worn(self, topic: Topic) -> Answer:
        possible = self._possible(topic)
        return possible[self._turn % len(possible)]

    def _possible(self, topic: Topic) -> list[Answer]:
        """The answers whose facts are known; a persona file has at least one without any."""
        return [answer for answer in topic.answers if answer.needs <= self._role.keys()]

    def _topic(self, words: str | None) -> Topic:
        topics = self.persona.topics
        if words is None:
            return self._next_of_arc()
        folded = fold(words, self.persona.language)
        if not folded.strip():
            return topics[SILENCE]
        ranked = sorted(topics.values(), key=lambda topic: score(topic, folded), reverse=True)
        matching = [topic for topic in ranked if score(topic, folded)]
        for topic in matching:
            if self._fresh(topic):
                return topic
        if matching and self._fresh(topics[ASKED_BEFORE]):
            return topics[ASKED_BEFORE]
        return self._next_of_arc()

    def _next_of_arc(self) -> Topic:
        """The next topic on the way, then whatever was left out, then what is said when all has been said."""
        arc = [self.persona.topics[topic_id] for topic_id in self.persona.arc]
        ahead = arc[self._arc_position + 1 :]
        skipped = [topic for topic in arc if topic.stage != "opening"]  # nobody introduces himself half way
        for topic in (*ahead, *skipped):
            if self._fresh(topic):
                return topic
        return self.persona.topics[ASKED_BEFORE]
