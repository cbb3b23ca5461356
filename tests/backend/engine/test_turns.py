"""Whole turns over a real socket: order of events, answers, interruption."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from backend.engine.transcription import TranscriptionUnavailable

INPUT_LANE = [
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
]
RESPONSE_LANE = [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_audio_transcript.delta",
    "response.output_audio.delta",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
    "rate_limits.updated",
]
JAPANESE = {"input": {"transcription": {"model": "gpt-4o-mini-transcribe", "language": "ja"}}}
TRANSCRIPTION = "conversation.item.input_audio_transcription"


def lane(client: Any, since: str) -> list[str]:
    """The response lane so far: each kind of delta once, transcription events left out."""
    found: list[str] = []
    for kind in client.types(since):
        if kind.startswith(TRANSCRIPTION) or (kind.endswith(".delta") and kind in found):
            continue
        found.append(kind)
    return found


async def test_a_spoken_turn_comes_in_the_recorded_order(
    client: Any, transcriber: Any, spoken: bytes
) -> None:
    await client.configure(audio=JAPANESE)
    transcriber.words = "発注の担当者は何名いらっしゃいますか"
    await client.speak(spoken)
    await client.until("rate_limits.updated")
    assert list(client.types("session.updated")[1:])[: len(INPUT_LANE)] == INPUT_LANE
    assert lane(client, "response.created") == RESPONSE_LANE
    by_type = {event["type"]: event for event in client.events}
    item_id = by_type["input_audio_buffer.speech_started"]["item_id"]
    for kind in (
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        f"{TRANSCRIPTION}.completed",
    ):
        assert by_type[kind]["item_id"] == item_id
    done = by_type["response.done"]["response"]
    assert done["status"] == "completed"
    assert done["output"][0]["content"][0]["transcript"].startswith("購買部は5名で")


async def test_what_is_heard_is_what_is_written(client: Any, transcriber: Any, spoken: bytes) -> None:
    """The audio of all deltas is the item's audio, the transcript deltas make up the transcript."""
    await client.configure(audio=JAPANESE)
    await client.speak(spoken)
    done = await client.until("response.done")
    deltas = [event for event in client.events if event["type"] == "response.output_audio.delta"]
    pcm = b"".join(base64.b64decode(event["delta"]) for event in deltas)
    assert len(pcm) > 24_000
    assert {len(base64.b64decode(event["delta"])) for event in deltas[:-1]} == {9_600}
    written = [e["delta"] for e in client.events if e["type"] == "response.output_audio_transcript.delta"]
    item = done["response"]["output"][0]
    assert "".join(written) == item["content"][0]["transcript"]
    await client.send("conversation.item.retrieve", item_id=item["id"])
    retrieved = await client.until("conversation.item.retrieved")
    assert base64.b64decode(retrieved["item"]["content"][0]["audio"]) == pcm
    usage = done["response"]["usage"]
    assert usage["output_token_details"]["audio_tokens"] == pytest.approx(len(pcm) / 48 / 50, abs=1)
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


async def test_offsets_count_from_the_first_byte_ever_appended(client: Any, spoken: bytes) -> None:
    await client.configure(audio=JAPANESE)
    await client.speak(spoken)
    await client.until("rate_limits.updated")
    await client.speak(spoken)
    await client.until("rate_limits.updated")
    starts = [e["audio_start_ms"] for e in client.events if e["type"] == "input_audio_buffer.speech_started"]
    stops = [e["audio_end_ms"] for e in client.events if e["type"] == "input_audio_buffer.speech_stopped"]
    length = len(spoken) / 48
    assert starts[0] <= 300
    assert starts[1] - starts[0] == pytest.approx(length, abs=120)
    assert stops[0] < starts[1] < length + 300


async def test_the_answer_waits_for_the_words_but_the_transcript_waits_for_nothing(
    client: Any, transcriber: Any, spoken: bytes
) -> None:
    await client.configure(audio=JAPANESE)
    transcriber.released.clear()
    transcriber.words = "料金は月々15万円です"
    await client.speak(spoken)
    await client.until("response.created")
    transcriber.released.set()
    done = await client.until("response.done")
    assert "15万円" in done["response"]["output"][0]["content"][0]["transcript"]
    kinds = client.types()
    assert kinds.index(f"{TRANSCRIPTION}.completed") < kinds.index("response.output_item.added")


async def test_without_words_the_customer_goes_on_all_the_same(
    client: Any, transcriber: Any, spoken: bytes
) -> None:
    await client.configure(audio=JAPANESE)
    transcriber.words = TranscriptionUnavailable("transcription_unavailable", "not installed")
    await client.speak(spoken)
    failed = await client.until(f"{TRANSCRIPTION}.failed")
    assert failed["error"]["code"] == "transcription_unavailable"
    done = await client.until("response.done")
    assert done["response"]["status"] == "completed"
    assert done["response"]["output"][0]["content"][0]["transcript"]


async def test_without_transcription_in_the_session_nothing_is_said_about_it(
    client: Any, transcriber: Any, spoken: bytes
) -> None:
    """The customer hears all the same, as the real model does."""
    transcriber.words = "納期の遅れが心配です"
    await client.speak(spoken)
    done = await client.until("response.done")
    assert "納品が2日遅れました" in done["response"]["output"][0]["content"][0]["transcript"]
    assert not [kind for kind in client.types() if kind.startswith(TRANSCRIPTION)]


async def test_breaking_in_ends_the_answer(slow_engine_url: str, dial: Any, spoken: bytes) -> None:
    async with dial(slow_engine_url) as client:
        await client.send("response.create")
        first = await client.until("response.output_audio.delta")
        await client.speak(spoken[: 48 * 1_000])
        await client.until("input_audio_buffer.speech_started")
        done = await client.until("response.done")
        assert done["response"]["status"] == "cancelled"
        assert done["response"]["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
        assert client.types("input_audio_buffer.speech_started")[1:] == RESPONSE_LANE[6:12]
        item = done["response"]["output"][0]
        assert (item["id"], item["status"]) == (first["item_id"], "incomplete")
        await client.send("conversation.item.truncate", item_id=item["id"], content_index=0, audio_end_ms=150)
        assert (await client.until("conversation.item.truncated"))["audio_end_ms"] == 150
        await client.send("conversation.item.retrieve", item_id=item["id"])
        part = (await client.until("conversation.item.retrieved"))["item"]["content"][0]
        assert len(base64.b64decode(part["audio"])) == 150 * 48
        assert part["transcript"] is None


async def test_without_interrupt_response_the_answer_goes_on(
    slow_engine_url: str, dial: Any, spoken: bytes
) -> None:
    async with dial(slow_engine_url) as client:
        detection = {"type": "server_vad", "interrupt_response": False, "create_response": False}
        await client.configure(audio={"input": {"turn_detection": detection}})
        await client.send("response.create")
        await client.until("response.output_audio.delta")
        await client.speak(spoken)
        await client.until("input_audio_buffer.speech_stopped")
        await client.until("response.output_audio.delta")
        await client.send("response.cancel")
        done = await client.until("response.done")
        assert done["response"]["status_details"]["reason"] == "client_cancelled"


async def test_a_text_turn_is_answered_in_text_when_that_is_asked_for(client: Any) -> None:
    await client.configure(output_modalities=["text"])
    await client.say("現在、在庫はどのように管理されていますか。")
    await client.send("response.create", response={"metadata": {"turn": "1"}})
    done = await client.until("response.done")
    assert done["response"]["metadata"] == {"turn": "1"}
    assert done["response"]["output"][0]["content"] == [
        {
            "type": "output_text",
            "text": "いまは表計算ソフトで管理しています。倉庫の担当者が、毎日夕方に手で入力しています。",
        }
    ]
    assert "response.output_text.delta" in client.types()
    assert "response.output_audio.delta" not in client.types()


async def test_a_typed_turn_in_english_is_answered_in_english(client: Any) -> None:
    await client.say("How do you keep track of your inventory?")
    await client.send("response.create")
    done = await client.until("response.done")
    assert done["response"]["output"][0]["content"][0]["transcript"].startswith("We use spreadsheets.")
    assert [event for event in client.events if event["type"] == "response.output_audio.delta"]


async def test_a_manual_turn_is_committed_by_hand(client: Any, transcriber: Any, spoken: bytes) -> None:
    await client.configure(audio={"input": {**JAPANESE["input"], "turn_detection": None}})
    transcriber.words = "御社の事業を教えてください"
    await client.speak(spoken)
    await client.send("input_audio_buffer.commit")
    await client.until(f"{TRANSCRIPTION}.completed")
    assert client.types("session.updated")[1:4] == INPUT_LANE[2:]
    assert transcriber.heard == [(len(spoken) // 48, "ja")]
    await client.send("response.create")
    done = await client.until("response.done")
    assert "自動車の部品" in done["response"]["output"][0]["content"][0]["transcript"]


async def test_audio_may_come_in_pieces_of_any_size(client: Any, spoken: bytes) -> None:
    await client.configure(audio={"input": {"turn_detection": None}})
    await client.speak(spoken[:9_601], chunk=1_001)
    await client.send("input_audio_buffer.commit")
    item = (await client.until("conversation.item.done"))["item"]
    await client.send("conversation.item.retrieve", item_id=item["id"])
    retrieved = await client.until("conversation.item.retrieved")
    assert base64.b64decode(retrieved["item"]["content"][0]["audio"]) == spoken[:9_600]


async def test_a_response_beside_the_conversation_leaves_no_item(client: Any) -> None:
    beside = {
        "conversation": "none",
        "metadata": {"topic": "classification"},
        "output_modalities": ["text"],
        "input": [
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "予算はありますか"}],
            }
        ],
    }
    await client.send("response.create", response=beside)
    done = await client.until("response.done")
    assert done["response"]["conversation_id"] is None
    assert done["response"]["metadata"] == {"topic": "classification"}
    assert not [kind for kind in client.types() if kind.startswith("conversation.item")]


async def test_fifteen_turns_without_saying_anything_twice(client: Any) -> None:
    await client.configure(output_modalities=["text"])
    said = []
    for _ in range(15):
        await client.send("response.create")
        done = await client.until("response.done")
        said.append(done["response"]["output"][0]["content"][0]["text"])
    assert len(set(said)) == 15


async def test_an_answer_is_cut_at_the_tokens_allowed(client: Any) -> None:
    await client.send("response.create", response={"max_output_tokens": 20})
    done = await client.until("response.done")
    assert done["response"]["status_details"] == {"type": "incomplete", "reason": "max_output_tokens"}
    assert done["response"]["usage"]["output_token_details"]["audio_tokens"] == 20


async def test_the_words_are_made_out_while_the_silence_is_waited_for(
    client: Any, transcriber: Any, spoken: bytes
) -> None:
    """Once, from the pause on, and without the rest of the silence."""
    await client.configure(audio=JAPANESE)
    transcriber.words = "納期の遅れが心配です"
    await client.speak(spoken)
    stopped = await client.until("input_audio_buffer.speech_stopped")
    completed = await client.until(f"{TRANSCRIPTION}.completed")
    assert completed["transcript"] == transcriber.words
    length_ms, language = transcriber.heard[-1]
    assert language == "ja"
    assert stopped["audio_end_ms"] - 500 < length_ms < stopped["audio_end_ms"] - 300
    done = await client.until("response.done")
    assert "納品が2日遅れました" in done["response"]["output"][0]["content"][0]["transcript"]


async def test_a_pause_within_a_turn_makes_no_turn_of_its_own(
    client: Any, transcriber: Any, spoken: bytes
) -> None:
    await client.configure(audio=JAPANESE)
    transcriber.released.clear()  # what was begun at the pause must be thrown away, not waited for
    words_end = len(spoken) - 48 * 800
    await client.speak(spoken[:words_end] + spoken)
    stopped = await client.until("input_audio_buffer.speech_stopped")
    transcriber.released.set()
    await client.until(f"{TRANSCRIPTION}.completed")
    assert client.types().count("input_audio_buffer.speech_started") == 1
    assert stopped["audio_end_ms"] > len(spoken) / 48
    assert len(transcriber.heard) >= 2
    assert transcriber.heard[-1][0] > len(spoken) / 48


async def test_a_streaming_model_tells_the_words_at_a_pause(
    client: Any, transcriber: Any, spoken: bytes
) -> None:
    transcription = {"model": "gpt-realtime-whisper", "language": "ja"}
    await client.configure(audio={"input": {"transcription": transcription}})
    transcriber.words = "納期の遅れが"
    await client.speak(spoken[: -48 * 700])
    early = await client.until(f"{TRANSCRIPTION}.delta")
    started = next(e for e in client.events if e["type"] == "input_audio_buffer.speech_started")
    assert "input_audio_buffer.speech_stopped" not in client.types()
    assert (early["item_id"], early["delta"]) == (started["item_id"], "納期の遅れが")
    transcriber.words = "納期の遅れが心配です"
    await client.speak(spoken)
    completed = await client.until(f"{TRANSCRIPTION}.completed")
    deltas = [e["delta"] for e in client.events if e["type"] == f"{TRANSCRIPTION}.delta"]
    assert deltas == ["納期の遅れが", "心配です"]
    assert completed["transcript"] == transcriber.words


async def test_what_a_streaming_model_takes_back_is_said_by_the_end_alone(
    client: Any, transcriber: Any, spoken: bytes
) -> None:
    transcription = {"model": "gpt-realtime-whisper", "language": "ja"}
    await client.configure(audio={"input": {"transcription": transcription}})
    transcriber.words = "財庫の"
    await client.speak(spoken[: -48 * 700])
    await client.until(f"{TRANSCRIPTION}.delta")
    transcriber.words = "在庫の管理"
    await client.speak(spoken)
    completed = await client.until(f"{TRANSCRIPTION}.completed")
    assert client.types().count(f"{TRANSCRIPTION}.delta") == 1
    assert completed["transcript"] == "在庫の管理"


async def heard(client: Any, pcm: bytes) -> bytes:
    """What the engine takes for the audio of a turn made of ``pcm``: committed by hand, and retrieved."""
    await client.speak(pcm)
    await client.send("input_audio_buffer.commit")
    item_id = (await client.until("input_audio_buffer.committed"))["item_id"]
    await client.send("conversation.item.retrieve", item_id=item_id)
    item = (await client.until("conversation.item.retrieved"))["item"]
    return base64.b64decode(item["content"][0]["audio"])


@pytest.mark.parametrize("ending", ["clear", "commit", "format"])
async def test_half_a_sample_does_not_garble_what_is_said_next(
    client: Any, spoken: bytes, ending: str
) -> None:
    await client.configure(audio={"input": {"turn_detection": None}})
    said = spoken[:48_000]
    if ending == "commit":
        assert await heard(client, said + b"\x7f") == said
    else:
        await client.speak(b"\x7f")
    if ending == "clear":
        await client.send("input_audio_buffer.clear")
    if ending == "format":
        await client.configure(audio={"input": {"format": {"type": "audio/pcmu"}}})
        await client.configure(audio={"input": {"format": {"type": "audio/pcm", "rate": 24_000}}})
    assert await heard(client, said) == said


async def test_half_a_sample_at_the_end_of_an_items_audio_is_left_out(client: Any, transcriber: Any) -> None:
    audio = base64.b64encode(bytes(4_801)).decode()
    item = {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": audio}]}
    await client.send("conversation.item.create", item={**item, "id": "odd"})
    await client.until("conversation.item.done")
    await client.send("conversation.item.retrieve", item_id="odd")
    item = (await client.until("conversation.item.retrieved"))["item"]
    assert len(base64.b64decode(item["content"][0]["audio"])) == 4_800


async def test_what_is_cut_off_a_running_answer_does_not_come_back(slow_engine_url: str, dial: Any) -> None:
    async with dial(slow_engine_url) as client:
        await client.send("response.create")
        item_id = (await client.until("response.output_audio.delta"))["item_id"]
        await client.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=100)
        await client.until("conversation.item.truncated")
        await client.until("response.output_audio.delta")
        await client.send("response.cancel")
        done = await client.until("response.done")
        await client.send("conversation.item.retrieve", item_id=item_id)
        part = (await client.until("conversation.item.retrieved"))["item"]["content"][0]
    assert part["transcript"] is None
    assert len(base64.b64decode(part["audio"])) == 100 * 48
    assert done["response"]["output"][0]["content"][0]["transcript"] is None


async def test_a_deleted_answer_keeps_no_audio(slow_engine_url: str, dial: Any) -> None:
    async with dial(slow_engine_url) as client:
        await client.send("response.create")
        item_id = (await client.until("response.output_audio.delta"))["item_id"]
        await client.send("conversation.item.delete", item_id=item_id)
        await client.until("conversation.item.deleted")
        await client.until("response.output_audio.delta")
        await client.send("response.cancel")
        await client.until("response.done")
        await client.say("x", id=item_id)
        await client.until("conversation.item.done")
        await client.send("conversation.item.retrieve", item_id=item_id)
        retrieved = await client.until("conversation.item.retrieved")
    assert "audio" not in retrieved["item"]["content"][0]


async def test_a_written_answer_keeps_to_the_tokens_allowed(client: Any) -> None:
    await client.configure(output_modalities=["text"], max_output_tokens=5)
    await client.say("在庫はどう管理していますか")
    await client.send("response.create")
    response = (await client.until("response.done"))["response"]
    assert response["status_details"] == {"type": "incomplete", "reason": "max_output_tokens"}
    assert response["usage"]["output_tokens"] == 5
    assert response["output"][0]["content"][0]["text"] == "いまは表計"
