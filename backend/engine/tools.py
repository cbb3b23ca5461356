"""Which of a session's functions a turn calls for, and how the customer speaks of what it gave. Pure."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from backend.engine.keywords import heard
from backend.engine.persona import ToolUse
from backend.engine.spoken_values import tokens_of

Tool = Mapping[str, Any]

_ENOUGH = 2
"""A word of the function's name counts two, one of its description counts one."""
_SAYS_LITTLE = frozenset(
    "a an and any are as at be by can do for from get give given has have how i if in into is it its me my of on or "  # noqa: SIM905
    "our set so that the their them this to tool up us use used using user users we what when where which who will "
    "with you your function call check fetch find list look lookup make query return returns run search show tell "
    "current about all answer ask customer information data result details need".split()
)
_JAPANESE_RUN = re.compile(r"[一-龥々ァ-ヶー]+")
_SAYS_LITTLE_JA = frozenset(
    ("情報", "取得", "確認", "検索", "関数", "指定", "返す", "一覧", "お客", "場合", "使用")
)
_PREDICATE = re.compile(r"(?:です|ます|ました|でした|ません|ください|[るたい])$")
_LONGEST_SPOKEN = 300
_LISTED = 5


def wanted_tool(
    tools: Sequence[Tool],
    words: str | None,
    uses: Collection[ToolUse],
    language: str,
    called: Collection[str] = (),
) -> Tool | None:
    """The function that ``words`` call for, by its name and description or as the persona's file says.

    ``called``: those that this turn has called already, which are not called again. None: none is called for.
    """
    if not words:
        return None
    ranked = [
        (fitness(tool, words, uses, language), -position, tool)
        for position, tool in enumerate(tools)
        if tool.get("type") == "function" and tool.get("name") not in called
    ]
    best = max(ranked, key=lambda entry: entry[:2], default=(0, 0, None))
    return best[2] if best[0] >= _ENOUGH else None


def fitness(tool: Tool, words: str, uses: Collection[ToolUse], language: str) -> int:
    """How well ``words`` fit the function; ``_ENOUGH`` or more calls it."""
    name = str(tool.get("name", ""))
    listened = heard(words, language)
    said = next((use for use in uses if use.name == name), None)
    score = sum(_ENOUGH + k.weight for k in (said.keywords if said else ()) if k.found_in(listened))
    spoken = _content(words)
    named = _content(" ".join(tokens_of(name))) & spoken
    described = (_content(str(tool.get("description") or "")) & spoken) - named
    return score + 2 * len(named) + len(described)


def _content(text: str) -> set[str]:
    """The words of ``text`` that say what it is about: stems, and pairs of Japanese characters."""
    text = unicodedata.normalize("NFKC", text)
    stems = {_stem(word) for word in re.findall(r"[a-z][a-z0-9]+", text.lower()) if word not in _SAYS_LITTLE}
    pairs = {
        run[start : start + 2] for run in _JAPANESE_RUN.findall(text) for start in range(len(run) - 1)
    } - _SAYS_LITTLE_JA
    return stems | pairs


def _stem(word: str) -> str:
    for ending in ("ings", "ing", "ies", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


def spoken_output(name: str, output: str, uses: Collection[ToolUse], language: str) -> str:
    """What the customer says when the function ``name`` has given ``output``."""
    value = _parsed(output)
    use = next((use for use in uses if use.name == name), None)
    if use is not None and use.answer:
        fields = {"output": _aloud(value, language).rstrip("。.")}
        if isinstance(value, dict):
            fields |= {str(key): _aloud(item, language) for key, item in value.items()}
        if use.needs <= fields.keys():
            return use.answer.format_map(fields)
    japanese = language == "ja"
    if isinstance(value, dict) and value.get("error"):
        error = _aloud(value["error"], language)
        return f"うまくいかなかったようです。{error}" if japanese else f"That did not work: {error}"
    if value in (None, "", True, {}, []) or (
        isinstance(value, str) and value.lower() in ("ok", "done", "success")
    ):
        return "はい、済みました。" if japanese else "All right, that is done."
    said = _aloud(value, language)
    ends = said.endswith(tuple("。．！？.!?"))
    if japanese:
        return f"確認しました。{said}" + ("" if ends else "。" if _PREDICATE.search(said) else "です。")
    return f"I have checked: {said}" + ("" if ends else ".")


def _parsed(output: str) -> Any:
    try:
        return json.loads(output)
    except ValueError:
        return output.strip()


def _aloud(value: Any, language: str) -> str:
    """``value`` as it is said, short enough for one breath or two."""
    text = _said(value, language)
    if len(text) <= _LONGEST_SPOKEN:
        return text
    cut = max(text.rfind(end, 0, _LONGEST_SPOKEN) for end in ("。", ". ", "、", ", ", " "))
    return text[: cut + 1 if cut > 0 else _LONGEST_SPOKEN].rstrip()


def _said(value: Any, language: str) -> str:
    japanese = language == "ja"
    if value is None:
        return "なし" if japanese else "nothing"
    if isinstance(value, bool):
        return {True: "はい", False: "いいえ"}[value] if japanese else {True: "yes", False: "no"}[value]
    if isinstance(value, dict):
        is_, comma = ("は", "、") if japanese else (" is ", ", ")
        return comma.join(f"{str(k).replace('_', ' ')}{is_}{_said(v, language)}" for k, v in value.items())
    if isinstance(value, list):
        joined = ("、" if japanese else ", ").join(_said(item, language) for item in value[:_LISTED])
        if len(value) > _LISTED:
            joined += "など" if japanese else " and more"
        return joined
    return str(value)
