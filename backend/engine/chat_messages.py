"""A conversation in the form of a chat endpoint. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backend.engine.items import Item, words_of
from backend.engine.persona import Persona, Rank

_SPOKEN = {
    "ja": "あなたは電話で話しています。話し言葉で、一文か二文で短く答えてください。"
    "箇条書き、記号、絵文字は使いません。",
    "en": "You are on the phone. Answer in one or two short spoken sentences, without lists, markup or emoji.",
}
_ROLE = {
    "ja": "あなたは商談の相手であるお客様、{name}です。{description} 営業担当者の話に、お客様として答えてください。",
    "en": "You are the customer in a sales conversation: {name}. {description} Answer the salesperson as the customer.",
}
_FACTS = {"ja": "あなたが知っていること:", "en": "What you know:"}
_SENTENCE = re.compile(r".*?(?:[。！？!?]+[」』”\"]?|\.(?=\s)|\n)\s*", re.S)
_ABBREVIATION = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|e\.g|i\.e|approx|Inc|Ltd|Co)\.\s*$")


def system_text(persona: Persona, instructions: str, language: str) -> str:
    """The system prompt: the persona, the session's instructions, the manner of speaking."""
    key = "ja" if language == "ja" else "en"
    facts = [
        f"- {answer.text}"
        for topic in persona.topics.values()
        for answer in topic.answers
        if topic.rank is Rank.MATTER
        and topic.stage in _KNOWN
        and not (answer.needs or answer.amount or answer.days)
    ]
    role = _ROLE[key].format(name=persona.name, description=persona.description)
    return "\n\n".join(
        filter(None, [role, "\n".join([_FACTS[key], *facts]), instructions.strip(), _SPOKEN[key]])
    )


_KNOWN = ("situation", "problem", "implication", "need-payoff", "price", "closing")


def chat_messages(system: str, items: Iterable[Item], heard: Mapping[str, str]) -> list[dict[str, Any]]:
    """The messages of a request; ``heard``: the words of spoken items by their id.

    A call whose output is missing is left out, as an endpoint would refuse it.
    """
    items = list(items)
    outputs = {
        item["call_id"]: item["output"] for item in items if item.get("type") == "function_call_output"
    }
    messages: list[dict[str, Any]] = [{"role": "system", "content": system}]
    for item in items:
        if item.get("type") == "function_call":
            if item["call_id"] in outputs:
                messages += _call(item, outputs[item["call_id"]])
            continue
        words = words_of(item) or heard.get(str(item["id"]), "")
        if words and item.get("role") in ("user", "assistant", "system"):
            messages.append({"role": item["role"], "content": words})
    return messages


def chat_tools(tools: Sequence[Item]) -> list[dict[str, Any]]:
    """The session's functions; other tools have no counterpart."""
    return [
        {
            "type": "function",
            "function": {key: tool[key] for key in ("name", "description", "parameters") if tool.get(key)},
        }
        for tool in tools
        if tool.get("type") == "function"
    ]


def chat_tool_choice(choice: Any) -> Any:
    """``tool_choice`` in the shape of the chat endpoint."""
    if isinstance(choice, dict):
        return (
            {"type": "function", "function": {"name": choice["name"]}}
            if choice["type"] == "function"
            else "none"
        )
    return choice


class Sentences:
    """Streamed text, cut into sentences to speak."""

    def __init__(self) -> None:
        self._text = ""

    def add(self, piece: str) -> list[str]:
        """The sentences that ``piece`` completes."""
        self._text += piece
        complete: list[str] = []
        start = 0
        for match in _SENTENCE.finditer(self._text):
            if match.end() == len(self._text) and not match[0].rstrip().endswith(("。", "！", "？")):
                break  # more of it may follow: 3.5, or a closing quotation mark
            if not _ABBREVIATION.search(self._text[start : match.end()]):
                complete.append(self._text[start : match.end()])
                start = match.end()
        self._text = self._text[start:]
        return [sentence for sentence in complete if sentence.strip()]

    def rest(self) -> list[str]:
        """What is left at the end."""
        left, self._text = self._text, ""
        return [left] if left.strip() else []


def _call(item: Item, output: str) -> list[dict[str, Any]]:
    function = {"name": item["name"], "arguments": item["arguments"]}
    call = {"id": item["call_id"], "type": "function", "function": function}
    return [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": item["call_id"], "content": output},
    ]
