"""The scenarios of this machine: those that ship with the program, and the operator's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scenarios.model import Scenario
from scenarios.reading import ScenarioInvalid, ScenarioUnreadable, read_scenario, scenario_files
from scenarios.shipped import shipped
from tui.wording.scenario_mistakes import sentences


@dataclass(frozen=True, slots=True)
class Shelf:
    """What was found. ``mistakes``: a sentence for each mistake in a file that cannot be run."""

    scenarios: tuple[Scenario, ...]
    mistakes: tuple[str, ...] = ()


def find_scenarios(own: Path) -> Shelf:
    """The shipped scenarios and those in the folder ``own``, by name. Never raises.

    One of the operator's own replaces a shipped one of the same name.
    """
    found: dict[str, Scenario] = {}
    mistakes: list[str] = []
    for path in (*shipped(), *_files(own)):
        try:
            scenario = read_scenario(path)
        except (ScenarioUnreadable, ScenarioInvalid) as error:
            mistakes += sentences(error)
        else:
            found[scenario.name] = scenario
    return Shelf(tuple(found[name] for name in sorted(found)), tuple(mistakes))


def _files(own: Path) -> Sequence[Path]:
    try:
        return scenario_files(own) if own.is_dir() else ()
    except OSError:
        return ()
