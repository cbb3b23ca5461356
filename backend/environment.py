"""The server's environment variables, converted for Django's settings.

Pure functions over a mapping, so that ``backend.settings`` stays a list of names and can be imported with
an empty environment. ``docs/server.md`` lists the variables.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

SQLITE_SCHEMES = ("sqlite", "sqlite3")
POSTGRES_SCHEMES = ("postgres", "postgresql")
REDIS_SCHEMES = ("redis://", "rediss://", "unix://")
TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"", "0", "false", "no", "off"})


def flag(environ: Mapping[str, str], name: str, default: bool = False) -> bool:
    """A yes/no variable. Raises ``ImproperlyConfigured`` for any other word."""
    word = environ.get(name)
    if word is None:
        return default
    if word.strip().lower() in TRUE_WORDS:
        return True
    if word.strip().lower() in FALSE_WORDS:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {word!r}.")


def audio_log(environ: Mapping[str, str], name: str) -> Literal["off", "seconds", "chunks"]:
    """How audio is logged: 0, 1 (the default: a line each second) or ``chunks``. Raises ``ImproperlyConfigured``."""
    if environ.get(name, "").strip().lower() == "chunks":
        return "chunks"
    try:
        return "seconds" if flag(environ, name, default=True) else "off"
    except ImproperlyConfigured:
        raise ImproperlyConfigured(f"{name} must be 0, 1 or chunks, not {environ[name]!r}.") from None


def number(environ: Mapping[str, str], name: str, default: float, minimum: float) -> float:
    """A number of at least ``minimum``. Raises ``ImproperlyConfigured`` for anything else."""
    text = environ.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number, not {text!r}.") from None
    if not minimum <= value < float("inf"):
        raise ImproperlyConfigured(f"{name} must be at least {minimum:g}, not {text}.")
    return value


def names(environ: Mapping[str, str], name: str, default: list[str]) -> list[str]:
    """A comma-separated list."""
    text = environ.get(name)
    return default if text is None else [part.strip() for part in text.split(",") if part.strip()]


SHORTEST_SECRET = 32


def box_secret(environ: Mapping[str, str], name: str) -> str | None:
    """The secret in the file that variable ``name`` points to; None if it is not set.

    Raises ``ImproperlyConfigured`` for a file that is missing, that every user of the machine may read, or that holds
    less than ``SHORTEST_SECRET`` characters.
    """
    if not environ.get(name):
        return None
    path = Path(environ[name]).expanduser()
    try:
        if path.stat().st_mode & 0o007:
            raise ImproperlyConfigured(f"{name}: every user may read {path}. Close it: chmod o= {path}")
        secret = path.read_text(encoding="ascii").strip()
    except OSError as failure:
        raise ImproperlyConfigured(f"{name}: {path} cannot be read: {failure.strerror}.") from None
    except UnicodeDecodeError:
        secret = ""
    if len(secret) < SHORTEST_SECRET:
        raise ImproperlyConfigured(f"{name}: {path} must hold at least {SHORTEST_SECRET} ASCII characters.")
    return secret


def data_directory(environ: Mapping[str, str]) -> Path:
    """Where the database and the workers' lock files live: ``SALESMIND_DATA_DIR``, else the user's data directory."""
    if directory := environ.get("SALESMIND_DATA_DIR"):
        return Path(directory).expanduser()
    from platformdirs import user_data_path

    return user_data_path("salesmind")


def database(environ: Mapping[str, str], directory: Path) -> dict[str, Any]:
    """Django's ``DATABASES["default"]``: ``SALESMIND_DATABASE_URL``, else ``SALESMIND_DATABASE`` (a path), else
    ``salesmind.sqlite3`` in the data directory.

    Raises ``ImproperlyConfigured`` for a URL that cannot be read or a driver that is not installed.
    """
    url = environ.get("SALESMIND_DATABASE_URL")
    forgetful = bool(environ.get("SALESMIND_BOX_SECRET_FILE"))
    if not url:
        path = Path(environ.get("SALESMIND_DATABASE") or directory / "salesmind.sqlite3").expanduser()
        return _sqlite(path, forgetful)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # whose words quote what may be a part of the password
        raise ImproperlyConfigured(
            "SALESMIND_DATABASE_URL cannot be read. It must look like postgresql://user:password@host:port/name, with "
            "characters like / @ : # [ in the password percent-encoded."
        ) from None
    if parts.scheme in SQLITE_SCHEMES:
        return _sqlite(Path(unquote(parts.path)), forgetful)
    if parts.scheme not in POSTGRES_SCHEMES:
        # The URL may hold a password: name its scheme only.
        raise ImproperlyConfigured(
            f"SALESMIND_DATABASE_URL begins with {parts.scheme!r}: it must be sqlite:///path or "
            "postgresql://user:password@host:port/name."
        )
    if find_spec("psycopg") is None:
        raise ImproperlyConfigured(
            "PostgreSQL needs a driver that is not installed: pip install 'salesmind-console[site]'."
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(port or ""),
        # The driver's own limit is two minutes, for which every login would hang.
        "OPTIONS": {"connect_timeout": "5", **dict(parse_qsl(parts.query))},
    }


def _sqlite(path: Path, forgetful: bool) -> dict[str, Any]:
    """``forgetful``: what is deleted is overwritten in the file."""
    pragmas = ["journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"]
    pragmas += ["secure_delete=ON"] if forgetful else []
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {
            # A write transaction that starts as a reader and is upgraded fails at once when another writer
            # came between, whatever the timeout says; IMMEDIATE waits its turn instead.
            "transaction_mode": "IMMEDIATE",
            "timeout": 10,
            "init_command": "".join(f"PRAGMA {pragma};" for pragma in pragmas),
        },
    }


def channel_layers(environ: Mapping[str, str]) -> dict[str, Any]:
    """Django's ``CHANNEL_LAYERS``: Redis at ``SALESMIND_REDIS_URL``, else in memory (one process).

    Raises ``ImproperlyConfigured`` for another kind of URL or when channels_redis is not installed.
    """
    url = environ.get("SALESMIND_REDIS_URL")
    if not url:
        return {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    if not url.startswith(REDIS_SCHEMES):
        raise ImproperlyConfigured(f"SALESMIND_REDIS_URL must begin with {' or '.join(REDIS_SCHEMES)}.")
    if find_spec("channels_redis") is None:
        raise ImproperlyConfigured(
            "SALESMIND_REDIS_URL needs channels_redis, which is not installed: "
            "pip install 'salesmind-console[site]'."
        )
    # The layer waits 5 s at a time for news, as long as redis-py of its own accord lets a socket be silent.
    host = {"address": url, "socket_timeout": 15, "socket_connect_timeout": 5}
    return {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [host]}}}
