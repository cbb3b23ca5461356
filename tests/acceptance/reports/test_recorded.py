"""Recordings read back: whole, cut short, missing, or not where they should be."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acceptance.reports.chart import TimeAxis, round_step
from acceptance.reports.plots import thinned
from acceptance.reports.recorded import COLUMNS, read_conversation, read_envelope
from acceptance.results import ConversationRecord
from audio.wav import HEADER_BYTES, WavWriter
from relay.recording.tracks import open_track


def of(directory: str | None) -> ConversationRecord:
    return ConversationRecord(name="t2", test=2, session_id="s", directory=directory)


def test_both_sides_lie_on_the_time_of_the_events(run_directory: Path) -> None:
    recorded = read_conversation(of("t2"), run_directory)
    assert recorded is not None and recorded.user is not None and recorded.customer is not None
    assert recorded.user.seconds == pytest.approx(1.5, abs=0.01)  # silence until 0.5 s, then a second of tone
    assert recorded.user.peak == pytest.approx(0.5, abs=0.01)
    sounding = [n for n, high in enumerate(recorded.user.high) if high > 0.1]
    assert sounding[0] / COLUMNS * 1.5 == pytest.approx(0.5, abs=0.01)
    assert recorded.customer.seconds == pytest.approx(2.6, abs=0.01)
    assert recorded.seconds == 3.0
    assert [turn.text for turn in recorded.state.turns] == ["お困りのことは", "棚卸しです"]


def test_a_click_of_one_sample_survives_the_thinning(tmp_path: Path) -> None:
    with WavWriter(tmp_path / "x.wav") as track:
        track.write(bytes(2 * 24_000 * 60) + b"\xff\x7f" + bytes(2 * 24_000 * 60))
    envelope = read_envelope(open_track(tmp_path / "x.wav"))
    assert envelope is not None
    assert len(envelope.low) == COLUMNS
    assert sum(high > 0.9 for high in envelope.high) == 1


def test_sound_after_a_killed_recorders_last_header_counts(tmp_path: Path) -> None:
    wav = tmp_path / "user.wav"
    with WavWriter(wav) as track:
        track.write(b"\x00\x40" * 36_000)
    data = bytearray(wav.read_bytes())
    data[40:44] = (100).to_bytes(4, "little")  # the header says 50 samples
    wav.write_bytes(data + b"\x01")  # and half a sample was written
    envelope = read_envelope(open_track(wav))
    assert envelope is not None and envelope.seconds == pytest.approx(1.5, abs=0.01)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not a wave file at all" * 10])
def test_a_track_that_cannot_be_read_is_none(record: Callable[..., Path], content: bytes) -> None:
    directory = record(user=b"\x00\x40" * 24_000)
    (directory / "t2" / "user.flac").unlink()
    (directory / "t2" / "user.wav").write_bytes(content)
    recorded = read_conversation(of("t2"), directory)
    assert recorded is not None and recorded.user is None and recorded.customer is not None


def test_an_empty_track_has_no_peak(tmp_path: Path) -> None:
    WavWriter(tmp_path / "x.wav").close()
    assert (tmp_path / "x.wav").stat().st_size == HEADER_BYTES
    envelope = read_envelope(open_track(tmp_path / "x.wav"))
    assert envelope is not None and envelope.peak == 0.0


def test_a_cut_off_last_line_costs_only_itself(run_directory: Path) -> None:
    events = run_directory / "t2" / "events.jsonl"
    whole = read_conversation(of("t2"), run_directory)
    events.write_bytes(events.read_bytes() + b'{"kind":"step","t":3')
    cut = read_conversation(of("t2"), run_directory)
    assert whole is not None and cut is not None and cut.events == whole.events


def test_a_result_cannot_name_files_outside_its_run(run_directory: Path) -> None:
    run = run_directory / "run"
    run.mkdir()
    assert read_conversation(of("../t2"), run) is None
    assert read_conversation(of(str(run_directory / "t2")), run) is None
    (run / "link").symlink_to(run_directory / "t2")
    assert read_conversation(of("link"), run) is None
    assert read_conversation(of("t2"), run_directory) is not None
    assert read_conversation(of(None), run_directory) is None
    assert read_conversation(of("t2"), None) is None


values = st.one_of(st.none(), st.floats(0, 1000))


@given(st.lists(values, max_size=400), st.integers(4, 60))
def test_thinning_keeps_the_extremes_and_the_order(found: list[float | None], most: int) -> None:
    points = list(enumerate(found))
    kept = thinned([(float(t), value) for t, value in points], most)
    assert len(kept) <= max(most * 2, len(points) if len(points) <= most else 0)
    times = [t for t, _ in kept]
    assert times == sorted(times)
    known = [value for _, value in points if value is not None]
    left = [value for _, value in kept if value is not None]
    assert (min(left), max(left)) == (min(known), max(known)) if known else left == []
    assert (None in [value for _, value in kept]) == (None in found)


@given(st.floats(1e-6, 1e9))
def test_steps_are_round(about: float) -> None:
    step = round_step(about)
    assert about * 0.99 <= step <= about * 5.01
    assert float(f"{step:.0e}"[0]) in (1, 2, 5)


@given(st.floats(0.1, 1e5))
def test_an_axis_has_a_readable_number_of_ticks(seconds: float) -> None:
    ticks = list(TimeAxis(seconds).ticks)
    assert 2 <= len(ticks) <= 12
    assert all(math.isfinite(TimeAxis(seconds).x(t)) for t in (*ticks, -1, seconds * 2))
