"""What others read of a recording. tests/system asks programs that nobody here wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from recordings.export.asciicast import asciicast
from recordings.export.markdown import transcript
from recordings.export.page import html
from recordings.export.sound import Codec, NoSound, write_stereo
from recordings.export.subtitles import srt, vtt
from recordings.lines import Line, spoken_lines
from relay.recording.manifest import Manifest
from relay.recording.reader import RecordingReader
from tests.recordings.scripted_conversation import conversation

MakeRecording = Callable[..., Path]
MANIFEST = Manifest(id="a", started_at="2026-11-25T10:00:00+00:00", server_url="http://server")
LINES = spoken_lines(conversation())


def name(role: str) -> str:
    return {"user": "You", "assistant": "Customer"}[role]


def test_lines_last_as_long_as_they_were_spoken_and_heard() -> None:
    assert [
        Line("u1", "user", 1.0, 2.5, "在庫はどう管理していますか"),
        Line("a1", "assistant", 3.0, 4.2, "Excelです", interrupted=True),
    ] == LINES
    assert spoken_lines([]) == []


def test_subtitles() -> None:
    assert srt(LINES, name) == (
        "1\n00:00:01,000 --> 00:00:02,500\nYou: 在庫はどう管理していますか\n\n"
        "2\n00:00:03,000 --> 00:00:04,200\nCustomer: Excelです\n"
    )
    assert vtt(LINES, name).startswith("WEBVTT\n\n00:00:01.000 --> 00:00:02.500\n<v You>在庫")


EVIL = [
    "-->",
    "<script>alert(1)</script>",
    "{\\an8}",
    "&lt;",
    "a\r\nb",
    "\x1b]0;title\x07",
    "‮abc",
    "|`*_[x](y)",
]


@pytest.mark.parametrize("text", EVIL)
def test_no_text_breaks_out_of_any_format(text: str) -> None:
    events = conversation(text=f"before {text} after")
    lines = spoken_lines(events)
    subrip, web = srt(lines, name), vtt(lines, name)
    assert subrip.count("-->") == web.count("-->") == len(lines)
    assert "<script" not in subrip + web and "{\\" not in subrip
    for made in (subrip, web, transcript(lines, MANIFEST, name, "t")):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", made)
    assert not re.search(r"(?<!\\)<", transcript(lines, MANIFEST, name, "t"))
    for line in asciicast(lines, MANIFEST, name, "t").splitlines()[1:]:
        shown = json.loads(line)[2]
        assert re.fullmatch(r"(\x1b\[1;3\dm\w+\x1b\[0m [^\x00-\x1f\x7f]*\r\n)?", shown), shown


@given(st.lists(st.tuples(st.floats(0, 9_999), st.text()), max_size=20))
def test_an_asciicast_is_in_order_and_json(said: list[tuple[float, str]]) -> None:
    lines = sorted((Line("i", "user", t, t + 1, text) for t, text in said), key=lambda line: line.start)
    header, *frames = asciicast(lines, MANIFEST, name, "t").splitlines()
    assert json.loads(header)["version"] == 2
    times = [json.loads(frame)[0] for frame in frames]
    assert times == sorted(times)


@pytest.mark.parametrize("codec", ["wav", "flac", "opus"])
def test_sound_is_stereo_with_the_salesperson_left(
    make_recording: MakeRecording, tmp_path: Path, codec: Codec
) -> None:
    target = tmp_path / f"out.{codec}"
    seconds = write_stereo(RecordingReader(make_recording()), target, codec)
    assert seconds == pytest.approx(4.0, abs=0.01)
    sound, rate = soundfile.read(target)
    assert (rate, sound.shape[1]) == (24_000, 2)
    loud = np.abs(sound[: 4 * rate].reshape(-1, rate, 2)).mean(axis=1) > 0.05
    # user_audio ended at 2.5 s, customer_audio began at 3.0 s; both last a second.
    assert loud[:, 0].tolist() == [False, True, True, False]
    assert loud[:, 1].tolist() == [False, False, False, True]


def test_a_recording_without_sound_says_so(make_recording: MakeRecording, tmp_path: Path) -> None:
    directory = make_recording()
    for track in ("user.flac", "customer.flac"):
        (directory / track).unlink()
    with pytest.raises(NoSound):
        write_stereo(RecordingReader(directory), tmp_path / "x.wav", "wav")
    assert "No audio" in html(directory, "en", "t")


class Fetching(HTMLParser):
    """Collects everything a page would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.sounds = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "iframe", "link", "img"):
            self.found.append(tag)
        for key, value in attrs:
            if key.startswith("on"):
                self.found.append(key)
            if key == "src" and value is not None:
                self.sounds += value.startswith("data:audio/ogg;base64,")
                if not value.startswith("data:"):
                    self.found.append(value)


def test_the_page_holds_everything_and_runs_nothing(make_recording: MakeRecording) -> None:
    events = conversation(text="<script>alert(1)</script>")
    page = html(make_recording(events=events), "en", "A <b>title</b>")
    parser = Fetching()
    parser.feed(page)
    assert parser.found == [] and parser.sounds == 1
    assert "&lt;script&gt;alert(1)" in page and "A &lt;b&gt;title" in page
    assert "server_error" in page
