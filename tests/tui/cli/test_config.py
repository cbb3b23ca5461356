"""`salesmind config`."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from tui import i18n
from tui.cli import group
from tui.settings import load_settings
from tui.settings.config_file import parse_config
from tui.settings.declaration import Between, Option
from tui.settings.edit import template, with_setting, without_setting
from tui.settings.values import OPTIONS, PROFILE_OPTIONS, TABLE_OPTIONS

Run = Callable[..., Result]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "here" / "config.toml"
    for option in OPTIONS:
        if option.variable:
            monkeypatch.delenv(option.variable, raising=False)
    monkeypatch.delenv("SALESMIND_CONFIG", raising=False)
    monkeypatch.setattr("tui.cli.config.config_path", lambda: file)
    monkeypatch.setattr("tui.settings.load.config_path", lambda _environ: file)
    return file


@pytest.fixture
def run() -> Run:
    return lambda *arguments: CliRunner().invoke(group.salesmind, ["config", *arguments])


def test_path_is_printed(path: Path, run: Run) -> None:
    assert run("path").stdout == f"{path}\n"


def test_init_explains_everything_and_changes_nothing(path: Path, run: Run) -> None:
    before = load_settings({})
    assert run("init").stdout == f"{path}\n"
    after = load_settings({})
    assert before == after
    assert run("check").exit_code == 0
    refused = run("init")
    assert (refused.exit_code, refused.stdout) == (2, "")
    path.write_text("language = 'ja'\n")
    assert run("init", "--force").exit_code == 0
    assert load_settings({}).language is None


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_every_comment_of_the_template_is_a_setting(language: i18n.Language) -> None:
    i18n.set_language(language)
    text = re.sub(r"^# (?=(\w+|\"[\w.]+\") = |\[)", "", template(), flags=re.MULTILINE)
    document = tomllib.loads(text)
    top = {option.name for option in OPTIONS if option.in_file and not option.table}
    assert document.keys() == top | {*TABLE_OPTIONS, "keys", "profiles"}
    assert document["audio"].keys() == {option.name for option in OPTIONS if option.table == "audio"}
    assert document["profiles"][0].keys() == {option.name for option in PROFILE_OPTIONS}


def test_show_says_where_each_value_comes_from(path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    path.parent.mkdir()
    path.write_text(
        '[audio]\nsink = "none"\n[keys.live]\nmute = "f6"\n[[profiles]]\nname = "a"\nserver_url = "http://a"\n'
    )
    monkeypatch.setenv("SALESMIND_CHUNK_BYTES", "8192")
    lines = {line.split()[0]: line.split()[1:] for line in run("show").stdout.splitlines() if line}
    assert lines["audio.sink"] == ["none", f"{path}:2"]
    assert lines["audio.chunk_bytes"] == ["8192", "SALESMIND_CHUNK_BYTES"]
    assert lines["audio.voice"] == ["marin", "default"]
    assert lines["live.mute"] == ["f6"]
    shown = json.loads(run("show", "--json").stdout)
    assert shown["settings"]["audio.sink"] == {"value": "none", "origin": "file"}
    assert shown["settings"]["audio.chunk_bytes"] == {"value": 8192, "origin": "environment"}
    assert shown["profiles"] == [{"name": "a", "server_url": "http://a"}]
    assert shown["keys"] == {"live.mute": "f6"}


def test_set_changes_one_value_and_nothing_else(path: Path, run: Run) -> None:
    path.parent.mkdir()
    text = '# mine\nlanguage = "en"   # here\n\n[[profiles]]\nname = "a"\nserver_url = "http://a"\n'
    path.write_text(text)
    path.chmod(0o600)
    assert run("set", "language", "ja").exit_code == 0
    assert path.read_text() == text.replace('"en"', '"ja"')
    assert path.stat().st_mode & 0o777 == 0o600
    assert run("set", "audio.chunk_bytes", "8192").exit_code == 0
    assert run("set", "insecure", "yes").exit_code == 0
    found = load_settings({})
    assert (found.language, found.audio.chunk_bytes, found.insecure) == ("ja", 8192, True)
    assert "# here" in path.read_text()
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("colour", "red"), "There is no setting colour. Settings: profile, "),
        (("server_url", "http://a"), "There is no setting server_url"),
        (("language", "fr"), "language: must be one of ja, en"),
        (("audio.chunk_bytes", "many"), "'many' is not a whole number"),
        (("chunk_bytes", "1921"), "audio.chunk_bytes: must be even"),
    ],
)
def test_set_refuses_what_would_be_a_mistake(
    path: Path, run: Run, arguments: tuple[str, str], says: str
) -> None:
    done = run("set", *arguments)
    assert done.exit_code == 2
    assert says in done.stderr
    assert not path.exists()


def test_set_leaves_a_file_with_a_mistake_alone(path: Path, run: Run) -> None:
    path.parent.mkdir()
    path.write_text("\ncolour = 1\n")
    done = run("set", "language", "ja")
    assert done.exit_code == 2
    assert "line 2: colour" in done.stderr
    assert path.read_text() == "\ncolour = 1\n"


def test_check_names_every_mistake(path: Path, run: Run) -> None:
    path.parent.mkdir()
    path.write_text('colour = 1\n[audio]\nvoice = 2\n[[profiles]]\nname = "a"\n')
    done = run("check")
    assert done.exit_code == 2
    assert [re.findall(r"line (\d+)", line) for line in done.stderr.splitlines()] == [["1"], ["3"], ["4"]]


def test_check_knows_themes_profiles_and_keys(path: Path, run: Run) -> None:
    path.parent.mkdir()
    path.write_text('theme = "pink"\nprofile = "b"\n[keys]\n"live.moot" = "f6"\n"live.mute" = "f6"\n')
    done = run("check")
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 3
    assert "line 1: theme: There is no theme pink." in done.stderr
    assert "line 2: profile" in done.stderr
    assert "live.moot" in done.stderr
    path.write_text('theme = "nord"\n')
    assert run("check").exit_code == 0


TEXTS = st.sampled_from(
    [
        "", "# only a comment", 'language = "en"\n', "[audio]\n", '[audio]\nsink = "none" # x\n\n[keys]\n"a.b" = "c"\n',
        'audio.sink = "none"\n', 'audio = { sink = "none" }\n', '[[profiles]]\nname = "a"\nserver_url = "http://a"\n',
        '[keys]\n# c\n[audio]\nvoice = "x"\r\n', template(),
    ]
)  # fmt: skip


def _possible(option: Option, word: str) -> object:
    """A value that ``option`` takes: the largest of a number."""
    highest = next((check.high for check in option.checks if isinstance(check, Between)), 480)
    return {bool: True, int: int(highest), float: float(highest)}.get(
        option.kind, option.choices[-1] if option.choices else word
    )


@given(
    TEXTS,
    st.sampled_from([option for option in OPTIONS if option.in_file and option.key != "profile"]),
    st.text(max_size=8),
)
@settings(max_examples=40, deadline=None)
def test_whatever_is_set_is_read_back_and_the_rest_stays(text: str, option: object, word: str) -> None:
    assert isinstance(option, Option)
    value = _possible(option, word)
    file = parse_config(Path("c.toml"), text)
    changed = parse_config(Path("c.toml"), with_setting(file, option, value))
    assert changed.value(option) == value
    removed = parse_config(Path("c.toml"), without_setting(changed, option))
    assert removed.value(option) is None
    for other in OPTIONS:
        if other is not option and other.in_file:
            assert changed.value(other) == removed.value(other) == file.value(other)
    assert changed.keys == file.keys
    assert list(changed.profiles) == list(file.profiles)
    assert all(line in changed.text.splitlines() for line in text.splitlines() if line.startswith("# "))
