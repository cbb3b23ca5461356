"""One conversation's configuration, from settings, account, session and devices."""

from __future__ import annotations

import re
import time
from pathlib import Path

from relay.config import RelayConfig, TurnDetection
from tui import i18n
from tui.host.devices import Devices
from tui.host.services import ServerAccount
from tui.settings import ConsoleSettings

SILENCE = "silence"


def relay_config(
    settings: ConsoleSettings,
    account: ServerAccount,
    session_id: str,
    *,
    source: str,
    sink: str,
    language: i18n.Language | None = None,
    seconds: float | None = None,
    record_directory: Path | None = None,
    until_stopped: bool = False,
) -> RelayConfig:
    """The relay's configuration; what is not given comes from the settings.

    ``until_stopped``: a lost connection is retried for as long as somebody is there to end it.
    """
    audio, connection = settings.audio, settings.connection
    return RelayConfig(
        server_url=account.server_url,
        token=account.token,
        session_id=session_id,
        insecure=account.insecure,
        source=source,
        sink=sink,
        chunk_bytes=audio.chunk_bytes,
        language=language or conversation_language(settings),
        voice=audio.voice,
        turn_detection=TurnDetection(
            threshold=audio.vad_threshold,
            prefix_padding_ms=audio.vad_prefix_ms,
            silence_duration_ms=audio.vad_silence_ms,
        ),
        echo=audio.echo,
        gain_db=audio.gain_db,
        seconds=seconds,
        patience_s=None if until_stopped else connection.patience_s,
        renew_after_s=connection.renew_after_s or None,
        answer_within_s=connection.answer_within_s,
        line_answer_within_s=connection.line_answer_within_s,
        record_directory=str(record_directory) if record_directory else None,
    )


def place_of_recording(settings: ConsoleSettings, session_id: str, now: float | None = None) -> Path | None:
    """The directory of a recording that begins ``now`` (seconds since 1970): ``YYYYMMDDTHHMMSSZ-`` and the beginning
    of the session's id. None: nothing is to be recorded."""
    if not settings.recording.on:
        return None
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    session = re.sub("[^0-9A-Za-z]", "", session_id)[:8]
    return settings.recordings_directory / (f"{stamp}-{session}" if session else stamp)


def source_and_sink(settings: ConsoleSettings, devices: Devices | None) -> tuple[str, str]:
    """Source and sink. Without a microphone: silence; without a loudspeaker: none."""
    audio = settings.audio
    source = audio.source or ("mic" if devices and devices.microphones else SILENCE)
    sink = audio.sink or ("speaker" if devices and devices.speakers else "none")
    return source, sink


def conversation_language(settings: ConsoleSettings) -> i18n.Language:
    """The language spoken with the customer."""
    return settings.conversation_language or i18n.language()


def needs_devices(settings: ConsoleSettings) -> bool:
    """Whether the source or sink depends on this machine's devices."""
    return settings.audio.source is None or settings.audio.sink is None
