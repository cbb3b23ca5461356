"""Settings: precedence, and mistakes that name their line."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tui import i18n
from tui.host import memory
from tui.settings import SettingsError, config_path, load_settings, state_directory

FILE = """\
language = "ja"
theme = "salesmind-light"

[audio]
chunk_bytes = 8192
source = "tone"

[[profiles]]
name = "staging"
server_url = "https://staging.example"
username = "tester"
insecure = true

[keys]
"live.mute" = "ctrl+n, f4"
[keys.live]
say = "f3"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_flag_beats_environment_beats_file(config: Path) -> None:
    environ = {"SALESMIND_CONFIG": str(config)}
    assert load_settings({}, environ).language == "ja"
    assert load_settings({}, environ | {"SALESMIND_LANG": "en"}).language == "en"
    settings = load_settings({"language": "ja", "source": None}, environ | {"SALESMIND_LANG": "en"})
    assert settings.language == "ja"
    assert settings.audio.source == "tone"
    assert load_settings({"source": "silence"}, environ).audio.source == "silence"


def test_file_is_read_whole(config: Path) -> None:
    settings = load_settings({}, {"SALESMIND_CONFIG": str(config)})
    assert settings.audio.chunk_bytes == 8192
    assert settings.profiles[0].insecure
    assert dict(settings.keys) == {"live.mute": "ctrl+n,f4", "live.say": "f3"}


def test_without_a_file_there_are_defaults(tmp_path: Path) -> None:
    settings = load_settings({}, {"XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)})
    assert settings.audio.chunk_bytes == 1920


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("language = 'ja'\ntheme = = 1\n", 2, "not valid TOML"),
        ("\n\ncolour = 'red'\n", 3, "unknown option"),
        ("[audio]\nchunk_bytes = 1\n", 2, "between 96 and"),
        ("[audio]\nchunk_bytes = 1921\n", 2, "even"),
        ("[audio]\nvoice = 3\n", 2, "wrong type"),
        ("language = 'fr'\n", 1, "one of ja, en"),
        ("[[profiles]]\nname = 'a'\nserver_url = 'ftp://x'\n", 3, "http://"),
        ("[[profiles]]\nname = 'a'\nserver_url = 'http://x'\npassword = 'p'\n", 4, "secrets"),
        ("[keys]\n'live.mute' = 3\n", 2, "in quotes"),
    ],
)
def test_mistake_names_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings({}, {"SALESMIND_CONFIG": str(path)})
    assert f"line {line}" in str(caught.value)
    assert says in str(caught.value)
    assert path.read_text(encoding="utf-8") == text


def test_mistake_is_said_in_the_operators_language(tmp_path: Path) -> None:
    i18n.set_language("ja")
    path = tmp_path / "config.toml"
    path.write_text("[audio]\nchunk_bytes = 1\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="2 行目: chunk_bytes: 96 から 262144 まで"):
        load_settings({}, {"SALESMIND_CONFIG": str(path)})


def test_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        load_settings({}, {"SALESMIND_CONFIG": str(tmp_path / "none.toml")})


def test_unknown_profile_is_refused(config: Path) -> None:
    with pytest.raises(SettingsError, match="staging"):
        load_settings({"profile": "production"}, {"SALESMIND_CONFIG": str(config)})


def test_number_in_environment_is_checked() -> None:
    with pytest.raises(SettingsError, match="SALESMIND_CHUNK_BYTES"):
        load_settings({}, {"SALESMIND_CHUNK_BYTES": "many", "HOME": "/nowhere"})


def test_memory_is_kept_privately(tmp_path: Path) -> None:
    kept = memory.Memory()
    for number in range(12):
        kept.used(f"http://{number}", None, "admin")
    kept.used("http://3", "demo", "admin")
    directory = tmp_path / "state"
    memory.save(directory, kept)
    again = memory.load(directory)
    assert again.recent_servers[:2] == ["http://3", "http://11"]
    assert len(again.recent_servers) == memory.RECENT_SERVERS
    assert again.last_profile == "demo"
    assert stat.S_IMODE((directory / "state.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert [path.name for path in directory.iterdir()] == ["state.json"]


@pytest.mark.parametrize("content", ["", "[]", "{", '{"recent_servers": 3}', "\x00"])
def test_unreadable_memory_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "state.json").write_text(content, encoding="utf-8")
    assert memory.load(tmp_path) == memory.Memory()


def test_a_home_that_nobody_has_is_a_name_like_any_other() -> None:
    environ = {
        "SALESMIND_CONFIG": "~nobody-of-that-name/c.toml",
        "SALESMIND_STATE_DIR": "~nobody-of-that-name",
    }
    assert config_path(environ) == Path("~nobody-of-that-name/c.toml")
    assert state_directory(environ) == Path("~nobody-of-that-name")
