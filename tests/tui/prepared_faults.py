"""Conversations with one fault each, as the relay would tell them."""

from __future__ import annotations

import math
from collections.abc import Callable

from relay.stream import (
    Connection,
    Item,
    Latency,
    Playback,
    RealtimeMode,
    Response,
    SourceState,
    Speech,
    StreamEvent,
    Transcript,
)
from tests.tui import scripted

LINES = (
    "現在、在庫はどのような方法で管理されていますか。",
    "部品が足りなくなることは、どのくらいありますか。",
    "ラインが止まると、どのような影響がありますか。",
)
ANSWERS = (
    "今は表計算ソフトで、担当の者が手で入力しています。",
    "そうですね、月に二、三回はあると思います。",
    "一度止まると、一時間で百万円ほどの損になります。",
)
END = 40.0


def in_order(*parts: list[StreamEvent]) -> list[StreamEvent]:
    """All of ``parts`` by time."""
    return sorted((event for part in parts for event in part), key=lambda event: event.t)


def turn(
    number: int, begin: float, *, slow_s: float = 0.0, heard_s: float = 4.0, said: str | None = None
) -> list[StreamEvent]:
    """The user speaks for 3 s; the answer comes 0.8 s (and ``slow_s``) after, and is heard for ``heard_s``."""
    user, answer, response = f"u{number}", f"a{number}", f"r{number}"
    text, reply = LINES[number % 3], ANSWERS[number % 3]
    stop, made, first = begin + 3.5, begin + 3.65, begin + 3.8 + slow_s
    return [
        Speech(t=begin, state="started", item_id=user, audio_ms=0),
        Item(t=begin, item_id=user, role="user"),
        Speech(t=stop, state="stopped", item_id=user, audio_ms=0),
        Transcript(t=stop + 0.1, item_id=user, role="user", text=text if said is None else said, final=True),
        Response(t=made, response_id=response, state="created"),
        Item(t=made, item_id=answer, role="assistant", previous_item_id=user),
        Latency(
            t=first, turn=number, item_id=answer, response_latency_ms=800 + slow_s * 1000, basis="speech"
        ),
        Playback(t=first, item_id=answer, state="started", heard_ms=0, received_ms=200),
        Transcript(t=first + 1, item_id=answer, role="assistant", text=reply, final=True),
        Response(t=first + 2, response_id=response, state="done", status="completed"),
        Playback(
            t=first + heard_s,
            item_id=answer,
            state="finished",
            heard_ms=int(heard_s * 1000),
            received_ms=4_000,
        ),
    ]


def metered(end: float = END, **changes: Callable[[float], object]) -> list[StreamEvent]:
    """Meters ten times a second; ``changes`` give single values by time."""

    def at(t: float) -> StreamEvent:
        values: dict[str, object] = {
            "mic_rms_dbfs": -30.0 + 9 * math.sin(t * 3.1),
            "audio_received_ms": int(t * 400),
            "chunks_sent": int(t * 25),
            "chunk_rate": 25.0 if t > 1.2 else None,
        }
        return (
            scripted.meters(t, **values)
            if not changes
            else scripted.meters(t, **(values | {name: value(t) for name, value in changes.items()}))
        )

    return [at(tick / 10) for tick in range(3, int(end * 10))]


def on_microphone() -> list[StreamEvent]:
    """The opening, with a microphone."""
    mic: StreamEvent = SourceState(t=0.25, state="opened", spec="mic", name="USB Mic", rate_hz=48_000)
    modes: list[StreamEvent] = [
        RealtimeMode(t=t, value=True, phase="during", round_trip_ms=7.0 + t % 3)
        for t in (5.0, 15.0, 25.0, 39.0)
    ]
    return [*scripted.opening(), mic, *modes]


def well() -> list[StreamEvent]:
    """Nothing is wrong."""
    return in_order(on_microphone(), turn(1, 3.0), turn(2, 14.0), turn(3, 26.0), metered())


def wrong_rate() -> list[StreamEvent]:
    """44.1 kHz sound is sent as 24 kHz."""
    return in_order(
        on_microphone(), turn(1, 3.0, said=""), metered(chunk_rate=lambda t: 45.9 if t > 1.2 else None)
    )


def silent_microphone() -> list[StreamEvent]:
    """The microphone is switched off."""
    return in_order(on_microphone(), metered(mic_rms_dbfs=lambda _t: -120.0, mic_peak_dbfs=lambda _t: -120.0))


def slow_upstream() -> list[StreamEvent]:
    """The line is quick, the model is not."""
    return in_order(
        on_microphone(),
        turn(1, 2.0, slow_s=4.5, heard_s=2),
        turn(2, 14.0, slow_s=6.0, heard_s=2),
        metered(30.0),
    )


def lossy_line() -> list[StreamEvent]:
    """Audio arrives in pieces, is sent late, and once the connection is lost."""
    cut: list[StreamEvent] = [
        Connection(t=20.0, state="lost", close_code=1006),
        Connection(t=21.0, state="restored"),
    ]
    holes = metered(
        audio_received_ms=lambda t: int(t // 1.5) * 600,
        playback_buffer_ms=lambda t: 0 if t % 1.5 > 0.6 else 200,
        lateness_p99_ms=lambda t: 40 + 160 * abs(math.sin(t / 3)),
        lateness_max_ms=lambda t: 60 + 160 * abs(math.sin(t / 3)),
        dropped_chunks=lambda t: int(t // 11),
    )
    return in_order(on_microphone(), turn(1, 3.0), cut, turn(2, 25.0), holes)


def echo() -> list[StreamEvent]:
    """The loudspeaker stands beside the microphone: the customer interrupts the customer."""
    events = in_order(on_microphone(), turn(1, 3.0), metered())
    events = [event for event in events if not (isinstance(event, Playback) and event.state == "finished")]
    for number, begin in ((2, 9.0), (3, 16.0), (4, 23.0)):
        before = f"a{number - 1}"
        heard_of = ANSWERS[(number - 1) % 3]
        cut: list[StreamEvent] = [
            Playback(t=begin + 0.01, item_id=before, state="interrupted", heard_ms=2_200, received_ms=4_000)
        ]
        following = [
            event
            for event in turn(number, begin, said=heard_of[:12])
            if not (isinstance(event, Playback) and event.state == "finished")
        ]
        events = in_order(events, cut, following)
    return events


FAULTS: dict[str, Callable[[], list[StreamEvent]]] = {
    "wrong_rate": wrong_rate,
    "microphone_silent": silent_microphone,
    "upstream_slow": slow_upstream,
    "line_lossy": lossy_line,
    "echo": echo,
}
