"""From a TOML file to a scenario, or to everything that is wrong with it."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from acceptance.results import Wording
from api_client.models import NewSession
from audio.samples import samples
from relay.chunk_bytes import DEFAULT_CHUNK_BYTES
from relay.config import TurnDetection
from scenarios.fields import KeyPath, Mistake, MistakeCode
from scenarios.format import ACTION_NAMES, ANSWER_WITHIN_S, DEFAULT_CER, LANGUAGES, SCENARIO
from scenarios.model import (
    Action,
    Expectation,
    Interrupt,
    Mute,
    NetworkFault,
    Say,
    Scenario,
    Silence,
    Speak,
    SpeakText,
    Turn,
    Wait,
)

SUFFIX = ".toml"
SAMPLE = "sample:"


class ScenarioUnreadable(Exception):
    """The file cannot be read, or is no TOML. ``error``: what Python said about it; ``text`` as far as it was read."""

    def __init__(self, path: Path, error: OSError | ValueError, text: str = "") -> None:
        super().__init__(f"{path}: {error}")
        self.path = path
        self.error = error
        self.text = text


class ScenarioInvalid(Exception):
    """The file is TOML, but no scenario. ``mistakes``: all of them, in no particular order, at least one."""

    def __init__(self, path: Path, text: str, mistakes: Sequence[Mistake]) -> None:
        fields = ", ".join(".".join(map(str, one.path)) for one in mistakes)
        super().__init__(f"{path}: {fields}")
        self.path = path
        self.text = text
        self.mistakes = tuple(mistakes)


def scenario_files(place: Path) -> list[Path]:
    """``place`` itself, or the scenarios in the folder ``place``, sorted. Raises ``OSError``."""
    if not place.is_dir():
        return [place]
    return sorted(path for path in place.iterdir() if path.suffix == SUFFIX and path.is_file())


def read_scenario(path: Path) -> Scenario:
    """The scenario in ``path``. Raises ``ScenarioUnreadable`` and ``ScenarioInvalid``."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise ScenarioUnreadable(path, error) from None
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise ScenarioUnreadable(path, ValueError("too deeply nested"), text) from None
    except ValueError as error:
        raise ScenarioUnreadable(path, error, text) from None
    return scenario_of(document, path, text)


def scenario_of(document: Mapping[str, Any], path: Path, text: str = "") -> Scenario:
    """The scenario that ``document`` describes; ``path`` says where recordings are. Raises ``ScenarioInvalid``."""
    mistakes = list(SCENARIO.mistakes(document, ()))
    mistakes += _across(document, path.parent, {mistake.path[:2] for mistake in mistakes})
    if mistakes:
        raise ScenarioInvalid(path, text, mistakes)
    return Scenario(
        name=path.stem,
        path=path,
        title=_wording(document.get("title", path.stem)),
        language=document.get("language", "ja"),
        session=NewSession(**document["session"]),
        turns=tuple(_turn(one, path.parent) for one in document["turns"]),
        end=_expectations(document.get("end", {})),
        limits=dict(document.get("limits", {})),
        description=_wording(document["description"]) if "description" in document else None,
        turn_detection=TurnDetection(
            **{
                name: value if name == "threshold" else int(value)
                for name, value in document.get("vad", {}).items()
            }
        ),
        **_given(document.get("voice", {}), name="voice", transcription_model="transcription_model"),
        chunk_bytes=int(document.get("audio", {}).get("chunk_bytes", DEFAULT_CHUNK_BYTES)),
    )


def _wording(given: str | Mapping[str, str]) -> Wording:
    return Wording(ja=given, en=given) if isinstance(given, str) else Wording(**given)


def _given(table: Mapping[str, Any], **names: str) -> dict[str, Any]:
    return {ours: table[theirs] for theirs, ours in names.items() if theirs in table}


# --- what only several fields together, or other files, can tell -------------------------------------


def _across(document: Mapping[str, Any], directory: Path, mistaken: Collection[KeyPath]) -> Iterator[Mistake]:
    """``mistaken``: beginnings of the paths at which something is wrong already."""
    turns = document.get("turns", [])
    if any(path[:1] in ((), ("end",)) for path in mistaken) or ("turns",) in mistaken:
        return
    if not document.get("end") and not any(isinstance(turn, dict) and "expect" in turn for turn in turns):
        yield Mistake(("turns",), MistakeCode.NOTHING_EXPECTED)  # it would prove nothing
    for number, turn in enumerate(turns):
        path: KeyPath = ("turns", number)
        if path in mistaken:
            continue
        chosen = [name for name in ACTION_NAMES if name in turn]
        if len(chosen) != 1:
            yield Mistake(path, MistakeCode.ONE_ACTION, {"actions": ", ".join(ACTION_NAMES)})
            continue
        yield from _action_mistakes(turn, chosen[0], path, directory)
        yield from _expect_mistakes(turn.get("expect", {}), (*path, "expect"))


def _action_mistakes(turn: Mapping[str, Any], name: str, path: KeyPath, directory: Path) -> Iterator[Mistake]:
    number, value = path[1], turn[name]
    if name == "speak":
        yield from _recording_mistakes(value, (*path, name), directory)
    during = name == "interrupt" or (isinstance(value, dict) and "after_s" in value)
    if during and number == 0:
        yield Mistake((*path, name), MistakeCode.NOTHING_TO_INTERRUPT)
    if name == "interrupt":
        if "speak" in value and "say" in value:
            yield Mistake((*path, name), MistakeCode.ONE_WAY_TO_INTERRUPT)
        if "speak" in value:
            yield from _recording_mistakes(value["speak"], (*path, name, "speak"), directory)


def _recording_mistakes(spec: str, path: KeyPath, directory: Path) -> Iterator[Mistake]:
    if spec.startswith(SAMPLE):
        known = list(_sample_paths())
        name = spec.removeprefix(SAMPLE)
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            params = {"name": name, "close": close[0] if close else "", "samples": ", ".join(known)}
            yield Mistake(path, MistakeCode.NO_SUCH_SAMPLE, params)
        return
    file = directory / spec
    try:
        found = file.is_file()
    except (OSError, ValueError):  # no file name at all
        found = False
    if not found:
        yield Mistake(path, MistakeCode.NO_SUCH_FILE, {"file": str(file)})


def _expect_mistakes(expect: Mapping[str, Any], path: KeyPath) -> Iterator[Mistake]:
    if "transcript_cer" in expect and "transcript" not in expect:
        yield Mistake((*path, "transcript_cer"), MistakeCode.NEEDS, {"other": "transcript"})
    if "answer_matches" in expect:
        try:
            re.compile(expect["answer_matches"])
        except (re.error, OverflowError, RecursionError) as error:
            params = {"reason": str(error)}
            yield Mistake((*path, "answer_matches"), MistakeCode.BAD_PATTERN, params)


# --- from tables to values ---------------------------------------------------------------------------


def _turn(table: Mapping[str, Any], directory: Path) -> Turn:
    return Turn(
        action=_action(table, directory),
        expect=_expectations(table.get("expect", {})),
        answer_within_s=table.get("answer_within_s", ANSWER_WITHIN_S),
    )


def _action(table: Mapping[str, Any], directory: Path) -> Action:
    name = next(name for name in ACTION_NAMES if name in table)
    value = table[name]
    match name:
        case "say":
            return Say(value)
        case "speak":
            return _speak(value, directory)
        case "speak_text":
            return SpeakText(value)
        case "wait":
            return Wait(value)
        case "silence":
            return Silence(value)
        case "mute":
            return Mute(value)
        case "interrupt":
            by: Say | Speak | None = Say(value["say"]) if "say" in value else None
            if "speak" in value:
                by = _speak(value["speak"], directory)
            return Interrupt(value.get("after_s", 0.0), by)
        case "cut" | "pause" | "half_open":
            return NetworkFault(name, value.get("after_s"), value.get("seconds", 0.0))
        case _:
            raise AssertionError(name)


def _speak(spec: str, directory: Path) -> Speak:
    path = _sample_paths().get(spec.removeprefix(SAMPLE)) if spec.startswith(SAMPLE) else None
    return Speak(path or (directory / spec).absolute(), spec)


def _expectations(table: Mapping[str, Any]) -> tuple[Expectation, ...]:
    found = []
    for name, value in table.items():
        if name == "transcript_cer":
            continue
        several = name in ("answer_contains", "order")
        wanted = tuple([value] if isinstance(value, str) else value) if several else value
        cer = table.get("transcript_cer", DEFAULT_CER) if name == "transcript" else 0.0
        found.append(Expectation(name, wanted, cer))
    return tuple(found)


def _sample_paths() -> dict[str, Path]:
    return {sample.id: sample.path for language in LANGUAGES for sample in samples(language)}
