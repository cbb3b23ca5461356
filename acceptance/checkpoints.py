"""The checkpoints: the document's four tests, its success conditions, and what goes beyond it.

Wording is data here, in both languages: the Japanese is the document's own
(リアルタイムモード修正 - テスト実施サマリー), so that a result reads like the table people filled in by hand.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Checkpoint(msgspec.Struct, frozen=True):
    """One question of one test (確認ポイント)."""

    id: str
    ja: str
    en: str
    origin: Literal["document", "beyond", "scenario"] = "beyond"
    """beyond: not asked by the document; marked as such and judged separately. scenario: asked by a scenario."""
    operator: bool = False
    """Whether a person judges it, by ear or eye."""

    @property
    def test(self) -> int:
        """Number of the test it belongs to."""
        return int(self.id[1])


class AcceptanceTest(msgspec.Struct, frozen=True):
    """One of the four tests. ``row_*``: its name in the document's result table (テスト項目)."""

    number: int
    ja: str
    en: str
    row_ja: str
    row_en: str


class Condition(msgspec.Struct, frozen=True):
    """A success condition of the document (成功条件): met when all its checkpoints pass."""

    id: str
    level: Literal["minimum", "ideal"]
    ja: str
    en: str
    checkpoints: tuple[str, ...]


class Reminder(msgspec.Struct, frozen=True):
    """Something to check that no checkpoint can see."""

    ja: str
    en: str


TESTS: tuple[AcceptanceTest, ...] = (
    AcceptanceTest(
        1,
        "基本的なWebSocket接続テスト",
        "Basic WebSocket connection",
        "WebSocket接続",
        "WebSocket connection",
    ),
    AcceptanceTest(2, "音声ストリーミングテスト", "Audio streaming", "音声ストリーミング", "Audio streaming"),
    AcceptanceTest(
        3,
        "リアルタイムモード状態管理テスト",
        "Realtime mode state",
        "realtime_mode状態管理",
        "realtime_mode state",
    ),
    AcceptanceTest(4, "エラーハンドリングテスト", "Error handling", "エラーハンドリング", "Error handling"),
)

CHECKPOINTS: tuple[Checkpoint, ...] = (
    Checkpoint("t1.websocket_accepted", "WebSocket接続成功", "The WebSocket is accepted", "document"),
    Checkpoint("t1.session_created", "session.created 受信", "session.created is received", "document"),
    Checkpoint(
        "t1.session_update_once",
        "session.update 送信(1回のみ)",
        "session.update is sent exactly once",
        "document",
    ),
    Checkpoint("t1.session_updated", "session.updated 受信", "session.updated is received", "document"),
    Checkpoint("t1.audio_ready", "音声送信準備完了", "Ready to send audio", "document"),
    Checkpoint(
        "t1.order",
        "接続手順の順序が守られる(session.created → session.update → session.updated → 音声送信)",
        "The steps happen in order (session.created, session.update, session.updated, audio)",
    ),
    Checkpoint("t2.source_opened", "マイクアクセス許可", "The microphone (or source) is opened", "document"),
    Checkpoint("t2.audio_sent", "音声データ送信中", "Audio is being sent", "document"),
    Checkpoint(
        "t2.chunk_rate",
        "chunks/sec が音声形式(PCM16 24 kHz)から計算した値と一致する",
        "Chunks per second match the audio format (PCM16, 24 kHz)",
    ),
    Checkpoint(
        "t2.sample_rate",
        "サーバーが受け取った音声の実効サンプルレートが 24 kHz である",
        "The server receives audio at an effective 24 kHz",
    ),
    Checkpoint("t2.answer_received", "OpenAIからの応答受信", "An answer is received", "document"),
    Checkpoint(
        "t2.user_transcript",
        "リアルタイム文字起こし(営業担当者の発話)が表示される",
        "The salesperson's speech is transcribed",
        "document",
    ),
    Checkpoint(
        "t2.customer_transcript",
        "リアルタイム文字起こし(お客様の応答)が表示される",
        "The customer's answer is transcribed",
        "document",
    ),
    Checkpoint(
        "t2.answer_audible",
        "OpenAIからの音声応答が再生される",
        "The answer is played and is not silence",
        "document",
    ),
    Checkpoint(
        "t2.response_latency", "応答までの時間が基準以内である", "The response latency is within its limit"
    ),
    Checkpoint(
        "t2.stored_messages",
        "表示された文字起こしがセッションのメッセージとして保存される",
        "The session's stored messages match the transcripts shown",
    ),
    Checkpoint(
        "t2.operator_heard",
        "音声応答がスピーカーから聞こえた(耳で確認)",
        "The answer was heard from the loudspeaker (judged by ear)",
        operator=True,
    ),
    Checkpoint(
        "t3.mode_before", "初期値: realtime_mode: false", "realtime_mode is false at first", "document"
    ),
    Checkpoint(
        "t3.mode_during",
        "WebSocket接続中: realtime_mode: true",
        "realtime_mode is true while the WebSocket is connected",
        "document",
    ),
    Checkpoint(
        "t3.mode_after",
        "WebSocket切断後: realtime_mode: false",
        "realtime_mode is false after the WebSocket is closed",
        "document",
    ),
    Checkpoint(
        "t3.two_connections",
        "2つの接続の一方を閉じても realtime_mode: true のまま",
        "realtime_mode stays true when one of two connections is closed",
    ),
    Checkpoint(
        "t3.killed",
        "クローズフレームなしで切れた接続の後も realtime_mode: false に戻る",
        "realtime_mode returns to false after a connection is killed without a close frame",
    ),
    Checkpoint(
        "t3.missing_token",
        "トークンなしのWebSocket接続が拒否される",
        "A WebSocket without a token is refused",
    ),
    Checkpoint(
        "t3.wrong_token",
        "誤ったトークンのWebSocket接続が拒否される",
        "A WebSocket with a wrong token is refused",
    ),
    Checkpoint(
        "t3.refusal_explained",
        "拒否の理由がエラーイベントとクローズコードで届く",
        "A refusal gives its reason in an error event and a close code",
    ),
    Checkpoint(
        "t3.malformed_session",
        "形式の正しくないセッションIDが理由とともに拒否される",
        "A WebSocket for a malformed session id is refused with a reason",
    ),
    Checkpoint(
        "t3.unknown_session",
        "存在しないセッションへのWebSocket接続が拒否される",
        "A WebSocket for a nonexistent session is refused",
    ),
    Checkpoint(
        "t3.foreign_session",
        "他のユーザーのセッションへのWebSocket接続が拒否される",
        "A WebSocket for another user's session is refused",
    ),
    Checkpoint(
        "t3.foreign_read",
        "他のユーザーのセッション情報はAPIで取得できない",
        "Another user's session cannot be read through the API",
    ),
    Checkpoint(
        "t3.foreign_write",
        "他のユーザーの発話がセッションに書き込まれない",
        "Nothing another user says is written to the session",
    ),
    Checkpoint(
        "t3.finished_session",
        "終了したセッションへのWebSocket接続が拒否される",
        "A WebSocket for a finished session is refused",
    ),
    Checkpoint(
        "t3.revoked_refused",
        "無効にされたアカウントがAPIとWebSocketで拒否される",
        "A deactivated account is refused by the API and the WebSocket",
    ),
    Checkpoint(
        "t3.revoked_closed",
        "無効にされたアカウントの開いている接続が閉じられる",
        "A deactivated account's open WebSocket is closed",
    ),
    Checkpoint(
        "t3.restarted",
        "サーバー再起動後に再読み込みすると realtime_mode: false",
        "realtime_mode is false when read again after a server restart",
    ),
    Checkpoint(
        "t4.microphone_refused",
        "マイクアクセス拒否時のエラーメッセージ",
        "A message is shown when the microphone is refused",
        "document",
    ),
    Checkpoint(
        "t4.operator_microphone",
        "実際にマイクアクセスを拒否したときにエラーメッセージが表示される(担当者が拒否)",
        "A message is shown when a person actually refuses the microphone",
        operator=True,
    ),
    Checkpoint(
        "t4.network_cut",
        "ネットワーク切断時の自動再接続またはエラー表示",
        "When the network is cut, the conversation reconnects or an error is shown",
        "document",
    ),
    Checkpoint(
        "t4.reconnected",
        "ネットワーク切断から自動的に復帰する",
        "The conversation recovers from the cut automatically",
        "document",
    ),
    Checkpoint(
        "t4.api_error",
        "OpenAI APIエラー時の適切なエラー表示",
        "An API error is shown properly",
        "document",
    ),
    Checkpoint(
        "t4.survives_api_error",
        "OpenAI APIエラーの後も会話を続けられる",
        "The conversation survives an API error",
        "document",
    ),
    Checkpoint(
        "t4.pause",
        "通信の一時停止の後も会話が続く",
        "The conversation survives a brief network pause",
    ),
    Checkpoint("t4.slow", "低速な回線でも会話が続く", "The conversation survives a slow network"),
    Checkpoint(
        "t4.corrupt",
        "壊れたデータを受信したときに検知して復帰する",
        "Corrupt data is detected, and the conversation recovers",
    ),
    Checkpoint(
        "t4.half_open",
        "応答のない接続(ハーフオープン)を検知して復帰する",
        "A dead connection (half-open) is detected, and the conversation recovers",
    ),
    Checkpoint(
        "t4.nothing_lost",
        "切断があっても記録と文字起こしが失われない",
        "The cuts lose no recording and no transcript",
    ),
    Checkpoint(
        "t4.vanished",
        "クライアントが応答なく消えた後も realtime_mode: false に戻る",
        "realtime_mode returns to false after a client vanishes silently",
    ),
    Checkpoint(
        "t4.oversized",
        "上限(1 MiB)を超えるメッセージが理由とともに拒否される",
        "A message over 1 MiB is refused with a reason",
    ),
    Checkpoint(
        "t4.audio_flood",
        "実時間より大幅に速い音声が制限される",
        "Audio far faster than real time is limited",
    ),
    Checkpoint(
        "t4.upstream_lost",
        "音声サービスとの接続が失われたことが通知される",
        "Losing the server's speech service is reported",
    ),
    Checkpoint(
        "t4.json_errors",
        "誤ったAPI要求にJSONのエラーで応答する(HTMLの500ではない)",
        "Bad API requests get a JSON error, not an HTML 500",
    ),
    Checkpoint(
        "t4.wrong_logins",
        "誤ったログインの繰り返しが制限される",
        "Repeated wrong logins are slowed down",
    ),
)

REMINDERS: tuple[Reminder, ...] = (
    Reminder(
        "外からは確認できません: サーバーのログにトークンやAPIキーが出ていないことを確認してください",
        "Cannot be checked from here: make sure that the server's log contains no tokens and no API key",
    ),
)
"""Checks for somebody with access to the server."""

CONDITIONS: tuple[Condition, ...] = (
    Condition(
        "minimum.connection",
        "minimum",
        "WebSocket接続が確立される",
        "The WebSocket connection is established",
        ("t1.websocket_accepted",),
    ),
    Condition(
        "minimum.session_updated",
        "minimum",
        "session.updated が受信される",
        "session.updated is received",
        ("t1.session_updated",),
    ),
    Condition("minimum.audio_sent", "minimum", "音声データが送信される", "Audio is sent", ("t2.audio_sent",)),
    Condition(
        "minimum.realtime_mode",
        "minimum",
        "realtime_mode が正しく更新される",
        "realtime_mode is updated correctly",
        ("t3.mode_before", "t3.mode_during", "t3.mode_after"),
    ),
    Condition(
        "ideal.audio_answer",
        "ideal",
        "OpenAIからの音声応答が再生される",
        "The spoken answer is played",
        ("t2.answer_received", "t2.answer_audible"),
    ),
    Condition(
        "ideal.transcription",
        "ideal",
        "リアルタイム文字起こしが表示される",
        "Live transcription is shown",
        ("t2.user_transcript", "t2.customer_transcript"),
    ),
    Condition(
        "ideal.recovery",
        "ideal",
        "エラーが発生しても適切にリカバリーされる",
        "The conversation recovers from errors",
        ("t4.reconnected", "t4.survives_api_error"),
    ),
)

_BY_ID = {checkpoint.id: checkpoint for checkpoint in CHECKPOINTS}


def checkpoint(checkpoint_id: str) -> Checkpoint:
    """The checkpoint with that id. Raises ``KeyError``."""
    return _BY_ID[checkpoint_id]


def checkpoints_of(test: int) -> tuple[Checkpoint, ...]:
    """The checkpoints of one test, in order."""
    return tuple(checkpoint for checkpoint in CHECKPOINTS if checkpoint.test == test)
