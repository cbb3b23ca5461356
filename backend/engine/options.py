"""How the engine is run: the same as the options of ``salesmind engine``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from backend.engine.faults import Fault, FaultError, parse_fault, read_faults

TOKEN_VARIABLE = "SALESMIND_ENGINE_TOKEN"  # noqa: S105 - the name of a variable, not a token
MAX_AGE_S = 3_600


class OptionsError(Exception):
    """An option that cannot be used; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """``token``: what clients have to show as their API key; None lets anybody in. It is in no repr and no log."""

    host: str = "127.0.0.1"
    port: int = 8790
    pace: float = 6.0
    """Audio is sent this many times faster than real time."""
    transcription: bool = True
    whisper: Path | None = None
    """A directory of a Whisper model for CTranslate2; None: the packages of the ``[offline]`` extra."""
    personas: Path | None = None
    """A directory of more personas."""
    persona: str | None = None
    """The id of the one who answers; None: whoever fits the session."""
    max_age_s: float = MAX_AGE_S
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
