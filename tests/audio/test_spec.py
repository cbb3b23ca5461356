"""The written forms of sources and sinks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.errors import AudioError, AudioErrorCode, printable
from audio.open import make_sink, make_source
from audio.spec import (
    MAX_TONE_HZ,
    MIN_TONE_HZ,
    DeviceSpec,
    FileSpec,
    NoneSpec,
    SilenceSpec,
    TcpSpec,
    ToneSpec,
    parse_sink,
    parse_source,
)

paths = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
ports = st.integers(1, 65_535)


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("mic", DeviceSpec()),
        ("mic:3", DeviceSpec("3")),
        ("mic: USB ", DeviceSpec("USB")),
        ("mic:hw:1,0", DeviceSpec("hw:1,0")),
        ("wav:a.wav", FileSpec("a.wav")),
        ("wav:C:\\x\\a.wav", FileSpec("C:\\x\\a.wav")),
        ("wav:商談.flac?loop", FileSpec("商談.flac", loop=True)),
        ("wav:a?b.wav", FileSpec("a?b.wav")),
        ("wav:a?loop?once", FileSpec("a?loop")),
        ("wav:a?loop?loop", FileSpec("a?loop", loop=True)),
        ("tcp:localhost:7000", TcpSpec("localhost", 7000)),
        ("tcp:[::1]:7000", TcpSpec("::1", 7000)),
        ("tone", ToneSpec(440.0)),
        ("tone:1000", ToneSpec(1000.0)),
        ("silence", SilenceSpec()),
    ],
)
def test_source_forms(text: str, spec: object) -> None:
    assert parse_source(text) == spec


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("speaker", DeviceSpec()),
        ("speaker:hdmi", DeviceSpec("hdmi")),
        ("wav:out.wav", FileSpec("out.wav")),
        ("wav:out?loop", FileSpec("out?loop")),
        ("tcp:10.0.0.1:1", TcpSpec("10.0.0.1", 1)),
        ("none", NoneSpec()),
    ],
)
def test_sink_forms(text: str, spec: object) -> None:
    assert parse_sink(text) == spec


@pytest.mark.parametrize(
    "text",
    [
        "", "microphone", "Mic", "mic:", "mic: ", "wav", "wav:", "wav:?loop", "wav:?once", "wav:a\0b", "tcp:",
        "tcp:host", "tcp:host:", "tcp::7000", "tcp:host:0", "tcp:host:65536", "tcp:host:7_0", "tcp:host:７",
        "tcp:::1:7000", "tcp:a b:1", "tone:", "tone:nan", "tone:inf", "tone:19", "tone:12000", "tone:-440", "silence:",
        "speaker", "none",
    ],
)  # fmt: skip
def test_what_is_no_source_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(AudioError) as caught:
        parse_source(text)
    assert caught.value.code is AudioErrorCode.BAD_SPEC
    assert caught.value.params["spec"] == printable(text)
    assert caught.value.params["reason"] in str(caught.value)


@pytest.mark.parametrize("text", ["", "mic", "tone", "silence", "none:1", "wav:", "speaker:", "tcp:x"])
def test_what_is_no_sink_is_refused(text: str) -> None:
    with pytest.raises(AudioError) as caught:
        parse_sink(text)
    assert caught.value.code is AudioErrorCode.BAD_SPEC


@given(st.text())
def test_any_text_is_understood_or_refused(text: str) -> None:
    for parse in (parse_source, parse_sink):
        try:
            parse(text)
        except AudioError as error:
            assert error.code is AudioErrorCode.BAD_SPEC


@given(paths, st.booleans())
def test_every_path_can_be_written_as_a_source(path: str, loop: bool) -> None:
    spec = FileSpec(path, loop)
    assert parse_source(str(spec)) == spec


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)), ports)
def test_every_address_can_be_written(host: object, port: int) -> None:
    spec = TcpSpec(str(host), port)
    assert parse_source(str(spec)) == spec
    assert parse_sink(str(spec)) == spec


@given(st.floats(MIN_TONE_HZ, MAX_TONE_HZ))
def test_every_tone_can_be_written(hz: float) -> None:
    assert parse_source(str(ToneSpec(hz))) == ToneSpec(hz)


@given(st.text(min_size=1).map(str.strip).filter(bool))
def test_every_device_can_be_written(wanted: str) -> None:
    assert parse_source(DeviceSpec(wanted).text("mic")) == DeviceSpec(wanted)
    assert parse_sink(DeviceSpec(wanted).text("speaker")) == DeviceSpec(wanted)


@pytest.mark.parametrize("path", ["~nobody-of-that-name/a.wav", "~a.wav"])
async def test_a_home_that_is_not_known_is_a_file_that_is_not_there(path: str) -> None:
    with pytest.raises(AudioError) as caught:
        await make_source(f"wav:{path}", chunk_bytes=960).open()
    assert caught.value.code is AudioErrorCode.FILE_NOT_FOUND
    make_sink(f"wav:{path}")
