"""The request of an acceptance run, and its time limits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from acceptance.progress import Question, Reply
from relay.chunk_bytes import DEFAULT_CHUNK_BYTES


@dataclass(frozen=True, slots=True)
class Credentials:
    """A logged-in account. ``repr`` leaves the token out."""

    username: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """Time limits (seconds) and tolerances. Stated in every answer."""

    connect_s: float = 20.0
    """From dialling to the open gate; an existing server takes up to 10 s to reach its upstream."""
    answer_s: float = 30.0
    """From the end of a turn to the end of its answer."""
    mode_change_s: float = 5.0
    """From the WebSocket's opening or closing to the REST answer that shows it."""
    watch_s: float = 1.0
    """How long the other connection is watched after one was closed; a plain flag falls within 30 ms."""
    killed_s: float = 15.0
    """From a reset connection to ``realtime_mode`` false."""
    restart_s: float = 20.0
    """From the restarted server's first answer to ``realtime_mode`` false."""
    refusal_s: float = 12.0
    """How long a WebSocket that must be refused may stay open. An existing server that accepts it says
    ``session.created`` within 10 s."""
    error_s: float = 10.0
    """From a provoked error to the message about it."""
    recover_s: float = 20.0
    """From a cut to the open gate of the next connection."""
    half_open_s: float = 45.0
    """The same when nothing says that the connection is dead. Zero: this fault is left out."""
    pause_s: float = 2.0
    """How long the network stands still; shorter than what a healthy connection must survive."""
    slow_s: float = 2.0
    slow_bytes_per_s: int = 96_000
    """Each way; a conversation sends 48 000 bytes of audio a second, so it just fits, and answers come late."""
    rate_tolerance: float = 0.1
    """Of the chunk rate, each way."""
    sample_rate_tolerance: float = 0.2
    """Of the sample rate that the server's own clock shows; 44.1 kHz would be 84 % off."""
    audible_dbfs: float = -50.0
    """RMS of the loudest 100 ms of the answer must be above it."""
    latency_ms: float = 5_000.0
    """Response latency."""
    stored_s: float = 3.0
    """From the end of a conversation to messages that hold what was shown."""
    revoked_s: float = 15.0
    """From the revocation of an account to the close of its open WebSocket."""
    reply_s: float = 3.0
    """How long an answer to something that must be refused is waited for."""
    flood_audio_s: float = 60.0
    """Seconds of silence that are sent as fast as they go; nothing commits them, so no service charges for them."""
    flood_s: float = 5.0
    """How long sending them may take before the server counts as holding it up."""
    wrong_logins: int = 20
    slow_login_s: float = 1.0
    """Three wrong logins in a row that take so long each are slowed down."""
    vanished_s: float = 60.0
    """From a client that vanishes to ``realtime_mode`` false; an existing server takes 51 s. Zero: left out."""


class Operator(Protocol):
    """A person who can answer questions. ``name`` is recorded with each answer."""

    name: str

    async def ask(self, question: Question) -> Reply:
        """The person's answer; ``not_applicable`` if they cannot tell."""
        ...


RestartServer = Callable[[], Awaitable[str]]
"""Kills the server, starts it again on the same data and gives its base URL once it answers."""
Act = Callable[[], Awaitable[None]]
"""Does something to the server from outside. Raises ``OSError`` when that failed."""


@dataclass(frozen=True, slots=True)
class Means:
    """What the run may do to the server besides talking to it. None: not allowed."""

    restart_server: RestartServer | None = None
    revoke_second: Act | None = None
    """Deactivate the second account, or revoke its token."""
    cut_upstream: Act | None = None
    """End the server's connections to its speech service."""


NO_MEANS = Means()


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """One run."""

    server_url: str
    account: Credentials
    directory: Path
    """Recordings and logs of the run go here; made if missing."""
    second_account: Credentials | None = None
    insecure: bool = False
    tests: tuple[int, ...] = (1, 2, 3, 4)
    source: str | None = None
    """Spoken in test 2; null: a sample recording in ``language``."""
    sink: str = "none"
    language: Literal["ja", "en"] = "ja"
    chunk_bytes: int = DEFAULT_CHUNK_BYTES
    finish_sessions: bool = False
    """Finish (and score) the run's own sessions at the end; the contract knows no way to delete one."""
    try_wrong_logins: bool = False
    """Try wrong passwords in a row: the server may refuse this address for a while."""
    limits: Limits = Limits()
