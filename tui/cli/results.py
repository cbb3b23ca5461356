"""`salesmind results`: list, show, compare, annotate and export saved acceptance runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api_client.harmless import one_line
from tui.cli.completion import offer, runs
from tui.cli.group import SuggestingGroup, reject
from tui.cli.report_files import FILE, FORMATS, check_files, write_reports
from tui.exit_codes import ExitCode
from tui.i18n import N_, _

if TYPE_CHECKING:
    from acceptance.comparison import Change, Comparison, FigureChange
    from acceptance.results import RunResult
    from acceptance.store import ResultsStore, StoredRun

DIRECTIONS = {"better": N_("better"), "worse": N_("worse"), "changed": N_("changed")}
_LOOKED_THROUGH = 200
"""Runs among which those with the same scenarios are looked for."""
_RUN = N_("RUN is an id from the list, the start of one, or `latest`.")


@contextmanager
def _store() -> Iterator[ResultsStore]:
    """The store, open while the block runs; its errors exit the program with one sentence."""
    from acceptance.store import FILE_NAME, ResultsStore, StoreError, StoreErrorCode
    from tui.settings import state_directory
    from tui.wording.errors import of_error

    try:
        with ResultsStore(state_directory() / FILE_NAME) as store:
            yield store
    except StoreError as error:
        mistaken = error.code in (StoreErrorCode.UNKNOWN_RUN, StoreErrorCode.AMBIGUOUS)
        raise reject(of_error(error), ExitCode.USAGE if mistaken else ExitCode.CHECK_FAILED) from None


@click.group(cls=SuggestingGroup, help=_("List, show, compare and export saved runs."))
def command() -> None:
    """The group; it does nothing by itself."""


@command.command("list", help=_("List the runs, newest first."))
@click.option(
    "--limit",
    metavar="N",
    default=20,
    show_default=True,
    type=click.IntRange(1),
    help=_("Show at most N runs."),
)
@click.option("--server", "server_url", metavar="URL", help=_("Only runs against this server."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object per line."))
def list_command(limit: int, server_url: str | None, as_json: bool) -> None:
    """Print the list on standard output."""
    with _store() as store:
        runs = store.runs(limit, server_url)
    if not runs and not as_json:
        click.echo(_("No saved results yet. `salesmind check` creates some."), err=True)
    for run in runs:
        if as_json:
            import msgspec

            click.echo(msgspec.json.encode(run))
        else:
            click.echo(_run_line(run))


def _run_line(run: StoredRun) -> str:
    from tui.wording.verdicts import verdict_word

    if run.scenarios:
        sentence = _("{id}  {when}  {n} scenarios {verdict}  {server} ({user})")
        words = sentence.format(
            id=run.id,
            when=_local(run.started_at),
            n=run.scenarios,
            verdict=verdict_word(run.document),
            server=one_line(run.server_url),
            user=one_line(run.username),
        )
        return words + "  " + _("(aborted)") if run.aborted else words
    tests = " ".join(f"{test.number}:{verdict_word(test.verdict)}" for test in run.tests if test.selected)
    words = _("{id}  {when}  document {document}, beyond {beyond}  [{tests}]  {server} ({user})").format(
        id=run.id,
        when=_local(run.started_at),
        document=verdict_word(run.document),
        beyond=verdict_word(run.beyond),
        tests=tests,
        server=one_line(run.server_url),
        user=one_line(run.username),
    )
    return words + "  " + _("(aborted)") if run.aborted else words


def _local(iso: str) -> str:
    return datetime.fromisoformat(iso).astimezone().strftime("%Y-%m-%d %H:%M")


@command.command(
    "show",
    help=_("Show a run: every checkpoint and the evidence for its verdict.") + " " + _(_RUN),
    short_help=_("Show a run: every checkpoint and the evidence for its verdict."),
)
@click.argument("run", default="latest", shell_complete=offer(runs))
@click.option("--json", "as_json", is_flag=True, help=_("The whole result as JSON."))
def show_command(run: str, as_json: bool) -> None:
    """Print one result on standard output."""
    with _store() as store:
        result = store.get(run)
    if as_json:
        from acceptance.reports import as_json as written

        click.echo(written(result), nl=False)
        return
    from tui.cli import check_text, scenario_text

    result_lines = check_text.result_lines if result.scenarios is None else scenario_text.result_lines
    click.echo(
        f"{result.id}  {_local(result.started_at)}  {one_line(result.server_url)} ({one_line(result.username)})"
    )
    for line in result_lines(result):
        click.echo(line)


@command.command(
    "compare",
    help=_(
        "Show the checkpoints whose verdict in RUN differs from that in BEFORE (default: the previous "
        "run), and of scenarios the figures. Exits 1 if a verdict got worse."
    )
    + " "
    + _(_RUN),
    short_help=_("Show what changed between two runs."),
)
@click.argument("run", default="latest", shell_complete=offer(runs))
@click.argument("before", required=False, shell_complete=offer(runs))
@click.option(
    "--last",
    metavar="K",
    type=click.IntRange(1),
    help=_("Compare the figures with the median of the K runs before RUN."),
)
@click.option(
    "--fail-on-regression",
    "tolerance",
    metavar="PERCENT",
    callback=lambda _ctx, _parameter, value: None if value is None else _share(value),
    help=_("Exit with 1 also if a figure is larger by more than this, such as 20%."),
)
@click.option("--json", "as_json", is_flag=True, help=_("The comparison as JSON."))
def compare_command(
    run: str, before: str | None, last: int | None, tolerance: float | None, as_json: bool
) -> None:
    """Print the changes on standard output; exit 1 if anything got worse."""
    from acceptance.comparison import compare_with

    if before is not None and last is not None:
        raise reject(_("Give either BEFORE or --last."))
    with _store() as store:
        later = store.get(run)
        earlier = _earlier(store, later, last or 1) if before is None else (store.get(before),)
    if not earlier:
        raise reject(_("There is no run before {run} to compare with.").format(run=later.id))
    if (earlier[0].scenarios is None) != (later.scenarios is None):
        raise reject(_("A run of scenarios cannot be compared with a run of the procedure."))
    found = compare_with(earlier, later)
    regressions = () if tolerance is None else found.regressions(tolerance)
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode(found))
    else:
        click.echo(f"{_run_name(earlier[0])} -> {_run_name(later)}")
        for line in _comparison_lines(found, regressions):
            click.echo(line)
    if tolerance is not None and not found.figures:
        raise reject(_("These runs have no figures to compare."), ExitCode.CHECK_FAILED)
    if found.worse or regressions:
        raise click.exceptions.Exit(ExitCode.CHECK_FAILED)


def _earlier(store: ResultsStore, later: RunResult, most: int) -> tuple[RunResult, ...]:
    """The runs before ``later`` that are most like it: of scenarios, those that tried the same."""
    from acceptance.comparison import ran_the_same

    if later.scenarios is None:
        return store.earlier(later, most)
    same = [run for run in store.earlier(later, _LOOKED_THROUGH) if ran_the_same(run, later)]
    return tuple(same[:most]) or store.earlier(later, 1)


def _share(percent: str) -> float:
    """``20%`` or ``20`` as 0.2. Raises ``Exit`` for anything else."""
    try:
        share = float(percent.strip().removesuffix("%")) / 100
    except ValueError:
        share = -1.0
    if not 0 <= share < float("inf"):
        sentence = _("--fail-on-regression {value}: write it like 20%.")
        raise reject(sentence.format(value=one_line(percent)))
    return share


def _comparison_lines(found: Comparison, regressions: tuple[FigureChange, ...]) -> Iterator[str]:
    for change in found.changes:
        yield _change_line(change)
    if not found.changes:
        yield _("No verdict has changed.")
    if found.runs > 1 and found.figures:
        yield _("Figures: median of {n} runs -> this run").format(n=found.runs)
    for figure in found.figures:
        unit = f" {figure.unit}".rstrip()
        line = f"{figure.name}: {figure.before:g}{unit} -> {figure.after:g}{unit}"
        yield line + "  " + _("regression") if figure in regressions else line


def _run_name(result: RunResult) -> str:
    return f"{result.id} ({one_line(result.server_url)})"


def _change_line(change: Change) -> str:
    from acceptance.results import Answer
    from tui.wording.verdicts import question_words, verdict_word

    question = question_words(Answer(checkpoint=change.checkpoint, question=change.question))
    before, after = (
        "-" if verdict is None else verdict_word(verdict) for verdict in (change.before, change.after)
    )
    direction = _(DIRECTIONS[change.direction])
    return f"{direction}: {question}: {before} -> {after}"


@command.command(
    "export",
    help=_("Write a run as a report, in the language of the interface.") + " " + _(_RUN),
    short_help=_("Write a run as a report."),
)
@click.argument("run", default="latest", shell_complete=offer(runs))
@click.option("--markdown", metavar="FILE", type=FILE, help=_("Write the document's result table."))
@click.option("--junit", metavar="FILE", type=FILE, help=_("Write the result as JUnit XML."))
@click.option("--html", metavar="FILE", type=FILE, help=_("Write one self-contained HTML page."))
@click.option("--json", metavar="FILE", type=FILE, help=_("Write the whole result as JSON."))
def export_command(run: str, **files: Path | None) -> None:
    """Write the given files; ``-`` is standard output."""
    check_files(files.values())
    if not any(files.values()):
        options = ", ".join(f"--{name} FILE" for name in FORMATS)
        raise reject(_("Choose what to write: {options}.").format(options=options))
    with _store() as store:
        result = store.get(run)
    write_reports(result, files)


@command.command(
    "note",
    help=_("Set one test's note, as shown in the result table.") + " " + _(_RUN),
    short_help=_("Set one test's note."),
)
@click.argument("run", shell_complete=offer(runs))
@click.argument("text")
@click.option("--test", metavar="N", required=True, type=click.IntRange(1, 4), help=_("Test 1 to 4."))
def note_command(run: str, text: str, test: int) -> None:
    """Save the note; later exports include it."""
    with _store() as store:
        store.note(run, test, text)


@command.command(
    "prune",
    help=_("Remove all but the newest runs from the list. Recordings and logs are kept."),
    short_help=_("Remove all but the newest runs from the list."),
)
@click.option("--keep", metavar="N", required=True, type=click.IntRange(0), help=_("Number of runs to keep."))
def prune_command(keep: int) -> None:
    """Print the ids of the removed runs."""
    with _store() as store:
        for run_id in store.prune(keep):
            click.echo(run_id)
