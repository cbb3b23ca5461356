"""`salesmind results` and `salesmind diagnostics` over results that are kept."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from acceptance import results
from acceptance.store import FILE_NAME, ResultsStore
from tests.acceptance.made_results import made_result, made_scenario_run
from tui import i18n
from tui.cli.group import salesmind

OLD, NEW = "20261121T120000Z-0001", "20261122T120000Z-0002"
Run = Callable[..., Result]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def run(state: Path) -> Run:
    """``run("results", "list")`` with a state directory and configuration of its own."""

    def invoke(*arguments: str) -> Result:
        environment = {"SALESMIND_STATE_DIR": str(state), "XDG_CONFIG_HOME": str(state / "config")}
        return CliRunner().invoke(salesmind, list(arguments), env=environment)

    return invoke


@pytest.fixture
def kept(state: Path) -> None:
    """Two runs; in the later one a checkpoint has become worse."""
    with ResultsStore(state / FILE_NAME) as store:
        store.keep(made_result(OLD, {"t1.order": "fail"}))
        store.keep(made_result(NEW, {"t3.killed": "fail"}))


def test_without_results_the_list_is_empty(run: Run) -> None:
    done = run("results", "list")
    assert done.exit_code == 0
    assert done.stdout == ""
    assert "No saved results yet" in done.stderr


def test_the_list_is_newest_first(run: Run, kept: None) -> None:
    done = run("results", "list")
    assert [line.split()[0] for line in done.stdout.splitlines()] == [NEW, OLD]
    assert "document PASS, beyond FAIL" in done.stdout
    lines = run("results", "list", "--json", "--limit", "1").stdout.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [NEW]
    assert run("results", "list", "--server", "http://elsewhere").stdout == ""


def test_a_run_is_shown_with_its_evidence(run: Run, kept: None) -> None:
    done = run("results", "show", OLD[:8])
    assert done.exit_code == 0
    assert done.stdout.startswith(OLD)
    assert re.search("FAIL +The steps happen in order", done.stdout)
    shown = run("results", "show", "--json").stdout
    assert results.decode(shown).id == NEW


def test_a_comparison_fails_when_something_is_worse(run: Run, kept: None) -> None:
    done = run("results", "compare")
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert OLD in lines[0] and NEW in lines[0]
    assert sorted(line.partition(":")[0] for line in lines[1:]) == ["better", "worse"]
    assert run("results", "compare", OLD, NEW).exit_code == 1  # the other way round: the order is worse
    same = run("results", "compare", NEW, NEW)
    assert same.exit_code == 0
    assert "No verdict has changed." in same.stdout
    changes = json.loads(run("results", "compare", "--json").stdout)["changes"]
    assert {change["checkpoint"] for change in changes} == {"t1.order", "t3.killed"}


@pytest.fixture
def scenarios(state: Path, kept: None) -> None:
    """Four runs of a scenario, one of them newer than every run of the procedure."""
    with ResultsStore(state / FILE_NAME) as store:
        for day, latency_ms in enumerate((400.0, 500.0, 900.0, 650.0), 23):
            store.keep(made_scenario_run(f"202611{day}T120000Z-0000", latency_ms))


def test_scenarios_are_listed_and_shown_as_such(run: Run, scenarios: None) -> None:
    listed = run("results", "list").stdout.splitlines()
    assert "1 scenarios PASS" in listed[0] and "document PASS" in listed[-1]
    shown = run("results", "show").stdout
    assert "PASS     audible" in shown and "audible: 2 of 2 passed" in shown
    assert "response_latency_p50: 650 ms (n=4)" in shown


def test_figures_are_compared_with_the_run_before_or_the_median_of_several(run: Run, scenarios: None) -> None:
    before = run("results", "compare", "--fail-on-regression", "20%")
    assert before.exit_code == 0, before.output
    assert "response_latency_p50: 900 ms -> 650 ms" in before.stdout
    several = run("results", "compare", "--last", "3", "--fail-on-regression", "20%")
    assert several.exit_code == 1
    assert "median of 3 runs" in several.stdout
    assert "response_latency_p50: 500 ms -> 650 ms  regression" in several.stdout
    assert run("results", "compare", "--last", "3", "--fail-on-regression", "40").exit_code == 0
    assert run("results", "compare", "--last", "3").exit_code == 0


def test_what_cannot_be_compared_says_so(run: Run, scenarios: None) -> None:
    mixed = run("results", "compare", "latest", OLD)
    assert (mixed.exit_code, "cannot be compared" in mixed.stderr) == (2, True)
    nothing = run("results", "compare", NEW, OLD, "--fail-on-regression", "5%")
    assert (nothing.exit_code, "no figures" in nothing.stderr) == (1, True)
    assert run("results", "compare", "latest", OLD, "--last", "2").exit_code == 2
    assert run("results", "compare", "--fail-on-regression", "much").exit_code == 2


def test_there_is_nothing_before_the_first(run: Run, kept: None) -> None:
    done = run("results", "compare", OLD)
    assert done.exit_code == 2
    assert "no run before" in done.stderr


def test_every_format_is_exported(run: Run, kept: None, tmp_path: Path) -> None:
    files = {name: tmp_path / f"report.{name}" for name in ("markdown", "junit", "html", "json")}
    done = run(
        "results", "export", *(part for name, path in files.items() for part in (f"--{name}", str(path)))
    )
    assert done.exit_code == 0, done.output
    written = {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    assert "| Test | Run at | Result | Notes |" in written["markdown"]
    assert written["junit"].startswith("<?xml")
    assert written["html"].startswith("<!doctype html>")
    assert results.decode(written["json"]).id == NEW


def test_an_export_goes_to_standard_output_in_the_language_in_force(run: Run, kept: None) -> None:
    i18n.set_language("ja")
    try:
        done = run("results", "export", OLD, "--markdown", "-")
    finally:
        i18n.set_language("en")
    assert "| テスト項目 | 実施日時 | 結果 | 備考 |" in done.stdout


def test_mistakes_are_said(run: Run, kept: None, tmp_path: Path) -> None:
    nothing = run("results", "export")
    assert (nothing.exit_code, nothing.stdout) == (2, "")
    assert "--junit FILE" in nothing.stderr
    unknown = run("results", "show", "nope")
    assert (unknown.exit_code, unknown.stdout) == (2, "")
    assert "nope" in unknown.stderr
    missing = run("results", "export", "--junit", str(tmp_path / "no" / "such" / "x.xml"))
    assert missing.exit_code == 2
    assert "x.xml" in missing.stderr


def test_damaged_results_are_said_and_kept(run: Run, state: Path) -> None:
    state.mkdir(parents=True)
    (state / FILE_NAME).write_bytes(b"nonsense" * 1000)
    done = run("results", "list")
    assert done.exit_code == 1
    assert str(state / FILE_NAME) in done.stderr
    assert (state / FILE_NAME).read_bytes() == b"nonsense" * 1000


def test_a_note_stands_in_the_table(run: Run, kept: None) -> None:
    assert run("results", "note", "latest", "スピーカーの音が小さい", "--test", "2").exit_code == 0
    table = run("results", "export", "--markdown", "-").stdout
    assert "| スピーカーの音が小さい |" in table
    assert "スピーカー" not in run("results", "export", OLD, "--markdown", "-").stdout


def test_pruning_names_what_is_forgotten(run: Run, kept: None) -> None:
    assert run("results", "prune", "--keep", "1").stdout.split() == [OLD]
    assert len(run("results", "list").stdout.splitlines()) == 1


def test_a_bundle_is_collected(run: Run, kept: None, state: Path, tmp_path: Path) -> None:
    (state / "console.log").write_text("opened ?token=abcdefgh\n")
    bundle = tmp_path / "bundle.zip"
    done = run("diagnostics", "--bundle", str(bundle))
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(bundle)
    with zipfile.ZipFile(bundle) as archive:
        assert archive.read("logs/console.log") == b"opened ?token=***\n"
        assert {f"results/{OLD}.json", f"results/{NEW}.json"} <= set(archive.namelist())
        assert {"devices", "error"} <= json.loads(archive.read("devices.json")).keys()


def test_a_bundle_that_cannot_be_written_is_said(run: Run, tmp_path: Path) -> None:
    done = run("diagnostics", "--bundle", str(tmp_path / "no" / "bundle.zip"))
    assert (done.exit_code, done.stdout) == (2, "")
    assert "bundle.zip" in done.stderr
