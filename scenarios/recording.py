"""Reading a recorded conversation, and writing the scenario that is made of it."""

from __future__ import annotations

import os
import wave
from pathlib import Path

from audio.ports import BYTES_PER_SAMPLE, SAMPLE_RATE
from relay.link.instructions import RolePlay, role_of
from relay.recording.reader import RecordingReader
from scenarios.recorded import AFTER_S, Cut, Proposal, propose


class NoSound(Exception):
    """The recording has turns that were spoken, but no readable track of what was sent."""


def write_scenario(recording: Path, target: Path) -> Proposal:
    """Write the scenario at ``target``, which must not exist, and its recordings in a folder of its name beside it.

    Raises ``NoRecording`` and ``OSError`` (``FileExistsError`` where something is in the way), ``NothingSaid`` and
    ``NoSound``; the scenario itself is written last, so that what is there is whole.
    """
    reader = RecordingReader(recording)
    proposal = propose(reader.events(), reader.described(), _role(reader), target.stem)
    if target.exists():
        raise FileExistsError(17, os.strerror(17), str(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    for cut in proposal.cuts:
        _write_cut(reader, cut, target.parent / cut.file)
    with target.open("x", encoding="utf-8") as file:
        file.write(proposal.text)
    return proposal


def _role(reader: RecordingReader) -> RolePlay:
    """What the session was about, as the conversation told the server."""
    for message in reader.wire():
        event = message.event
        if message.direction == "out" and event is not None and event.get("type") == "session.update":
            session = event.get("session")
            instructions = session.get("instructions") if isinstance(session, dict) else None
            return role_of(instructions) if isinstance(instructions, str) else RolePlay()
    return RolePlay()


def _write_cut(reader: RecordingReader, cut: Cut, path: Path) -> None:
    track = reader.track("user")
    if track is None:
        raise NoSound(str(reader.directory))
    try:
        track.seek(round(cut.start_s * SAMPLE_RATE))
        pcm = b""
        wanted = round((cut.end_s - cut.start_s) * SAMPLE_RATE)
        while wanted > 0 and (block := track.read(wanted)):
            pcm += block
            wanted -= len(block) // BYTES_PER_SAMPLE
    finally:
        track.close()
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(BYTES_PER_SAMPLE)
        sound.setframerate(SAMPLE_RATE)
        sound.writeframes(pcm + bytes(round(AFTER_S * SAMPLE_RATE) * BYTES_PER_SAMPLE))
