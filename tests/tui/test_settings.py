"""Settings: precedence, and mistakes that name their line."""

from __future__ import annotations

import json
import re
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.config import RelayConfig
from relay.recording.manifest import Manifest
from relay.recording.recorder import Recorder
from tui import i18n
from tui.conversation.setup import place_of_recording, relay_config
from tui.host import memory
from tui.host.recordings import expire, library
from tui.host.services import ServerAccount
from tui.settings import (
    ConsoleSettings,
    RecordingSettings,
    SettingsError,
    config_path,
    load_settings,
    state_directory,
)
from tui.settings.toml_lines import KeyPath, line_of
from tui.settings.values import CHUNK_BYTES, OPTIONS, PROFILE_OPTIONS

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
        ("[audio]\nvoice = 3\n", 2, "must be text in quotes"),
        ("language = 'fr'\n", 1, "one of ja, en"),
        ("[[profiles]]\nname = 'a'\nserver_url = 'ftp://x'\n", 3, "http://"),
        ("[[profiles]]\nname = 'a'\nserver_url = 'http://x'\npassword = 'p'\n", 4, "secrets"),
        ("[keys]\n'live.mute' = 3\n", 2, "in quotes"),
        (
            "[[profiles]]\nname='a'\nserver_url='http://a'\n[[profiles]]\nname='b'\nserver_url='ftp://b'\n",
            6,
            "http://",
        ),
        ("username = 'tester'\n\n[[profiles]]\nname = 3\nserver_url='http://a'\n", 4, "text in quotes"),
        ("[audio]\nvad_silence_ms = 500\nsilence_ms = 3\n", 3, "vad_silence_ms"),
        ("# voice\ntheme = 'voice = 1'\naudio.voice = 3\n", 3, "text in quotes"),
        ("audio = { source = 'tone',\tvoice = 3 }\n", 1, "text in quotes"),
        ('theme = """\nvoice = 3\n"""\n[audio]\n"voice" = 3\n', 5, "text in quotes"),
        (
            "profiles = [\n {name='a', server_url='http://a'},\n {name='b', server_url='b'},\n]\n",
            3,
            "http://",
        ),
        ("[[profiles]]\nname='a'\nserver_url='http://a'\n\n[[profiles]]\nname='b'\n", 5, "server_url"),
        (
            "[[profiles]]\nname='a'\nserver_url='http://a'\n[[profiles]]\nserver_url='http://b'\nname='a'\n",
            6,
            "same",
        ),
        ("theme = 'x'\r\n\r\n[audio]\r\nvoice = 3\r\n", 4, "text in quotes"),
        ("# \u2028 \x85\ncolour = 1\n", 2, "unknown option"),
        ("[audio]\nvoices = 'x'\n", 2, "Did you mean voice?"),
        ("audio = 3\n", 1, "must be a table"),
        ("\n[[keys]]\nx = 1\n", 2, "must be a table"),
        ('theme = """\nno end\n', 3, "not valid TOML"),
    ],
)
def test_mistake_names_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(text.encode())
    with pytest.raises(SettingsError) as caught:
        load_settings({}, {"SALESMIND_CONFIG": str(path)})
    assert f"line {line}" in str(caught.value)
    assert says in str(caught.value)
    assert path.read_bytes() == text.encode()


NAMES = st.text("abcXYZ-_ .\"'#=[]é\t", min_size=1, max_size=4)
VALUES = st.sampled_from(
    [
        "1",
        '"[table]"',
        "'a = 1'",
        '"""\n[x]\nk = 1\n"""',
        "[\n 1, # ]\n [2,\n 3]\n]",
        "{ k = 1, 'x y'.z = 2 }",
    ]
)


@given(st.lists(st.tuples(st.sampled_from(["table", "array", "key", "blank"]), NAMES, VALUES), max_size=12))
def test_every_key_is_found_where_it_was_written(parts: list[tuple[str, str, str]]) -> None:
    """A text is written statement by statement, so the line of each is known without any parser."""
    text = ""
    written: list[tuple[KeyPath, int]] = []
    arrays: dict[str, int] = {}
    where: KeyPath = ()
    taken: set[KeyPath] = set()
    for kind, name, value in parts:
        line, quoted = text.count("\n") + 1, json.dumps(name, ensure_ascii=False)
        if kind == "blank":
            text += f"  # {name!r} = [\n"
        elif kind == "key" and (*where, name) not in taken:
            taken.add((*where, name))
            written.append(((*where, name), line))
            text += f"{quoted} = {value}\n"
        elif kind == "table" and (name,) not in taken:
            where = (name,)
            taken.add(where)
            written.append((where, line))
            text += f"[ {quoted} ]\n"
        elif kind == "array" and ((name,) not in taken or name in arrays):
            taken.add((name,))
            arrays[name] = arrays.get(name, -1) + 1
            where = (name, arrays[name])
            written.append((where, line))
            text += f"[[{quoted}]]\n"
    for path, line in written:
        assert line_of(text, path) == line
    assert line_of(text, ("absent",)) is None


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"theme = 'x'\n# caf\xe9\n", "line 2: not UTF-8"),
        ("theme = 'x'".encode("utf-16"), "line 1: not UTF-8"),
        (b"theme = " + b"[" * 10_000, "too deeply nested"),
        (b"chunk_bytes = " + b"9" * 5_000, "not valid TOML"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(data)
    with pytest.raises(SettingsError, match=says):
        load_settings({}, {"SALESMIND_CONFIG": str(path)})


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbftheme = 'x'\ncolour = 1\n")
    with pytest.raises(SettingsError, match="line 2: colour"):
        load_settings({}, {"SALESMIND_CONFIG": str(path)})
    path.write_bytes(b"\xef\xbb\xbf[audio]\r\nsink = 'none'\r\n")
    assert load_settings({}, {"SALESMIND_CONFIG": str(path)}).audio.sink == "none"


@pytest.mark.parametrize(
    ("flags", "environ", "says"),
    [
        ({"chunk_bytes": 1921}, {}, "--chunk-bytes: must be even"),
        ({"server_url": "example.org"}, {}, "--server: must begin with"),
        ({}, {"SALESMIND_SERVER": "example.org"}, "SALESMIND_SERVER: must begin with"),
        ({}, {"SALESMIND_LANG": "fr"}, "SALESMIND_LANG: must be one of ja, en"),
        ({}, {"SALESMIND_INSECURE": "maybe"}, "SALESMIND_INSECURE: 'maybe' is neither true nor false"),
    ],
)
def test_flags_and_variables_are_checked_by_their_own_names(
    tmp_path: Path, flags: dict[str, Any], environ: dict[str, str], says: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(flags, {"XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)} | environ)
    assert says in str(caught.value)


def test_every_default_satisfies_its_own_declaration() -> None:
    for option in (*OPTIONS, *PROFILE_OPTIONS):
        assert option.default is None or option.problem(option.default) is None, option.key
        assert option.doc.endswith("."), option.key


def test_names_are_unique_whatever_their_table() -> None:
    """Flags and `salesmind config set` go by the plain names."""
    names = [option.name for option in OPTIONS]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(
    "size", [CHUNK_BYTES.low, CHUNK_BYTES.high, CHUNK_BYTES.low - 2, CHUNK_BYTES.high + 2]
)
def test_the_declared_bounds_are_those_of_the_relay(size: int) -> None:
    raw = {
        "server_url": "http://h",
        "token": "t",
        "session_id": "s",
        "source": "tone",
        "chunk_bytes": int(size),
    }
    try:
        msgspec.convert(raw, RelayConfig)
        accepted = True
    except msgspec.ValidationError:
        accepted = False
    assert accepted == (CHUNK_BYTES.problem(size) is None)


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


def test_recordings_are_kept_beside_the_state_unless_told_otherwise(tmp_path: Path) -> None:
    environ = {"SALESMIND_CONFIG": str(write(tmp_path, "")), "SALESMIND_STATE_DIR": str(tmp_path / "state")}
    settings = load_settings({}, environ)
    assert settings.recordings_directory == tmp_path / "state" / "recordings"
    assert (settings.recording.on, settings.recording.keep_days, settings.recording.keep_gb) == (
        True,
        30,
        5.0,
    )
    elsewhere = load_settings({}, environ | {"SALESMIND_RECORD_DIR": "~/talks"})
    assert elsewhere.recordings_directory == Path.home() / "talks"
    assert not load_settings({}, environ | {"SALESMIND_RECORDING": "off"}).recording.on
    assert not load_settings({"on": False}, environ).recording.on


def test_a_file_of_version_0_1_still_says_where_recordings_go(tmp_path: Path) -> None:
    path = write(tmp_path, 'record_directory = "/old"\n')
    environ = {"SALESMIND_CONFIG": str(path)}
    assert load_settings({}, environ).recordings_directory == Path("/old")
    path.write_text('record_directory = "/old"\n[recording]\ndirectory = "/new"\nkeep_gb = 2\n')
    settings = load_settings({}, environ)
    assert settings.recordings_directory == Path("/new")
    assert settings.recording.keep_gb == 2
    path.write_text("record_directory = 3\n")
    with pytest.raises(SettingsError, match="line 1: record_directory: must be text"):
        load_settings({}, environ)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("recording = 3", "line 1: recording: must be a table"),
        ("[recording]\nkeep_days = -1", "line 2: keep_days: must be between"),
        ("[recording]\nkeep_gb = true", "line 2: keep_gb: must be a number"),
        ("[recording]\nkeep = 3", "line 2: keep: unknown option"),
    ],
)
def test_mistakes_about_recordings_name_their_line(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(what)):
        load_settings({}, {"SALESMIND_CONFIG": str(write(tmp_path, text))})


def write(directory: Path, text: str) -> Path:
    path = directory / "recording.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_recording_is_named_after_the_moment_and_the_session(tmp_path: Path) -> None:
    settings = ConsoleSettings(state_directory=tmp_path)
    root = tmp_path / "recordings"
    assert place_of_recording(settings, "0b6f2f60-5a0e", 0.0) == root / "19700101T000000Z-0b6f2f60"
    assert place_of_recording(settings, "../../x", 0.0) == root / "19700101T000000Z-x"
    assert place_of_recording(settings, "会話", 0.0) == root / "19700101T000000Z"
    off = ConsoleSettings(state_directory=tmp_path, recording=RecordingSettings(on=False))
    assert place_of_recording(off, "0b6f2f60", 0.0) is None


def test_retention_does_what_the_settings_say(tmp_path: Path) -> None:
    settings = ConsoleSettings(state_directory=tmp_path, recording=RecordingSettings(keep_days=1, keep_gb=0))
    assert expire(settings) == 0
    for name, started in (("old", "2020-01-01T00:00:00+00:00"), ("new", "2999-01-01T00:00:00+00:00")):
        begun = Manifest(id="", started_at=started)
        Recorder(settings.recordings_directory / name, 0.0, lambda _: None, begun).finish()
    for_ever = replace(settings, recording=RecordingSettings(keep_days=0, keep_gb=0))
    assert expire(for_ever) == 0
    assert expire(settings) == 1
    assert [entry.name for entry in library(settings).entries()] == ["new"]
    assert expire(replace(settings, recording=RecordingSettings(keep_days=0, keep_gb=1e-6))) == 1


def test_how_long_a_conversation_waits_reaches_the_relay(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[connection]\npatience_s = 10\nrenew_after_s = 0\nanswer_within_s = 5\n")
    settings = load_settings({}, {"SALESMIND_CONFIG": str(path), "SALESMIND_PATIENCE_S": "12.5"})
    account = ServerAccount("http://h", "admin", "t")
    config = relay_config(settings, account, "s", source="tone", sink="none")
    assert (config.patience_s, config.renew_after_s, config.answer_within_s) == (12.5, None, 5.0)
    live = relay_config(settings, account, "s", source="tone", sink="none", until_stopped=True)
    assert live.patience_s is None
    unset = relay_config(ConsoleSettings(), account, "s", source="tone", sink="none")
    assert unset == RelayConfig(
        server_url="http://h", token="t", session_id="s", source="tone", language=unset.language
    ), "the defaults are those of the relay"
