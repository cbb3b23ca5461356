"""How well the offline engine hears a language that its session does not expect.

    python benchmarks/languages.py [--every 3] [--english DIR]

Each recording that ships, the samples and all lines of the customers, is heard as in a session that names the other
language and as in one that names none. Counted is what comes out in the wrong language, and the share of words
(English) or characters (Japanese) that are wrong. The lines on whose CRC-32 the rules were not tuned are counted by
themselves. ``--english``: besides, every WAV, FLAC or Ogg file of English under DIR, of which only the language counts.
"""

from __future__ import annotations

import argparse
import statistics
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import soundfile as sf
import soxr

from audio.samples import samples
from backend.engine.accuracy import character_error_rate, word_error_rate
from backend.engine.dialogue import Dialogue
from backend.engine.outbox import Outbox
from backend.engine.persona_file import load_personas
from backend.engine.session import new_session, updated
from backend.engine.speech import Expectation
from backend.engine.transcription import NoTranscriber
from backend.engine.voice import LocalVoice
from backend.engine.whisper import Whisper

ROOT = Path(__file__).parents[1]
OTHER = {"ja": "en", "en": "ja"}


@dataclass(frozen=True)
class Line:
    """A recording. ``text``: what is said; None: not known."""

    path: Path
    language: str
    text: str | None

    @property
    def held_out(self) -> bool:
        """Whether the rules were chosen without it."""
        return zlib.crc32(str(self.path.relative_to(ROOT)).encode()) % 2 == 1


def shipped() -> Iterator[Line]:
    """Everything that is recorded."""
    for language in OTHER:
        for sample in samples(language):
            yield Line(Path(sample.path), language, sample.text)
    for persona in load_personas().values():
        for topic in persona.topics.values():
            for answer in topic.answers:
                path = persona.recordings / f"{answer.id}.opus"
                if path.is_file():
                    yield Line(path, persona.language, answer.text)


def expectation(**transcription: str) -> Expectation:
    """What the engine expects in a session with these settings."""
    patch = {
        "type": "realtime",
        "audio": {"input": {"transcription": {"model": "whisper-1", **transcription}}},
    }
    session = updated(new_session("gpt-realtime"), patch, begun=False)
    voice = LocalVoice()
    dialogue = Dialogue(session, Outbox(), NoTranscriber(""), load_personas(), voice, 1.0)
    voice.close()
    return dialogue.expectation()


def row(name: str, model: Whisper, lines: list[Line], session: dict[str, Expectation]) -> str:
    """One line of the table; ``session``: by the language that is spoken."""
    wrong, rates = 0, []
    for line in lines:
        audio, rate = sf.read(line.path, dtype="float32", always_2d=True)
        heard = model.transcribe(soxr.resample(audio.mean(axis=1), rate, 16_000), session[line.language])
        wrong += heard.language != line.language
        if line.text is not None:
            error = character_error_rate if line.language == "ja" else word_error_rate
            rates.append(error(line.text, heard.text))
    return f"| {name} | {len(lines)} | {wrong} | {f'{statistics.mean(rates):.1%}' if rates else ''} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--every", type=int, default=1, help="only every n-th recording")
    parser.add_argument("--english", type=Path, metavar="DIR")
    options = parser.parse_args()
    model = Whisper()
    lines = [line for line in shipped() if line.held_out][:: options.every]
    other = {language: expectation(language=OTHER[language]) for language in OTHER}
    own = {language: expectation(language=language) for language in OTHER}
    none = dict.fromkeys(OTHER, expectation())
    print("| held-out recordings | n | heard as another language | errors |\n|---|---|---|---|")
    for language, name in (("en", "English"), ("ja", "Japanese")):
        spoken = [line for line in lines if line.language == language]
        for where, session in (("the other language", other), ("none", none), ("its own", own)):
            print(row(f"{name} in a session that names {where}", model, spoken, session), flush=True)
    if options.english is not None:
        kinds = {".wav", ".flac", ".ogg", ".oga", ".opus"}
        files = sorted(path for path in options.english.rglob("*") if path.suffix.lower() in kinds)
        human = [Line(path, "en", None) for path in files if sf.info(path).duration >= 1.5]
        print(row("human English in a Japanese session", model, human[:: options.every], other))


if __name__ == "__main__":
    main()
