"""The command line as somebody meets it: help, mistakes, and what is printed where."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from acceptance.store import FILE_NAME, ResultsStore
from tests.acceptance.made_results import made_result
from tui.cli import group
from tui.cli.group import COMMANDS


def salesmind(*arguments: str, lang: str = "en") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tui.cli", *arguments],
        env={**os.environ, "SALESMIND_LANG": lang},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_in_japanese(command: str) -> None:
    done = salesmind("--lang", "ja", command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("使い方:")
    lines = done.stdout.splitlines()
    assert any(ord(letter) > 0x3000 for letter in lines[2]), lines[2]
    assert "オプション:" in lines


def test_the_flag_stands_before_the_environment() -> None:
    assert salesmind("--lang", "en", "--help", lang="ja").stdout.startswith("Usage:")
    assert salesmind("--help", lang="ja").stdout.startswith("使い方:")


def test_the_language_may_be_chosen_after_the_command() -> None:
    assert salesmind("results", "list", "--lang", "ja", "--limit", "0").stderr.startswith("使い方:")
    assert salesmind("--lang", "ja", "results", "--lang", "ja", "show", "--help").stdout.startswith("使い方:")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("talk", "--bogus"), "'--bogus' というオプションはありません"),
        (("bogus",), "'bogus' というコマンドはありません"),
        (("tlak",), "talk のことですか"),
        (("results", "shwo"), "show のことですか"),
        (("--lang", "fr"), "使えるのは 'ja', 'en' です"),
        (("talk", "--seconds", "-1"), "範囲"),
    ],
)
def test_mistakes_are_exit_code_2_and_worded(arguments: tuple[str, ...], says: str) -> None:
    done = salesmind(*arguments, lang="ja")
    assert done.returncode == 2
    assert done.stdout == ""
    assert says in done.stderr


def test_without_a_terminal_the_console_says_what_to_use_instead() -> None:
    done = salesmind()
    assert done.returncode == 2
    assert "salesmind talk" in done.stderr


def test_a_password_is_not_asked_for_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SALESMIND_PASSWORD", raising=False)
    done = salesmind("talk", "--server", "http://127.0.0.1:9", "--username", "a", "--new-session")
    assert done.returncode == 2
    assert "SALESMIND_PASSWORD" in done.stderr


@pytest.mark.parametrize("command", [("talk", "--new-session"), ("check",)])
@pytest.mark.parametrize("flags", [("--server", "http://127.0.0.1:9"), ("--profile", "closed")])
@pytest.mark.parametrize("before", [True, False])
def test_the_server_may_be_named_before_the_command_or_after_it(
    command: tuple[str, ...],
    flags: tuple[str, ...],
    before: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It would be worse than an error to test another server than the one that was named."""
    config = tmp_path / "config.toml"
    config.write_text('[[profiles]]\nname = "closed"\nserver_url = "http://127.0.0.1:9"\nusername = "x"\n')
    monkeypatch.setenv("SALESMIND_CONFIG", str(config))
    monkeypatch.setenv("SALESMIND_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("SALESMIND_PASSWORD", "y")
    rest = (*command, "--username", "x")
    done = salesmind(*flags, *rest) if before else salesmind(*rest, *flags)
    assert done.returncode == 3
    assert "http://127.0.0.1:9" in done.stderr


def test_the_version() -> None:
    done = salesmind("--version")
    assert done.stdout.startswith("salesmind-console ")


def test_a_command_that_fails_unexpectedly_has_a_code_of_its_own_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SALESMIND_STATE_DIR", str(tmp_path))

    def broken(*_: object) -> None:
        raise ZeroDivisionError("?token=0123456789abcdef")

    monkeypatch.setattr("audio.devices.list_devices", broken)
    monkeypatch.setattr("tui.settings.places.config_path", broken)
    monkeypatch.setattr("tui.settings.config_path", broken)
    done = CliRunner().invoke(group.salesmind, ["diagnostics", "--bundle", str(tmp_path / "b.zip")])
    assert done.exit_code == 70
    assert "Traceback" not in done.output
    log = tmp_path / "console.log"
    assert str(log) in done.stderr
    assert "ZeroDivisionError" in log.read_text(encoding="utf-8")
    assert "0123456789abcdef" not in done.output + log.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["serve", "engine"])
def test_without_the_server_extra_the_commands_say_how_to_install_it(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.cli.server_extra._MODULES", ("django", "no_such_module"))
    done = CliRunner().invoke(group.salesmind, [command])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "no_such_module" in done.stderr
    assert 'pip install "salesmind-console[server,offline]"' in done.stderr


@pytest.mark.parametrize("command", ["serve", "engine"])
@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--mind", "somewhere"], "http://"),
        (["--mind", "http://127.0.0.1:9/v1"], "--mind-model"),
        (["--mind", "http://u:secret-word@h", "--mind-model", "m"], "SALESMIND_MIND_KEY"),
    ],
)
def test_a_mind_that_cannot_be_used_is_refused_at_once(command: str, flags: list[str], says: str) -> None:
    done = CliRunner().invoke(group.salesmind, [command, *flags])
    assert (done.exit_code, done.stdout) == (2, "")
    assert says in done.stderr
    assert "secret-word" not in done.stderr


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("ch", {"check"}), ("results sh", {"show"}), ("check --jun", {"--junit"}), ("--lang j", {"ja"})],
)
def test_the_shell_can_complete(typed: str, offered: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    words = f"salesmind {typed}"
    monkeypatch.setenv("_SALESMIND_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    done = salesmind()
    assert {line.partition(",")[2] for line in done.stdout.splitlines()} == offered


CONFIG = '[[profiles]]\nname = "staging"\nserver_url = "http://s"\n[[profiles]]\nname = "demo"\nserver_url = "http://d"\n'


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("talk --profile s", {"staging"}),
        ("--profile ", {"staging", "demo"}),
        ("talk --source t", {"tcp:", "tone"}),
        ("check --sink n", {"none"}),
        ("results show 2026", {"20260101T000000Z-beef"}),
        ("results compare latest l", {"latest"}),
        ("config set audio.e", {"audio.echo"}),
    ],
)
def test_the_shell_can_complete_values(
    typed: str, offered: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    with ResultsStore(tmp_path / FILE_NAME) as store:
        store.keep(msgspec.structs.replace(made_result(), id="20260101T000000Z-beef"))
    monkeypatch.setenv("SALESMIND_CONFIG", str(config))
    monkeypatch.setenv("SALESMIND_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("_SALESMIND_COMPLETE", "zsh_complete")
    words = f"salesmind {typed}"
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    done = salesmind()
    assert set(done.stdout.splitlines()[1::3]) == offered, done.stderr


@pytest.mark.parametrize("broken", ["profiles = 3", "[[profiles]]\nname = 3", "\\"])
def test_completion_survives_a_broken_configuration(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text(broken)
    monkeypatch.setenv("SALESMIND_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("SALESMIND_STATE_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("_SALESMIND_COMPLETE", "bash_complete")
    for words in ("salesmind talk --profile x", "salesmind results show 2"):
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", "3")
        done = salesmind()
        assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")
    assert not (tmp_path / "none").exists()


def test_the_completion_script_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_SALESMIND_COMPLETE", "bash_source")
    assert "complete -o nosort -F" in salesmind().stdout
