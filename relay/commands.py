"""The relay's input: one typed command per line, as JSON, on standard input. End of file means stop."""

from __future__ import annotations

from typing import Annotated

import msgspec

from relay.config import GainDb, RelayConfig
from relay.stream import Echo


class _Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="command"):
    pass


class Configure(_Command, frozen=True, kw_only=True, tag="configure"):
    """Always the first line, and only there: secrets travel here, never in argv or the environment.

    A bad one is answered with a single ``error`` with code ``bad_configuration`` and exit code 2.
    """

    config: RelayConfig


class Say(_Command, frozen=True, kw_only=True, tag="say"):
    """A typed turn: ``conversation.item.create`` and ``response.create``."""

    text: str


class Mute(_Command, frozen=True, kw_only=True, tag="mute"):
    """Send silence in place of the source (True), or the source again (False)."""

    on: bool


class Interrupt(_Command, frozen=True, kw_only=True, tag="interrupt"):
    """Stop the answer being played, as if the user had started to speak."""


class UseSource(_Command, frozen=True, kw_only=True, tag="source"):
    """Change the audio source, e.g. ``wav:PATH`` to speak a recording once."""

    spec: str


class UseSink(_Command, frozen=True, kw_only=True, tag="sink"):
    """Change the audio sink."""

    spec: str


class UseEcho(_Command, frozen=True, kw_only=True, tag="echo"):
    """Handle loudspeaker echo so from now on, as ``RelayConfig.echo``. Answered by ``input_settings``; if it is
    impossible, by an ``error`` as well, and nothing changes."""

    mode: Echo


class UseGain(_Command, frozen=True, kw_only=True, tag="gain"):
    """Send the user's voice louder by ``db`` (-40 to 40) from now on. Answered by ``input_settings``."""

    db: GainDb


class Reconnect(_Command, frozen=True, kw_only=True, tag="reconnect"):
    """Drop this connection and reconnect now."""


class UseToken(_Command, frozen=True, kw_only=True, tag="token"):
    """Reconnect with another token, because the operator has logged in again. ``repr`` leaves the token out."""

    token: str

    def __repr__(self) -> str:
        return "UseToken()"


class StopRecording(_Command, frozen=True, kw_only=True, tag="stop_recording"):
    """Stop recording; the conversation continues."""

    delete: bool = False
    """Also delete the recording permanently."""


class ProvokeError(_Command, frozen=True, kw_only=True, tag="provoke_error"):
    """Send an event that the Realtime API must refuse and that changes nothing: truncating an item that
    does not exist. For acceptance tests: the error must be shown, and the conversation must continue."""


class Stop(_Command, frozen=True, kw_only=True, tag="stop"):
    """Close cleanly, read ``realtime_mode`` a last time, print the summary, exit."""

    interrupted: bool = False
    """Requested by a signal: the summary's exit code is 130."""
    exit_code: Annotated[int, msgspec.Meta(ge=0, le=255)] = 0
    """Overrides the exit code of the summary and the process, such as 4: no answer came."""


Command = (
    Configure
    | Say
    | Mute
    | Interrupt
    | UseSource
    | UseSink
    | UseEcho
    | UseGain
    | Reconnect
    | UseToken
    | StopRecording
    | ProvokeError
    | Stop
)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)


def encode(command: Command) -> bytes:
    """One line, without its newline."""
    return _encoder.encode(command)


def decode(line: bytes | str) -> Command:
    """The command of one line. Raises ``msgspec.DecodeError`` for anything else."""
    try:
        return _decoder.decode(line)
    except (UnicodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from None
