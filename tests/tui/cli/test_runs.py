"""`salesmind runs` over recordings that the recorder made."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import soundfile
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result

from recordings.library import Library
from relay.recording.manifest import Manifest
from relay.recording.recorder import Recorder
from relay.stream import Problem, StreamEvent, Transcript
from tests.evil_strings import EVIL, harm_in
from tests.recordings.scripted_conversation import conversation, summary, wire
from tui import i18n
from tui.cli.group import salesmind
from tui.wording.cells import cells

Run = Callable[..., Result]
Make = Callable[..., Path]
OLD, NEW = "20261124T090000Z-aaaaaaaa", "20261125T100000Z-bbbbbbbb"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def environment(state: Path, tmp_path: Path) -> dict[str, str]:
    return {
        "SALESMIND_STATE_DIR": str(state),
        "SALESMIND_CONFIG": "",
        "XDG_CONFIG_HOME": str(tmp_path),
        "TZ": "UTC",
    }


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    """``run("list")``, with a state directory of its own."""

    def invoke(*arguments: str, **options: Any) -> Result:
        return CliRunner().invoke(salesmind, ["runs", *arguments], env=environment, **options)

    return invoke


@pytest.fixture
def library(state: Path) -> Library:
    return Library(state / "recordings")


@pytest.fixture
def make(library: Library) -> Make:
    """Makes a recording with a spoken turn and its answer."""

    def record(
        name: str = NEW, events: list[StreamEvent] | None = None, *, sound: bool = True, **manifest: Any
    ) -> Path:
        begun: dict[str, Any] = {"started_at": "2026-11-25T10:00:00+00:00", "server_url": "http://desk:8000"}
        failures: list[OSError] = []
        recorder = Recorder(library.root / name, 0.0, failures.append, Manifest(id="", **(begun | manifest)))
        for event in conversation() if events is None else events:
            recorder.event(event)
        if sound:
            recorder.user_audio(b"\x00\x40\x00\xc0" * 12_000, 2.5)
            recorder.customer_audio(b"\x00\x20\x00\xe0" * 12_000, 3.0)
        for direction, t, message in wire():
            recorder.message(direction, message, t, 1)
        recorder.finish()
        assert not failures
        return library.root / name

    return record


@pytest.fixture
def two(make: Make) -> None:
    """An old one without errors, and a new one."""
    quiet = [event for event in conversation() if not isinstance(event, Problem)]
    make(OLD, quiet, started_at="2026-11-24T09:00:00+00:00", server_url="https://staging.example")
    make(NEW)


def listed(done: Result) -> list[str]:
    return [json.loads(line)["name"] for line in done.stdout.splitlines()]


# --- list and show -----------------------------------------------------------------------------


def test_without_recordings_the_list_is_empty(run: Run, state: Path) -> None:
    done = run("list")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "no such recordings" in done.stderr
    assert not state.exists()


def test_the_list_is_newest_first(run: Run, two: None) -> None:
    heading, *rows = run("list").stdout.splitlines()
    assert heading.split() == ["Recording", "Begun", "Length", "End", "Errors", "Server"]
    assert [row.split()[0] for row in rows] == [NEW, OLD]
    assert rows[0].split()[1:] == ["11-25", "10:00", "0:05", "ended", "1", "desk:8000"]
    assert listed(run("list", "--json", "--limit", "1")) == [NEW]


def test_two_recordings_side_by_side(run: Run, make: Make) -> None:
    make(OLD, started_at="2026-11-24T09:00:00+00:00")
    make(NEW, conversation(answer=" ".join(text for text in EVIL.values() if text.isascii())))
    done = run("compare", OLD, NEW)
    assert done.exit_code == 0, done.output
    assert not any(harm_in(line) for line in done.stdout.splitlines())
    assert "  =  " in done.stdout and "  ~  " in done.stdout
    assert done.stdout.startswith(f"Recording: {OLD}  |  {NEW}\n")
    whole = json.loads(run("compare", OLD, "--json").stdout)
    assert [turn["verdict"] for turn in whole["turns"]] == ["same", "words"]
    assert whole["first"]["name"] == OLD and whole["second"]["name"] == NEW
    only = json.loads(run("compare", OLD, NEW, "--changed", "--json").stdout)
    assert [turn["verdict"] for turn in only["turns"]] == ["words"]


def test_a_comparison_with_nothing_says_so(run: Run, make: Make) -> None:
    make(NEW)
    done = run("compare", "nothing")
    assert done.exit_code == 2
    assert "There is no recording nothing" in done.stderr


def test_the_list_is_filtered(run: Run, two: None) -> None:
    assert listed(run("list", "--json", "--server", "STAGING")) == [OLD]
    assert listed(run("list", "--json", "--error")) == [NEW]
    assert listed(run("list", "--json", "--error", "server_error")) == [NEW]
    assert listed(run("list", "--json", "--error", "upstream_lost")) == []
    run("mark", OLD)
    assert listed(run("list", "--json", "--marked")) == [OLD]
    assert run("list", "--marked").stdout.splitlines()[1].startswith(f"*  {OLD}")
    run("mark", "--off", OLD)
    assert listed(run("list", "--json", "--marked")) == []


def test_words_that_were_said_are_found(run: Run, two: None, make: Make) -> None:
    make("other", conversation("Nobody", "nothing"))
    done = run("list", "--search", "excel")
    assert [line.strip() for line in done.stdout.splitlines() if "Excel" in line] == [
        "00:03 Customer: Excelです"
    ] * 2
    [first, _second] = run("list", "--search", "excel", "--json").stdout.splitlines()
    assert json.loads(first)["matches"] == [{"t": 3.1, "role": "assistant", "text": "Excelです"}]


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_the_list_fits_eighty_columns(
    run: Run, make: Make, environment: dict[str, str], language: str
) -> None:
    make(server_url=f"https://{'staging-' * 12}.example", events=[*conversation("あ" * 90), summary(7_000.0)])
    make("killed").joinpath("manifest.json").unlink()
    run("mark", NEW)
    environment["COLUMNS"] = "80"
    i18n.set_language(language)  # type: ignore[arg-type]
    try:
        lines = run("list", "--search", "あ").stdout.splitlines() + run("list").stdout.splitlines()
    finally:
        i18n.set_language("en")
    assert len(lines) == 6
    assert max(map(cells, lines)) <= 80
    assert any(line.endswith("…") for line in lines)


def test_a_recording_is_shown_in_order_with_its_errors(run: Run, two: None) -> None:
    run("note", NEW, "線が切れた")
    done = run("show", NEW[:12])
    assert done.exit_code == 0
    assert "Note       線が切れた" in done.stdout
    said = done.stdout.split("\n\n")[1].splitlines()
    assert [line[:5] for line in said] == ["00:01", "00:03", "00:04"]
    assert said[1].endswith("Customer: Excelです (interrupted)")
    assert "Error: " in said[2]
    shown = json.loads(run("show", "--json").stdout)
    assert (shown["name"], shown["ended"], shown["note"]) == (NEW, "stopped", "線が切れた")
    assert [line["role"] for line in shown["lines"]] == ["user", "assistant"]
    assert shown["problems"][0]["code"] == "server_error"


def test_a_killed_one_says_how_it_is_completed(run: Run, make: Make) -> None:
    place = make()
    kill(place)
    shown = run("show").stdout
    assert "killed" in shown
    assert f"`salesmind runs repair {NEW}`" in shown
    assert run("repair", NEW).stdout == f"{NEW}: completed (manifest.json)\n"
    assert "repair" not in run("show").stdout


@pytest.mark.parametrize("command", ["show", "export", "mark", "delete", "repair"])
def test_a_name_that_names_nothing_or_two_is_said(run: Run, two: None, command: str, tmp_path: Path) -> None:
    more = {"export": ["--format", "srt", "--output", str(tmp_path / "x.srt")], "delete": ["--yes"]}
    for name in ("nothing", "2026", "no\x00name", "x" * 5_000):
        done = run(command, name, *more.get(command, []))
        assert (done.exit_code, done.stdout) == (2, "")
        assert (
            "Several recordings begin with 2026" if name == "2026" else "There is no recording"
        ) in done.stderr
    assert not (tmp_path / "x.srt").exists()


def test_a_broken_configuration_is_said(run: Run, environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("[recording]\nkeep_days = -1\n")
    environment["SALESMIND_CONFIG"] = str(tmp_path / "broken.toml")
    done = run("list")
    assert done.exit_code == 2
    assert "line 2: keep_days" in done.stderr


# --- export ------------------------------------------------------------------------------------

BEGINS = {
    "wav": b"RIFF", "flac": b"fLaC", "opus": b"OggS", "srt": b"1\n00:00:01,000", "vtt": b"WEBVTT", "jsonl": b'{"kind":',
    "markdown": b"# ", "html": b"<!doctype html>", "asciicast": b'{"version": 2',
}  # fmt: skip


@pytest.mark.parametrize("kind", BEGINS)
def test_every_format_is_written_to_a_file_and_to_standard_output(
    run: Run, make: Make, tmp_path: Path, kind: str
) -> None:
    make()
    target = tmp_path / "export"
    done = run("export", NEW, "--format", kind, "--output", str(target))
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == f"{target}\n"
    assert target.read_bytes().startswith(BEGINS[kind])
    out = run("export", NEW, "--format", kind, "--output", "-")
    assert out.stdout_bytes.startswith(BEGINS[kind])
    if kind in ("wav", "flac"):
        sound, rate = soundfile.read(io.BytesIO(out.stdout_bytes))
        assert (rate, sound.shape) == (24_000, (96_000, 2))


def test_the_name_of_the_file_says_the_format(run: Run, make: Make, tmp_path: Path) -> None:
    make()
    for name, begins in (("a.SRT", b"1\n"), ("a.md", b"# "), ("a.opus", b"OggS"), ("a.cast", b"{")):
        assert run("export", "--output", str(tmp_path / name)).exit_code == 0
        assert (tmp_path / name).read_bytes().startswith(begins)
    done = run("export", "--output", str(tmp_path / "a.xyz"))
    assert done.exit_code == 2
    assert "--format wav|flac" in done.stderr


def test_without_a_file_a_new_one_is_made_here(
    run: Run, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make()
    monkeypatch.chdir(tmp_path)
    assert run("export", "--format", "srt").stderr == f"{NEW}.srt\n"
    before = (tmp_path / f"{NEW}.srt").read_bytes()
    again = run("export", "--format", "srt")
    assert again.exit_code == 2
    assert "is there already" in again.stderr
    assert (tmp_path / f"{NEW}.srt").read_bytes() == before


def test_what_cannot_be_exported_is_said(run: Run, make: Make, tmp_path: Path) -> None:
    place = make(sound=False)
    for track in place.glob("*.flac"):
        track.unlink()
    target = tmp_path / "a.wav"
    silent = run("export", "--output", str(target))
    assert silent.exit_code == 2
    assert "has no sound" in silent.stderr
    assert not target.exists()
    nowhere = run("export", "--output", str(tmp_path / "no" / "such" / "a.srt"))
    assert nowhere.exit_code == 2
    assert "cannot be written" in nowhere.stderr


# --- delete, undelete, repair ------------------------------------------------------------------


def test_deleting_asks_and_can_be_undone(run: Run, two: None) -> None:
    kept = run("delete", NEW, input="n\n")
    assert kept.exit_code == 0
    assert "Delete 1 recording?" in kept.stderr
    assert "Nothing was deleted" in kept.stderr
    assert run("delete", NEW, OLD, input="y\n").stdout.split() == [NEW, OLD]
    assert run("list", "--json").stdout == ""
    assert set(listed(run("list", "--json", "--deleted"))) == {OLD, NEW}
    assert run("undelete", OLD).stdout.split() == [OLD]
    assert run("undelete").stdout.split() == [NEW]
    assert listed(run("list", "--json")) == [NEW, OLD]
    assert run("undelete").exit_code == 2


def test_nobody_to_ask_deletes_nothing(run: Run, two: None) -> None:
    done = run("delete", NEW)
    assert done.exit_code == 2
    assert "--yes" in done.stderr
    assert len(listed(run("list", "--json"))) == 2


def test_one_of_two_that_does_not_exist_deletes_neither(run: Run, two: None) -> None:
    assert run("delete", "--yes", NEW, "nothing").exit_code == 2
    assert len(listed(run("list", "--json"))) == 2


def test_one_that_is_being_written_is_left_alone(run: Run, library: Library) -> None:
    recorder = Recorder(library.root / NEW, 0.0, lambda _: None)
    try:
        for command in (("delete", "--yes", NEW), ("repair", NEW)):
            done = run(*command)
            assert done.exit_code == 2
            assert "still being recorded" in done.stderr
        assert run("repair", "--all").exit_code == 0
        assert "running" in run("list").stdout
    finally:
        recorder.finish()


def kill(place: Path) -> None:
    """Take the end away, as ``kill -9`` leaves it."""
    manifest = msgspec.json.decode((place / "manifest.json").read_bytes(), type=Manifest)
    cut = msgspec.structs.replace(manifest, ended=None, sha256={})
    (place / "manifest.json").write_bytes(msgspec.json.encode(cut))


def test_repair_completes_what_needs_it(run: Run, two: None, library: Library) -> None:
    for name in (OLD, NEW):
        kill(library.root / name)
    with (library.root / NEW / "events.jsonl").open("ab") as file:
        file.write(b'{"kind":"log","t":9')
    done = run("repair", "--all")
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        f"{NEW}: completed (events.jsonl, manifest.json)",
        f"{OLD}: completed (manifest.json)",
    ]
    assert "Every recording is complete" in run("repair", "--all").stderr
    assert run("repair", NEW).stdout == f"{NEW}: is complete\n"
    for nothing in ((), ("--all", NEW)):
        assert run("repair", *nothing).exit_code == 2


def test_a_recording_of_version_0_1_is_shown_exported_and_repaired(
    run: Run, make: Make, tmp_path: Path
) -> None:
    place = make()
    for name in ("manifest.json", "wire.jsonl", "received.flac"):
        (place / name).unlink()
    assert listed(run("list", "--json")) == [NEW]
    assert "Excelです" in run("show").stdout
    assert run("export", "--output", str(tmp_path / "a.wav")).exit_code == 0
    assert run("repair", NEW).exit_code == 0


# --- text from outside -------------------------------------------------------------------------


def test_evil_text_does_no_harm(run: Run, make: Make, library: Library) -> None:
    # Half a surrogate pair gets into no file.
    evil = {name: text.encode("utf-8", "replace").decode() for name, text in EVIL.items()}
    every = " ".join(evil.values())
    events: list[StreamEvent] = []
    for name, text in evil.items():
        events += [
            Transcript(t=1.0, item_id=name, role="assistant", text=f"A {text}", final=True),
            Problem(t=2.0, where="server", code="server_error", message=text, params={"said": text}),
            Problem(t=2.0, where="server", code=text, message=text),
        ]
    about = {"server_url": f"http://{every}", "session_id": every, "devices": tuple(evil.values())}
    make(events=events, versions={"salesmind": every}, settings={"voice": every}, **about)
    library.annotate(library.find(NEW), note=every)
    outputs = [run("list", "--search", "A "), run("list", "--json"), run("show"), run("show", "--json")]
    for kind in ("srt", "vtt", "markdown", "jsonl", "asciicast"):
        outputs.append(run("export", "--format", kind, "--output", "-"))
    for done in outputs:
        assert done.exit_code == 0, done.output
        assert not harm_in(done.stdout), done.stdout
        assert "alert" in done.stdout
    _header, *played = map(json.loads, outputs[-1].stdout.splitlines())
    assert len(played) == len(evil) + 1
    for _t, _kind, written in played:
        assert not harm_in(re.sub(r"\x1b\[[\d;]*m|\r\n$", "", written))


# --- completion --------------------------------------------------------------------------------


@pytest.fixture
def completions(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., list[str]]]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def complete(*words: str) -> list[str]:
        shell = ShellComplete(salesmind, {}, "salesmind", "_SALESMIND_COMPLETE")
        return [item.value for item in shell.get_completions(list(words[:-1]), words[-1])]

    yield complete


def test_names_are_completed(completions: Callable[..., list[str]], two: None, run: Run) -> None:
    assert completions("runs", "show", "") == ["latest", NEW, OLD]
    assert completions("runs", "export", NEW[:8]) == [NEW]
    assert completions("runs", "delete", NEW, OLD[:8]) == [OLD]
    assert completions("replay", "20261124") == [OLD]
    run("delete", "--yes", OLD)
    assert completions("runs", "undelete", "") == [OLD]
    assert completions("runs", "repair", "") == ["latest", NEW]


def test_it_runs_as_a_program(environment: dict[str, str], two: None) -> None:
    """Japanese names and a reader that has seen enough."""
    command = [sys.executable, "-m", "tui.cli", "runs", "export", "--format", "wav", "--output", "-"]
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.read(4) == b"RIFF"
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(20) == 0
    process.stderr.close()


def test_recordings_of_acceptance_runs_are_among_them(run: Run, make: Make, state: Path) -> None:
    make(NEW)
    (state / "checks").mkdir()
    make(OLD, started_at="2026-11-24T09:00:00+00:00").rename(state / "checks" / "20261124T090000Z-run")
    assert listed(run("list", "--json")) == [NEW, "20261124T090000Z-run"]
    assert listed(run("list", "--json", "--search", "在庫")) == [NEW, "20261124T090000Z-run"]
    assert run("show", "20261124").exit_code == 0
    assert run("mark", "20261124").exit_code == 0
    assert listed(run("list", "--json", "--marked")) == ["20261124T090000Z-run"]
    assert run("delete", "20261124T090000Z-run", "--yes").exit_code == 0
    assert listed(run("list", "--json")) == [NEW]
    assert run("undelete", "latest").exit_code == 0
    assert listed(run("list", "--json")) == [NEW, "20261124T090000Z-run"]
