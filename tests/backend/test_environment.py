"""Reading the environment into settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from backend import environment, private_files


def test_flags() -> None:
    assert environment.flag({}, "X", default=True) is True
    assert environment.flag({"X": "0"}, "X", default=True) is False
    assert environment.flag({"X": "Yes"}, "X") is True
    with pytest.raises(ImproperlyConfigured, match="X must be 1 or 0"):
        environment.flag({"X": "maybe"}, "X")


def test_how_audio_is_logged() -> None:
    found = [environment.audio_log({"X": text}, "X") for text in ("0", "1", "Chunks")]
    assert found == ["off", "seconds", "chunks"]
    assert environment.audio_log({}, "X") == "seconds"
    with pytest.raises(ImproperlyConfigured, match="X must be 0, 1 or chunks"):
        environment.audio_log({"X": "all"}, "X")


@pytest.mark.parametrize("text", ["many", "0", "-1", "nan", "inf"])
def test_numbers_are_checked(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="X must be"):
        environment.number({"X": text}, "X", 5, 1)


def test_numbers() -> None:
    assert environment.number({}, "X", 5, 1) == 5
    assert environment.number({"X": "2.5"}, "X", 5, 1) == 2.5


def test_the_embedded_database_waits_for_its_turn() -> None:
    database = environment.database({}, Path("data"))
    assert database["NAME"] == str(Path("data") / "salesmind.sqlite3")
    assert "journal_mode=WAL" in database["OPTIONS"]["init_command"]
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert environment.database({"SALESMIND_DATABASE": "other.db"}, Path("data"))["NAME"] == "other.db"


def test_postgresql_by_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "find_spec", lambda _name: object())
    url = "postgresql://me:p%40ss@db.example:5433/sales%20mind?sslmode=require"
    assert environment.database({"SALESMIND_DATABASE_URL": url}, Path()) == {
        "ENGINE": "django.db.backends.postgresql", "NAME": "sales mind", "USER": "me", "PASSWORD": "p@ss",
        "HOST": "db.example", "PORT": "5433", "OPTIONS": {"connect_timeout": "5", "sslmode": "require"},
    }  # fmt: skip


def test_a_missing_driver_is_said_and_the_password_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "find_spec", lambda _name: None)
    with pytest.raises(ImproperlyConfigured, match="pip install") as postgres:
        environment.database({"SALESMIND_DATABASE_URL": "postgres://me:secret@db/x"}, Path())
    with pytest.raises(ImproperlyConfigured, match="begins with 'mysql'") as unknown:
        environment.database({"SALESMIND_DATABASE_URL": "mysql://me:secret@db/x"}, Path())
    with pytest.raises(ImproperlyConfigured, match=r"pip install 'salesmind-console\[site\]'") as redis:
        environment.channel_layers({"SALESMIND_REDIS_URL": "redis://:secret@cache"})
    assert not any("secret" in str(raised.value) for raised in (postgres, unknown, redis))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:sec/ret@db/x",
        "postgresql://me:secret@db:port/x",
        "postgresql://me:secret@db:99999/x",
        "postgresql://me:se[cret@db/x",
    ],
)
def test_a_url_that_cannot_be_read_is_said_without_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setattr(environment, "find_spec", lambda _name: object())
    with pytest.raises(ImproperlyConfigured, match="SALESMIND_DATABASE_URL") as raised:
        environment.database({"SALESMIND_DATABASE_URL": url}, Path())
    assert "sec" not in str(raised.value)


def test_a_database_server_that_is_silent_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "find_spec", lambda _name: object())
    options = [
        environment.database({"SALESMIND_DATABASE_URL": "postgresql://db/x" + query}, Path())["OPTIONS"]
        for query in ("", "?connect_timeout=60")
    ]
    assert [option["connect_timeout"] for option in options] == ["5", "60"]


@pytest.mark.parametrize("url", ["cache:6379", "http://:secret@cache", "redis//cache"])
def test_a_redis_url_that_is_none_is_said(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr(environment, "find_spec", lambda _name: object())
    with pytest.raises(ImproperlyConfigured, match="must begin with redis://") as raised:
        environment.channel_layers({"SALESMIND_REDIS_URL": url})
    assert "secret" not in str(raised.value)


def test_redis_by_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "find_spec", lambda _name: object())
    layer = environment.channel_layers({"SALESMIND_REDIS_URL": "redis://cache"})["default"]
    assert layer["BACKEND"] == "channels_redis.core.RedisChannelLayer"
    assert [host["address"] for host in layer["CONFIG"]["hosts"]] == ["redis://cache"]


def test_settings_can_be_imported_with_an_empty_environment() -> None:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    code = "import backend.settings as s; print(s.DATABASES['default']['ENGINE'], s.SALESMIND_REALTIME_MODEL)"
    done = subprocess.run([sys.executable, "-c", code], env=kept, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["django.db.backends.sqlite3", "gpt-realtime"]


def test_the_secret_of_a_box_is_read_from_a_file_that_is_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "box.secret"
    named = {"X": str(path)}
    assert environment.box_secret({}, "X") is None
    with pytest.raises(ImproperlyConfigured, match="cannot be read"):
        environment.box_secret(named, "X")
    private_files.make_secret(path)
    secret = environment.box_secret(named, "X")
    assert secret is not None and len(secret) >= environment.SHORTEST_SECRET
    private_files.make_secret(path)  # keeps it
    assert environment.box_secret(named, "X") == secret
    path.chmod(0o640)
    assert environment.box_secret(named, "X") == secret
    path.chmod(0o644)
    with pytest.raises(ImproperlyConfigured, match="every user may read"):
        environment.box_secret(named, "X")
    path.chmod(0o600)
    for text in ("short", "ü" * 40):
        path.write_text(text)
        with pytest.raises(ImproperlyConfigured, match="at least 32"):
            environment.box_secret(named, "X")


def test_only_the_database_of_a_box_overwrites_what_is_deleted() -> None:
    pragmas = [
        environment.database(environ, Path())["OPTIONS"]["init_command"]
        for environ in ({}, {"SALESMIND_BOX_SECRET_FILE": "f"})
    ]
    assert ["secure_delete=ON" in pragma for pragma in pragmas] == [False, True]
