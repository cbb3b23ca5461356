"""From the console's settings to the configuration of one conversation."""

from __future__ import annotations

from typing import Literal

from relay.config import RelayConfig, TurnDetection
from tui.settings import ConsoleSettings


def conversation_config(
    settings: ConsoleSettings,
    *,
    server_url: str,
    token: str,
    insecure: bool,
    session_id: str | None,
    language: Literal["ja", "en"],
    source: str,
    sink: str,
    seconds: float | None = None,
    record_directory: str | None = None,
) -> RelayConfig:
    """What the relay needs, with voice, VAD and geometry as the settings say."""
    audio = settings.audio
    return RelayConfig(
        server_url=server_url,
        token=token,
        session_id=session_id,
        insecure=insecure,
        source=source,
        sink=sink,
        chunk_bytes=audio.chunk_bytes,
        language=language,
        voice=audio.voice,
        turn_detection=TurnDetection(
            threshold=audio.vad_threshold,
            prefix_padding_ms=audio.vad_prefix_ms,
            silence_duration_ms=audio.vad_silence_ms,
        ),
        echo=audio.echo,
        seconds=seconds,
        record_directory=record_directory,
    )
