"""The engine's options, as of ``salesmind engine``."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from backend.engine.faults import Fault, FaultError, parse_fault, read_faults

TOKEN_VARIABLE = "SALESMIND_ENGINE_TOKEN"  # noqa: S105 - the name of a variable, not a token
MIND_KEY_VARIABLE = "SALESMIND_MIND_KEY"
MAX_AGE_S = 3_600
MIND_TIMEOUT_S = 10.0
_CHAT = "/chat/completions"


class OptionsError(Exception):
    """An invalid option; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class MindOptions:
    """An OpenAI-compatible chat endpoint and the model that answers for the customers.

    ``url`` is its base, such as ``http://127.0.0.1:11434/v1``; ``key`` is in no repr and no log.
    """

    url: str
    model: str
    key: str | None = field(default=None, repr=False)
    timeout_s: float = MIND_TIMEOUT_S
    """How long (s) to wait for the answer to start, and then for each piece."""

    @property
    def endpoint(self) -> str:
        """Where requests go."""
        base = self.url.rstrip("/")
        if base.endswith(_CHAT):
            return base
        return base + ("" if urlsplit(base).path else "/v1") + _CHAT


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """``token``: the API key that clients must send; None admits anybody. It is in no repr and no log."""

    host: str = "127.0.0.1"
    port: int = 8790
    pace: float = 6.0
    """Audio is sent this many times faster than real time."""
    transcription: bool = True
    whisper: Path | None = None
    """A directory of a Whisper model for CTranslate2; None: the packages of the ``[offline]`` extra."""
    personas: Path | None = None
    """A directory of additional personas."""
    persona: str | None = None
    """The id of the one who answers; None: whoever fits the session."""
    max_age_s: float = MAX_AGE_S
    mind: MindOptions | None = None
    """A model that answers for the customers; None: they follow their script."""
    token: str | None = field(default=None, repr=False)
    faults: tuple[Fault, ...] = ()
    lenient: bool = False
    """Whether what OpenAI would refuse is let pass where the engine can do without it."""
    origins: tuple[str, ...] = ()
    """Origins of pages, such as ``https://demo.example``, that may come in without a key."""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    """PEM files; with both the engine speaks ``wss://`` only."""
    control: bool = False
    """Whether faults may be set from this machine while the engine runs."""
    stop_on_eof: bool = False
    verbose: bool = False


def read_token(path: Path | None) -> str | None:
    """The token in the file at ``path``, else in ``SALESMIND_ENGINE_TOKEN``; None when there is neither.

    Raises ``OptionsError`` for a file that cannot be read or holds nothing.
    """
    if path is None:
        return os.environ.get(TOKEN_VARIABLE, "").strip() or None
    try:
        token = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise OptionsError(f"--token-file {path}: {_reason(error)}") from error
    if not token:
        raise OptionsError(f"--token-file {path}: the file is empty; write the token into it")
    return token


def read_mind(
    url: str | None, model: str | None, key_file: Path | None, timeout_s: float = MIND_TIMEOUT_S
) -> MindOptions | None:
    """Read ``--mind`` and related options; the key is in the file, or else in ``SALESMIND_MIND_KEY``.

    Raises ``OptionsError`` for a URL that cannot be used, a missing model and a key file that others can read.
    """
    if url is None:
        if model is not None or key_file is not None:
            raise OptionsError("--mind-model and --mind-key-file need --mind URL")
        return None
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, or half a bracket
        usable = False
    if not usable:
        raise OptionsError("--mind needs a URL that begins with http:// or https://")
    if parts.username or parts.password or parts.query:
        raise OptionsError(
            f"--mind takes no secrets in its URL; put the key into {MIND_KEY_VARIABLE} or a file"
        )
    if not model:
        raise OptionsError("--mind needs the name of a model: --mind-model NAME")
    return MindOptions(url, model, _mind_key(key_file), timeout_s)


def _mind_key(path: Path | None) -> str | None:
    if path is None:
        key = os.environ.get(MIND_KEY_VARIABLE, "").strip()
    else:
        try:
            mode, key = path.stat().st_mode, path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise OptionsError(f"--mind-key-file {path}: {_reason(error)}") from error
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise OptionsError(f"--mind-key-file {path}: others can read it; chmod 600 {path}")
        if not key:
            raise OptionsError(f"--mind-key-file {path}: the file is empty; write the key into it")
    if not key.isascii() or any(char.isspace() for char in key):
        raise OptionsError(
            "the key for --mind is not one: it has spaces, line breaks or other than ASCII characters"
        )
    return key or None


def read_plan(path: Path | None, single: Sequence[str] = ()) -> tuple[Fault, ...]:
    """The faults of the file at ``path`` and of each ``--fault``. Raises ``OptionsError``."""
    try:
        planned = [] if path is None else read_faults(path.read_text(encoding="utf-8-sig"), path.name)
        return (*planned, *(parse_fault(text) for text in single))
    except FaultError as error:
        raise OptionsError(str(error)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise OptionsError(f"--faults {path}: {_reason(error)}") from error


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "the file is not UTF-8"
