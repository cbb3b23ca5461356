"""Codes for the relay's own findings. A server has its own codes; audio has ``AudioErrorCode``."""

from __future__ import annotations

from enum import StrEnum


class RelayCode(StrEnum):
    """Stable names for ``Problem.code`` and ``Notice.code``: codes may be added, none is renamed."""

    SESSION_CREATED_TIMEOUT = "session_created_timeout"
    SESSION_UPDATED_TIMEOUT = "session_updated_timeout"
    SESSION_UPDATE_REFUSED = "session_update_refused"
    CLOSED_BY_SERVER = "closed_by_server"
    UPSTREAM_SILENT = "upstream_silent"
    SERVER_SILENT = "server_silent"
    LINE_DEAD = "line_dead"
    LINE_STALLED = "line_stalled"
    LINE_GOES_ON = "line_goes_on"
    MALFORMED_MESSAGE = "malformed_message"
    RESPONSE_FAILED = "response_failed"
    ANSWER_TOO_LONG = "answer_too_long"
    SPEECH_SENT_LATE = "speech_sent_late"
    SPEECH_NOT_SENT = "speech_not_sent"
    AUDIO_DROPPED = "audio_dropped"
    SOURCE_LATE = "source_late"
    SERVER_DOES_NOT_ANSWER = "server_does_not_answer"
    SESSION_RENEWED = "session_renewed"
    LOG_UNWRITABLE = "log_unwritable"
    CHUNK_RATE_SUGGESTS_44100 = "chunk_rate_suggests_44100"
    CHUNK_RATE_SUGGESTS_48000 = "chunk_rate_suggests_48000"
    RECORDING_FAILED = "recording_failed"
    RECORDING_NOT_DELETED = "recording_not_deleted"
    BAD_CONFIGURATION = "bad_configuration"
    RELAY_FAULT = "relay_fault"
    RELAY_CRASHED = "relay_crashed"
