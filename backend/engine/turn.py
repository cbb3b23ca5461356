"""What a response has to answer: the items since the customer last spoke. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from backend.engine.items import Item, words_of


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a function gave."""

    name: str
    output: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the user's."""

    words: str | None = None
    """What the user said; None when nothing of it is known in words."""
    language: str | None = None
    """The language that was spoken, the last of them; None where nothing was spoken, as in typed text."""
    words_before: str | None = None
    """What the user said in the turns before, the last of them; None where nothing is known of it."""
    called: frozenset[str] = frozenset()
    """The functions called in this turn."""
    results: tuple[ToolResult, ...] = ()
    """What they gave, as far as the customer has not spoken of it."""
    directions: tuple[str, ...] = ()
    """What the client told the customer to do: system messages."""


def unanswered(items: Iterable[Item]) -> list[Item]:
    """The items since the customer last spoke."""
    found: list[Item] = []
    for item in items:
        if item.get("role") == "assistant":
            found.clear()
        else:
            found.append(item)
    return found


def spoken(items: Iterable[Item]) -> list[Item]:
    """What the user says in ``items``: since a function was called, if anything, as that has been dealt with."""
    found: list[Item] = []
    stale = False
    for item in items:
        if item.get("type") in ("function_call", "function_call_output"):
            stale = True
        elif item.get("role") == "user":
            found = [item] if stale else [*found, item]
            stale = False
    return found


def turn_of(
    items: Iterable[Item],
    words: str | None,
    words_before: str | None = None,
    language: str | None = None,
) -> Turn:
    """The turn that ``items`` make, of which the user's are ``words``, spoken in ``language``."""
    names: dict[str, str] = {}
    called: set[str] = set()
    results: list[ToolResult] = []
    directions: list[str] = []
    for item in items:
        if item.get("type") == "function_call":
            names[item["call_id"]] = item["name"]
            called.add(item["name"])
        elif item.get("type") == "function_call_output":
            results.append(ToolResult(names.get(item["call_id"], ""), item["output"]))
        elif item.get("role") == "system":
            directions.append(words_of(item) or "")
        elif item.get("role") == "user":
            called.clear()  # what is said now may call for the same function again
            results.clear()
    told = tuple(filter(None, directions))
    return Turn(words, language, words_before, frozenset(called), tuple(results), told)
