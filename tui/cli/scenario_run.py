"""One run of scenarios on the command line: read, log in, run, print, write the reports, return the exit code."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from api_client.errors import ApiError
from api_client.harmless import one_line
from scenarios.figures import NAMES
from scenarios.model import Scenario, SpeakText
from scenarios.reading import ScenarioInvalid, ScenarioUnreadable, read_scenario, scenario_files
from scenarios.request import ScenarioRequest, Voice
from scenarios.runner import run_scenarios, sharded
from scenarios.shipped import shipped, shipped_named
from scenarios.words import explained
from tui.cli.group import reject
from tui.cli.kept_run import RunOutput, account_of, run_directory
from tui.cli.login import LoginRequest, login_of, refused
from tui.cli.report_files import STANDARD_OUTPUT, check_files
from tui.cli.scenario_from_recording import write_from
from tui.cli.scenario_text import ScenarioPrinter
from tui.exit_codes import ExitCode
from tui.i18n import _
from tui.settings import ConsoleSettings
from tui.wording.scenario_mistakes import sentences
from tui.wording.verdicts import words


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The command's own options, as given on the command line."""

    scenarios: tuple[str, ...]
    dry: bool
    limits: tuple[str, ...]
    repeat: int
    parallel: int
    seed: int | None
    shard: str | None
    record_from: str | None
    out: Path | None
    as_json: bool
    junit: Path | None
    markdown: Path | None
    html: Path | None

    @property
    def reports(self) -> dict[str, Path | None]:
        """The path for each requested format."""
        return {"markdown": self.markdown, "junit": self.junit, "html": self.html}

    @property
    def text_is_data(self) -> bool:
        """Whether the result goes to standard output as text, because nothing else does."""
        return not self.as_json and STANDARD_OUTPUT not in self.reports.values()


def run(settings: ConsoleSettings, options: RunOptions) -> int:
    """Do what ``options`` say; returns the exit code.

    All mistakes of the caller are found before anything is sent to the server.
    """
    if options.record_from is not None:
        write_from(options.record_from, options.scenarios)
        return ExitCode.OK
    limits, shard = _limits(options.limits), _shard(options.shard)
    scenarios = _read(options.scenarios)
    if not (chosen := sharded(scenarios, shard)):
        raise reject(_("There is no scenario in the part {shard}.").format(shard=options.shard))
    if options.dry:
        _explain(chosen)
        return ExitCode.OK
    voice = _voice(chosen)
    if options.out is not None:
        run_directory(settings, options.out)  # a report may be meant to go there
    check_files(options.reports.values(), output_taken=options.as_json)
    login = login_of(settings)

    async def log_in_and_run() -> int:
        request = await _request(settings, options, login, chosen, voice, limits)
        return await _run(settings, options, request)

    return asyncio.run(log_in_and_run())


async def _request(
    settings: ConsoleSettings,
    options: RunOptions,
    login: LoginRequest,
    scenarios: tuple[Scenario, ...],
    voice: Voice | None,
    limits: dict[str, float],
) -> ScenarioRequest:
    try:
        account = await account_of(login, login.username, login.password)
    except ApiError as error:
        raise refused(error, login.server_url) from None
    return ScenarioRequest(
        server_url=login.server_url,
        account=account,
        directory=run_directory(settings, options.out),
        scenarios=scenarios,
        insecure=login.insecure,
        limits=limits,
        repeat=options.repeat,
        parallel=options.parallel,
        seed=options.seed,
        voice=voice,
    )


async def _run(settings: ConsoleSettings, options: RunOptions, request: ScenarioRequest) -> int:
    show = ScenarioPrinter(
        progress=lambda line: click.echo(line, err=True),
        result=lambda line: click.echo(line, err=not options.text_is_data),
    )
    output = RunOutput(show, as_json=options.as_json)
    running = run_scenarios(request, output.show)
    result, written = await output.follow_and_keep(running, settings, request.directory, options.reports)
    if not result.passed:
        return ExitCode.CHECK_FAILED
    return ExitCode.OK if written else ExitCode.USAGE


def _explain(scenarios: Sequence[Scenario]) -> None:
    for number, scenario in enumerate(scenarios):
        if number:
            click.echo()
        for line in explained(scenario):
            click.echo(("   " if line.expected else "") + words(line.words))


# --- before the run ----------------------------------------------------------------------------------


def _read(given: tuple[str, ...]) -> tuple[Scenario, ...]:
    """Every scenario that is named. Raises ``Exit`` after reporting every mistake in all of them."""
    found: list[Scenario] = []
    mistakes: list[str] = []
    for path in _paths(given):
        try:
            found.append(read_scenario(path))
        except (ScenarioUnreadable, ScenarioInvalid) as error:
            mistakes += sentences(error)
    if mistakes:
        raise reject("\n".join(mistakes))
    names: dict[str, Path] = {}
    for scenario in found:
        other = names.setdefault(scenario.name, scenario.path)
        if other is not scenario.path:
            sentence = _("{path} and {other} have the same name. Rename one of them.")
            raise reject(sentence.format(path=one_line(str(scenario.path)), other=one_line(str(other))))
    return tuple(found)


def _paths(given: tuple[str, ...]) -> list[Path]:
    if not given:
        return shipped()
    paths: list[Path] = []
    for name in given:
        place = Path(name)
        known = None if place.exists() else shipped_named(name)
        try:
            files = [known] if known is not None else scenario_files(place)
        except OSError as error:
            sentence = _("{path}: cannot be read: {why}")
            raise reject(sentence.format(path=one_line(name), why=error.strerror)) from None
        if not files:
            raise reject(_("There is no scenario in the folder {path}.").format(path=one_line(name)))
        paths += files
    return list(dict.fromkeys(paths))


def _voice(scenarios: Sequence[Scenario]) -> Voice | None:
    """The local voice, if anything is to be spoken with it. Raises ``Exit`` where it is not installed."""
    languages = {
        scenario.language
        for scenario in scenarios
        for turn in scenario.turns
        if isinstance(turn.action, SpeakText)
    }
    if not languages:
        return None
    from tui.host.local_voice import local_voice

    voice = local_voice()
    if missing := [language for language in sorted(languages) if not voice.speaks(language)]:
        sentence = _("speak_text needs a local voice for {languages}. Install it: pip install '.[voice]'")
        raise reject(sentence.format(languages=", ".join(missing)))
    return voice.say


def _limits(given: tuple[str, ...]) -> dict[str, float]:
    limits: dict[str, float] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or name not in NAMES:
            sentence = _("--limit {pair}: write FIGURE=VALUE. Figures: {names}.")
            raise reject(sentence.format(pair=one_line(pair), names=", ".join(NAMES)))
        try:
            limits[name] = float(value)
        except ValueError:
            limits[name] = math.nan
        if not limits[name] >= 0 or math.isinf(limits[name]):
            sentence = _("--limit {pair}: the value must be a number, not negative.")
            raise reject(sentence.format(pair=one_line(pair)))
    return limits


def _shard(given: str | None) -> tuple[int, int] | None:
    if given is None:
        return None
    match = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", given)
    part, parts = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= part <= parts:
        raise reject(_("--shard {shard}: write it like 2/5.").format(shard=one_line(given)))
    return part, parts
