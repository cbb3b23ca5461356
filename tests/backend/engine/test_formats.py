"""What else a session may ask for: G.711, another speed, listening only, a role, words to expect."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.engine.formats import A_LAW, MU_LAW, Decoder, decode, decoding_table, encode
from backend.engine.options import EngineOptions
from backend.engine.server import serving
from backend.engine.tempo import at_speed

TRANSCRIPTION = "conversation.item.input_audio_transcription"
JAPANESE = {"model": "gpt-4o-mini-transcribe", "language": "ja"}


def tone(hz: float, ms: int) -> bytes:
    time = np.arange(24 * ms) / 24_000
    return bytes((10_000 * np.sin(2 * np.pi * hz * time)).astype(np.int16).tobytes())


def pitch(pcm: bytes) -> float:
    sound = np.frombuffer(pcm, np.int16).astype(float)
    return float(np.argmax(np.abs(np.fft.rfft(sound))) * 24_000 / len(sound))


# Fixed points of ITU-T G.711: silence, the loudest codes, and one code in the middle of each law.
@pytest.mark.parametrize(
    ("audio_format", "code", "value"),
    [
        (MU_LAW, 0xFF, 0), (MU_LAW, 0x7F, 0), (MU_LAW, 0x80, 32_124), (MU_LAW, 0x00, -32_124), (MU_LAW, 0xD5, 716),
        (A_LAW, 0xD5, 8), (A_LAW, 0x55, -8), (A_LAW, 0xAA, 32_256), (A_LAW, 0x2A, -32_256), (A_LAW, 0x80, 5_504),
    ],
)  # fmt: skip
def test_g711_is_as_the_recommendation_has_it(audio_format: str, code: int, value: int) -> None:
    assert decoding_table(audio_format)[code] == value


@pytest.mark.parametrize("audio_format", [MU_LAW, A_LAW])
def test_g711_keeps_what_telephones_keep(audio_format: str) -> None:
    pcm = tone(1_000, 500)
    sent = encode(pcm, audio_format)
    assert len(sent) == 500 * 8
    heard = np.frombuffer(decode(sent, audio_format), np.int16).astype(float)
    said = np.frombuffer(pcm, np.int16).astype(float)[: len(heard)]
    inner = slice(2_400, -2_400)
    error = np.sqrt(np.mean((heard[inner] - said[inner]) ** 2)) / np.sqrt(np.mean(said[inner] ** 2))
    assert error < 0.03  # 30 dB below the tone


@given(st.binary(max_size=400), st.sampled_from([MU_LAW, A_LAW]))
def test_any_bytes_are_g711(audio: bytes, audio_format: str) -> None:
    assert len(Decoder(audio_format).decode(audio)) % 2 == 0


@pytest.mark.parametrize("audio_format", [MU_LAW, A_LAW])
async def test_a_spoken_turn_over_a_telephone(
    client: Any, transcriber: Any, spoken: bytes, audio_format: str
) -> None:
    given_format = {"type": audio_format}
    session = await client.configure(
        audio={
            "input": {"format": given_format, "transcription": JAPANESE},
            "output": {"format": given_format},
        }
    )
    assert session["session"]["audio"]["output"]["format"] == given_format
    transcriber.words = "発注の担当者は何名いらっしゃいますか"
    await client.speak(encode(spoken, audio_format), chunk=1_600)
    done = await client.until("response.done")
    assert "購買部は5名で" in done["response"]["output"][0]["content"][0]["transcript"]
    assert done["response"]["audio"]["output"]["format"] == given_format
    stopped = next(e for e in client.events if e["type"] == "input_audio_buffer.speech_stopped")
    assert stopped["audio_end_ms"] == pytest.approx(len(spoken) / 48 - 500, abs=200)
    deltas = [
        base64.b64decode(e["delta"]) for e in client.events if e["type"] == "response.output_audio.delta"
    ]
    assert {len(delta) for delta in deltas[:-1]} == {1_600}
    seconds = done["response"]["usage"]["output_token_details"]["audio_tokens"] * 0.05
    assert sum(map(len, deltas)) / 8_000 == pytest.approx(seconds, abs=0.1)
    await client.send("conversation.item.retrieve", item_id=done["response"]["output"][0]["id"])
    part = (await client.until("conversation.item.retrieved"))["item"]["content"][0]
    assert len(base64.b64decode(part["audio"])) == pytest.approx(sum(map(len, deltas)), abs=8)


@pytest.mark.parametrize("speed", [0.25, 0.8, 1.25, 1.5])
def test_speed_changes_the_length_and_not_the_pitch(speed: float) -> None:
    changed = at_speed(tone(200, 2_000), speed)
    assert len(changed) / 48 == pytest.approx(2_000 / speed, rel=0.01)
    assert pitch(changed[4_800:-4_800]) == pytest.approx(200, rel=0.02)


@given(st.binary(max_size=8_000), st.floats(0.25, 1.5))
def test_any_sound_has_any_speed(pcm: bytes, speed: float) -> None:
    assert len(at_speed(pcm[: len(pcm) // 2 * 2], speed)) % 2 == 0


async def test_an_answer_is_as_fast_as_the_session_says(engine_url: str, dial: Any) -> None:
    lengths = {}
    for speed in (1.0, 1.5):
        async with dial(engine_url) as client:
            await client.configure(audio={"output": {"speed": speed}})
            await client.send("response.create")
            done = await client.until("response.done")
            lengths[speed] = done["response"]["usage"]["output_token_details"]["audio_tokens"]
    assert lengths[1.0] / lengths[1.5] == pytest.approx(1.5, rel=0.05)


async def test_a_transcription_session_listens_and_says_nothing(
    client: Any, transcriber: Any, spoken: bytes
) -> None:
    transcriber.words = "発注の担当者は何名いらっしゃいますか"
    patch = {"type": "transcription", "audio": {"input": {"transcription": JAPANESE}}}
    await client.send("session.update", session=patch)
    session = (await client.until("session.updated"))["session"]
    assert (session["type"], session["object"]) == ("transcription", "realtime.transcription_session")
    assert set(session["audio"]) == {"input"}
    await client.speak(spoken)
    completed = await client.until(f"{TRANSCRIPTION}.completed")
    assert completed["transcript"] == transcriber.words
    await client.send("response.create", event_id="mine")
    error = (await client.receive())["error"]
    assert (error["code"], error["event_id"]) == ("invalid_event", "mine")
    assert not [kind for kind in client.types() if kind.startswith("response.")]


async def test_a_transcription_session_may_be_dialled(engine_url: str, dial: Any) -> None:
    async with dial(f"{engine_url}?intent=transcription&x=") as client:
        assert client.events[0]["session"]["type"] == "transcription"
        for session, param in (
            ({"type": "realtime"}, "session.type"),
            ({"type": "transcription", "instructions": "x"}, "session.instructions"),
            (
                {
                    "type": "transcription",
                    "audio": {"input": {"transcription": {"model": "gpt-realtime-whisper"}}},
                },
                "session.audio.input.turn_detection",
            ),
        ):
            await client.send("session.update", session=session)
            assert (await client.receive())["error"]["param"] == param


async def test_a_session_stays_what_it_is_once_it_has_begun(client: Any) -> None:
    await client.say("x")
    await client.until("conversation.item.done")
    await client.send("session.update", session={"type": "transcription"})
    assert (await client.receive())["error"]["param"] == "session.type"


async def test_words_to_expect_reach_the_recogniser(client: Any, transcriber: Any, spoken: bytes) -> None:
    transcription = {**JAPANESE, "prompt": "在庫と発注の商談", "keywords": ["欠品", "棚卸し"]}
    await client.configure(audio={"input": {"transcription": transcription}})
    await client.speak(spoken)
    await client.until(f"{TRANSCRIPTION}.completed")
    assert transcriber.prompts[-1] == "在庫と発注の商談 欠品, 棚卸し"


async def test_a_customer_expects_the_words_of_its_trade(
    client: Any, transcriber: Any, spoken: bytes
) -> None:
    await client.configure(
        instructions="- 業界: 小売業",
        audio={"input": {"transcription": {"model": "whisper-1", "language": "ja"}}},
    )
    await client.speak(spoken)
    await client.until(f"{TRANSCRIPTION}.completed")
    assert "シフト" in transcriber.prompts[-1]


ROLE = "# お客様の設定\n- 業界: 介護サービス\n- 抱えている課題: 記録に時間がかかる\n"


class Tone:
    """A voice that hums."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    async def say(self, text: str, language: str) -> bytes:
        self.said.append((text, language))
        return tone(300, 1_000)

    def speaks(self, language: str) -> bool:
        return True

    def prepare(self, language: str) -> None:
        self.prepared = language


class Mute:
    """No voice."""

    async def say(self, text: str, language: str) -> bytes:
        return b""

    def speaks(self, language: str) -> bool:
        return False

    def prepare(self, language: str) -> None:
        pass


async def ask_for_the_trouble(url: str, dial: Any) -> Any:
    async with dial(url) as client:
        await client.configure(instructions=ROLE)
        await client.say("お困りのことはありませんか。")
        await client.send("response.create")
        done = await client.until("response.done")
        part = done["response"]["output"][0]["content"][0]
        assert "記録に時間がかかる" in part["transcript"]
        return client


async def test_words_without_a_recording_are_spoken_by_the_local_voice(transcriber: Any, dial: Any) -> None:
    voice = Tone()
    async with serving(EngineOptions(port=0, pace=200.0), transcriber, voice) as url:
        client = await ask_for_the_trouble(url, dial)
    deltas = [e["delta"] for e in client.events if e["type"] == "response.output_audio.delta"]
    assert b"".join(map(base64.b64decode, deltas)) == tone(300, 1_000)
    assert [language for _, language in voice.said] == ["ja"]
    assert voice.prepared == "ja"


async def test_without_a_voice_they_are_sent_as_text(transcriber: Any, dial: Any) -> None:
    async with serving(EngineOptions(port=0, pace=200.0), transcriber, Mute()) as url:
        client = await ask_for_the_trouble(url, dial)
    assert "response.output_audio.delta" not in client.types()
    assert client.types()[-1] == "response.done"


@pytest.mark.parametrize(
    ("language", "text"), [("ja", "これは試験です。聞こえますか。"), ("en", "This is a test.")]
)
async def test_the_local_voice_speaks(language: str, text: str) -> None:
    from backend.engine import voice

    if not voice.available(language):
        pytest.skip("the [voice] extra is not installed")
    speaker = voice.LocalVoice()
    pcm = await speaker.say(text, language)
    speaker.close()
    assert 0.5 < len(pcm) / 48_000 < 6


async def test_one_persona_may_be_made_to_answer(transcriber: Any, dial: Any) -> None:
    options = EngineOptions(port=0, pace=200.0, persona="operations-manager-en")
    async with serving(options, transcriber) as url, dial(url) as client:
        await client.say("在庫はどうされていますか")
        await client.send("response.create")
        done = await client.until("response.done")
        assert done["response"]["output"][0]["content"][0]["transcript"].isascii()
