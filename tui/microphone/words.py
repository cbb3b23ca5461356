"""What the visitor is told about the microphone: a word and what to do."""

from __future__ import annotations

from audio.incoming import Reading, Verdict
from audio.ports import SAMPLE_RATE
from tui.i18n import N_, _
from tui.tones import Tone

WORDS: dict[Verdict, tuple[Tone, str]] = {
    Verdict.NOBODY: ("plain", N_("Waiting: nothing is connected yet. Run both steps on your computer.")),
    Verdict.NOTHING: (
        "bad",
        N_(
            "No sound arrives: the tunnel is there, but nothing comes through. Is the command of step 1 running?"
        ),
    ),
    Verdict.LISTENING: ("plain", N_("Connected. Say something ...")),
    Verdict.WRONG_RATE: (
        "bad",
        N_(
            "Wrong format: {rate} samples a second arrive instead of {wanted}. Use the command of step 1 as it is "
            "(24,000 Hz, one channel)."
        ),
    ),
    Verdict.SILENT: (
        "bad",
        N_(
            "Silent: only digital silence arrives. Is the microphone muted, or the program not allowed to use it?"
        ),
    ),
    Verdict.FAINT: (
        "warn",
        N_("Faint: nothing as loud as a voice arrives. Speak, or turn the microphone up."),
    ),
    Verdict.GOOD: ("good", N_("Good: your voice arrives.")),
}


def told(reading: Reading) -> tuple[Tone, str]:
    """The sentence for ``reading``, and its tone."""
    tone, sentence = WORDS[reading.verdict]
    return tone, _(sentence).format(rate=f"{reading.samples_per_s:,}", wanted=f"{SAMPLE_RATE:,}")
