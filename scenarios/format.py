"""The format of a scenario, field by field (docs/scenarios.md): TOML, checked by these declarations. Pure."""

from __future__ import annotations

from relay.chunk_bytes import DEFAULT_CHUNK_BYTES, LARGEST_CHUNK_BYTES, SMALLEST_CHUNK_BYTES
from scenarios.fields import Field, Flag, Number, Schema, Table, Tables, Text, Texts
from scenarios.figures import FIGURES

LANGUAGES = ("ja", "en")
LONGEST_S = 600.0
"""Most seconds of one pause or silence."""
DEFAULT_CER = 0.2
ANSWER_WITHIN_S = 30.0

_BOTH_LANGUAGES = Table(
    (
        Field("ja", Text(), "日本語", "In Japanese", required=True),
        Field("en", Text(), "英語", "In English", required=True),
    ),
    or_text=True,
)
_SESSION = Table(
    (
        Field("industry", Text(), "業界", "Industry of the customer"),
        Field("value_proposition", Text(), "提供する価値", "What is offered", required=True),
        Field("customer_persona", Text(), "お客様の人物像", "Who the customer is"),
        Field("customer_pain", Text(), "お客様の課題", "What troubles the customer"),
        Field("mode", Text(("simple", "detailed")), "セッションのモード", "Mode of the session"),
        Field(
            "company_id",
            Text(),
            "会社のID(detailed のとき)",
            "UUID of the company, when the mode is detailed",
        ),
    )
)
_VOICE = Table(
    (
        Field("name", Text(), "お客様の声", "Voice of the customer", "marin"),
        Field(
            "transcription_model",
            Text(),
            "文字起こしのモデル",
            "Model that transcribes the salesperson",
            "gpt-4o-mini-transcribe",
        ),
    )
)
_VAD = Table(
    (
        Field("threshold", Number(0, 1), "しきい値", "Threshold of server VAD", 0.5),
        Field(
            "prefix_padding_ms",
            Number(0, 5_000, whole=True),
            "発話の前に含める時間 (ms)",
            "Sound kept before speech (ms)",
            300,
        ),
        Field(
            "silence_duration_ms",
            Number(50, 10_000, whole=True),
            "発話の終わりとみなす無音 (ms)",
            "Silence that ends a turn (ms)",
            500,
        ),
        Field(
            "idle_timeout_ms",
            Number(5_000, 30_000, whole=True),
            "この時間(ms)無音が続くと、お客様から話しかける",
            "After how much silence (ms) the customer speaks up",
        ),
    )
)
_AUDIO = Table(
    (
        Field(
            "chunk_bytes",
            Number(SMALLEST_CHUNK_BYTES, LARGEST_CHUNK_BYTES, whole=True, even=True),
            "1チャンクの大きさ (bytes)",
            "Bytes of PCM16 in one chunk; an even number",
            DEFAULT_CHUNK_BYTES,
        ),
    )
)


def _ms(name: str, ja: str, en: str) -> Field:
    return Field(name, Number(1, 600_000), ja, en)


TURNS = Field(
    "turns",
    Number(0, 10_000, whole=True),
    "ここまでの発言の数(両者の合計)",
    "Number of turns with words so far, of both sides",
)
MODE = Field(
    "realtime_mode", Flag(), "サーバーの realtime_mode", "What the server's REST API reports as realtime_mode"
)
ERROR = Field("error", Text(), "このコードのエラーが表示される", "An error with this code is shown")
ORDER = Field(
    "order",
    Texts(or_one=False),
    "この順にイベントが届く(間に他のイベントがあってもよい)",
    "Events of these types come in this order; others may come between",
)
EXPECTATIONS = (
    Field(
        "transcript", Text(), "営業担当者の発言の文字起こし", "What the server transcribes of the salesperson"
    ),
    Field(
        "transcript_cer",
        Number(0, 1),
        "文字起こしの許容文字誤り率",
        "Character error rate that `transcript` may have",
        DEFAULT_CER,
    ),
    Field(
        "answered",
        Flag(),
        "応答がある(false: ない)",
        "The customer answers; false: nothing comes for 3 s after the turn",
    ),
    Field(
        "answer_contains", Texts(), "応答にすべて含まれる言葉", "Words that the answer contains, all of them"
    ),
    Field("answer_matches", Text(), "応答が一致する正規表現", "Regular expression found in the answer"),
    Field("answer_language", Text(LANGUAGES), "応答の言語", "Language of the answer"),
    _ms(
        "answered_within_ms",
        "発話の終わりから応答音声までの時間 (ms)",
        "From the end of the turn to the first audio of the answer (ms)",
    ),
    Field(
        "audible", Flag(), "応答の音声が聞こえる", "The answer is audible: its loudest 100 ms above -50 dBFS"
    ),
    _ms(
        "stopped_within_ms",
        "割り込みの始まりから応答が止まるまでの時間 (ms)",
        "From the beginning of the interruption to the end of the answer's sound (ms)",
    ),
    _ms(
        "reconnected_within_ms",
        "切断から音声送信の再開までの時間 (ms)",
        "From the loss of the connection to audio on the next one (ms)",
    ),
    Field("tool_called", Text(), "呼び出されるツールの名前", "Name of the tool that is called"),
    ERROR,
    TURNS,
    MODE,
    ORDER,
)
END_EXPECTATIONS = (
    Field(
        "stored",
        Flag(),
        "サーバーに保存された発言が表示と一致する",
        "The messages that the server has stored are those that were shown",
    ),
    ERROR,
    TURNS,
    MODE,
    ORDER,
)
_EXPECT = Table(EXPECTATIONS, also={"dependentRequired": {"transcript_cer": ["transcript"]}})

_AFTER = Field(
    "after_s",
    Number(0, LONGEST_S),
    "前の発言への応答が聞こえ始めてからの秒数(省略: すぐに)",
    "Seconds after the answer to the turn before became audible; without it: at once",
)
_SPEAK = "録音(scenario からの相対パス、または sample:NAME)"
ACTIONS = (
    Field("say", Text(), "入力する発言", "A typed turn"),
    Field(
        "speak",
        Text(),
        "話す" + _SPEAK,
        "A recording to speak: a path relative to the scenario, or sample:NAME",
    ),
    Field(
        "speak_text",
        Text(),
        "合成音声で話す言葉([voice] が必要)",
        "Words to speak with a local voice; needs the [voice] extra",
    ),
    Field("wait", Number(0, LONGEST_S), "待つ秒数", "Seconds to wait, whatever happens"),
    Field(
        "silence",
        Number(0, LONGEST_S),
        "黙っている秒数。その間に始まった応答は最後まで聞く",
        "Seconds to stay silent; an answer that begins meanwhile is heard to its end",
    ),
    Field("mute", Flag(), "マイクをミュートする(false: 解除)", "Mute the microphone; false: unmute it"),
    Field(
        "interrupt",
        Table(
            (
                _AFTER,
                Field("speak", Text(), "割り込んで話す" + _SPEAK, "A recording spoken over the answer"),
                Field("say", Text(), "割り込んで入力する発言", "A typed turn that interrupts"),
            ),
            also={"not": {"required": ["speak", "say"]}},
        ),
        "応答に割り込む(speak も say もなければ割り込みキー)",
        "Interrupt the answer; with neither speak nor say: by the interrupt key",
    ),
    Field("cut", Table((_AFTER,)), "回線を切断する (RST)", "Cut the connection (RST)"),
    Field(
        "pause",
        Table(
            (
                _AFTER,
                Field(
                    "seconds",
                    Number(0.1, 60),
                    "止める秒数",
                    "How long the network stands still",
                    required=True,
                ),
            )
        ),
        "通信を一時停止する",
        "Pause the network; nothing is lost",
    ),
    Field(
        "half_open",
        Table((_AFTER,)),
        "接続を閉じずにデータを一切通さなくする",
        "Let nothing through any more without closing the connection",
    ),
)
ACTION_NAMES = tuple(one.name for one in ACTIONS)
_TURN = Table(
    (
        *ACTIONS,
        Field("expect", _EXPECT, "この発言の後に期待する結果", "What is expected of this turn"),
        Field(
            "answer_within_s",
            Number(0.1, LONGEST_S),
            "応答を待つ秒数",
            "How long to wait for the answer (s)",
            ANSWER_WITHIN_S,
        ),
    ),
    also={"oneOf": [{"required": [name]} for name in ACTION_NAMES]},
)
LIMITS = Table(tuple(Field(one.name, Number(0, 1e9), one.ja, one.en) for one in FIGURES))
SCENARIO = Table(
    (
        Field("title", _BOTH_LANGUAGES, "題名", "Title, one text or one in each language"),
        Field("description", _BOTH_LANGUAGES, "説明", "What it is for, one text or one in each language"),
        Field("language", Text(LANGUAGES), "会話の言語", "Language of the conversation", "ja"),
        Field("session", _SESSION, "セッションの項目", "Fields of the session", required=True),
        Field("voice", _VOICE, "音声", "Voice and transcription"),
        Field("vad", _VAD, "発話検出", "Turn detection of the server"),
        Field("audio", _AUDIO, "音声の送信", "How audio is sent"),
        Field("turns", Tables(_TURN), "発言", "The turns, in order", required=True),
        Field(
            "end",
            Table(END_EXPECTATIONS),
            "会話の後に期待する結果",
            "What is expected once the conversation has ended",
        ),
        Field("limits", LIMITS, "しきい値", "Limits over all attempts at this scenario"),
    )
)


def json_schema() -> Schema:
    """JSON Schema (2020-12) of a scenario (``docs/scenario.schema.json``).

    It knows everything that can be said of one file alone: not which recordings exist, nor what Python's regular
    expressions are.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "SalesMind scenario",
        **SCENARIO.schema(),
    }
