"""A whole conversation through a sound card: spoken into the microphone, heard from the speaker."""

from __future__ import annotations

import difflib
import importlib.util
import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import soundfile

from audio.samples import samples

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(importlib.util.find_spec("ctranslate2") is None, reason="transcripts need [offline]"),
]


def test_spoken_into_the_microphone_and_answered_by_the_speaker(
    sound_card: Any, server: Any, environment: dict[str, str]
) -> None:
    sample = samples("ja")[2]
    spoken, rate = soundfile.read(sample.path, dtype="int16")
    speaker = sound_card.record()
    talk = subprocess.Popen(
        [
            *(sys.executable, "-m", "tui.cli", "talk", "--server", server.url, "--username", "admin"),
            *("--new-session", "--language", "ja", "--source", "mic", "--sink", "speaker"),
            *("--seconds", "18", "--json"),
        ],
        env={**os.environ, **environment, **sound_card.environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert talk.stdout is not None
    lines = []
    for line in talk.stdout:
        lines.append(json.loads(line))
        if lines[-1].get("step") == "gate_open":
            sound_card.say(spoken.tobytes(), rate_hz=rate)
    heard = np.frombuffer(speaker.stop(), "<i2").astype(float) / 32768

    assert talk.wait(20) == 0
    summary = lines[-1]
    assert summary["errors"] == []
    assert difflib.SequenceMatcher(None, summary["user_transcripts"][0], sample.text).ratio() > 0.6
    assert summary["assistant_transcripts"][0].strip()
    assert summary["chunk_rate"] == pytest.approx(25, rel=0.1)
    # What came out of the speaker is as long and as loud as an answer.
    loud = np.sqrt(np.mean(heard[: len(heard) // 480 * 480].reshape(-1, 480) ** 2, axis=1)) > 0.003
    assert loud.sum() * 20 > 0.4 * summary["audio_received_ms"]
