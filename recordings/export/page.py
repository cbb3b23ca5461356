"""A recording as one HTML page: the acceptance report's view of a conversation, with its sound in it."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from acceptance.reports.conversation_view import conversation_article
from acceptance.reports.markup import element
from acceptance.reports.page import SOUND_INSIDE, page
from acceptance.reports.recorded import read_recorded
from acceptance.reports.wording import Language, Words
from recordings.export.sound import NoSound, write_stereo
from relay.chunk_bytes import DEFAULT_CHUNK_BYTES
from relay.recording.reader import RecordingReader


def html(directory: Path, language: Language, title: str) -> str:
    """The page: no script, no other file. Raises ``NoRecording`` and ``OSError``."""
    words = Words(language, None)
    reader = RecordingReader(directory)
    chunk_bytes = reader.described().settings.get("chunk_bytes", DEFAULT_CHUNK_BYTES)
    buffer = io.BytesIO()
    try:
        write_stereo(reader, buffer, "opus")
    except NoSound:
        player = element("p", words.choose(("音声はありません", "No audio")), class_="muted")
    else:
        sound = base64.b64encode(buffer.getvalue()).decode()
        player = element("audio", controls=True, src=f"data:audio/ogg;base64,{sound}")
    article = conversation_article(
        directory.name,
        element("h3", directory.name),
        read_recorded(directory, directory.name),
        chunk_bytes,
        words,
    )
    return page(title, element("main", element("h1", title), player, article), language, policy=SOUND_INSIDE)
