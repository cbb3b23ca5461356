"""The wording of findings in both languages, and building answers from them."""

from __future__ import annotations

from acceptance.problem_words import japanese
from acceptance.record import Moment, Record
from acceptance.redaction import redact
from acceptance.results import Answer, Evidence, EvidenceKind, Scalar, Verdict
from api_client.harmless import one_line
from relay.stream import Problem

WORDS: dict[str, tuple[str, str]] = {
    # What came, or did not
    "absent": ("{what} が来ませんでした", "{what} did not arrive"),
    "absent_within": (
        "{what} が {within_s} 秒以内に来ませんでした",
        "{what} did not arrive within {within_s} s",
    ),
    "error_shown": (
        "エラー表示: {code} ({where}): {message}",
        "Error shown: {code} ({where}): {message}",
    ),
    "lost": (
        "接続が失われたことを表示(コード {close_code}, {reason})",
        "The lost connection was reported (code {close_code}, {reason})",
    ),
    "fault": ("テストを実施できませんでした: {message}", "The test could not be run: {message}"),
    # Test 1
    "connected": ("接続開始から {seconds} 秒で受け入れ", "Accepted {seconds} s after dialling"),
    "created": ("session.created 受信: {n} 回({sources})", "session.created received {n} × ({sources})"),
    "updates_sent": (
        "session.update 送信: 1接続あたり最大 {n} 回(接続 {connections} 本, {size_bytes} bytes)",
        "session.update sent at most {n} × per connection (connections: {connections}, {size_bytes} bytes)",
    ),
    "updated": ("session.update から {ms} ms で受信", "Received {ms} ms after session.update"),
    "audio_ready": (
        "接続開始から {seconds} 秒で音声送信準備完了",
        "Ready for audio {seconds} s after dialling",
    ),
    "chunks_sent": ("{n} チャンクを送信", "{n} chunks sent"),
    "order": ("順序: {order}", "Order: {order}"),
    # Test 2
    "source_opened": (
        "音声入力 {spec} を開きました({name}, {rate_hz} Hz)",
        "Source {spec} opened ({name}, {rate_hz} Hz)",
    ),
    "source_silent": (
        "音声入力 {spec} は完全な無音(ゼロ)しか返しません: 使用が許可されていない可能性があります",
        "Source {spec} delivers only digital silence: access to it may have been denied",
    ),
    "source_failed": ("音声入力 {spec} を開けません", "Source {spec} could not be opened"),
    "audio_sent": (
        "🎤 音声送信中: {rate} chunks/sec ({bytes_per_chunk} bytes/chunk), 合計 {chunks} チャンク",
        "{rate} chunks/s of {bytes_per_chunk} bytes, {chunks} chunks in total",
    ),
    "chunk_rate": (
        "{rate} chunks/sec(期待値 {expected}, 差 {off_percent} %, 許容 ±{tolerance_percent} %; "
        "送信側の実効サンプルレート {sample_rate_hz} Hz, {bytes_per_chunk} bytes/chunk, 期待値 {expected_bytes})",
        "{rate} chunks/s (expected {expected}, off by {off_percent} %, tolerance ±{tolerance_percent} %; "
        "effective sample rate sent {sample_rate_hz} Hz, {bytes_per_chunk} bytes per chunk, "
        "expected {expected_bytes})",
    ),
    "server_sample_rate": (
        "サーバーは {elapsed_s} 秒間に {audio_ms} ms 分の音声を数えました: 実効 {rate_hz} Hz"
        "(許容 ±{tolerance_percent} %)",
        "The server counted {audio_ms} ms of audio in {elapsed_s} s: effectively {rate_hz} Hz "
        "(tolerance ±{tolerance_percent} %)",
    ),
    "answered": (
        "応答が完了(response.done: completed)",
        "The answer was completed (response.done: completed)",
    ),
    "answer_failed": (
        "応答が完了しませんでした: {status} ({reason}, {code})",
        "The answer was not completed: {status} ({reason}, {code})",
    ),
    "transcript": ("文字起こし: 「{text}」", "Transcript: “{text}”"),
    "transcript_failed": ("文字起こしに失敗: {code}: {message}", "Transcription failed: {code}: {message}"),
    "played_level": (
        "再生した音声の最大レベル {loudest_dbfs} dBFS(100 ms RMS, 基準 {threshold_dbfs} dBFS), 受信 {received_ms} ms",
        "Loudest 100 ms of what was played: {loudest_dbfs} dBFS RMS (threshold {threshold_dbfs} dBFS), "
        "{received_ms} ms received",
    ),
    "latency": (
        "応答時間 {ms} ms(発話の終わりから応答音声の先頭まで, {turns} 回のうち最大, 基準 {limit_ms} ms 以内)",
        "Response latency {ms} ms (end of speech to first answer audio, worst of {turns}; limit {limit_ms} ms)",
    ),
    # Test 3
    "mode": ("GET /api/session/: realtime_mode: {value}", "GET /api/session/: realtime_mode: {value}"),
    "mode_unanswered": (
        "GET /api/session/ に realtime_mode の回答がありません({error})",
        "GET /api/session/ did not answer with a realtime_mode ({error})",
    ),
    "mode_not_false_before": (
        "判定できません: 接続前の realtime_mode が false ではありません",
        "Not judged: realtime_mode was not false before connecting",
    ),
    "mode_never_true": (
        "判定できません: 接続中に realtime_mode が true になっていません",
        "Not judged: realtime_mode did not become true while connected",
    ),
    "not_connected": (
        "接続できないため確認できません({code})",
        "Not tested: could not connect ({code})",
    ),
    "attempt_refused_http": (
        "WebSocketハンドシェイクが HTTP {http_status} で拒否されました",
        "The WebSocket handshake was refused with HTTP {http_status}",
    ),
    "attempt_closed": (
        "接続後にクローズコード {close_code} で閉じられました(error: {error_code})",
        "Closed with code {close_code} after connecting (error: {error_code})",
    ),
    "attempt_served": (
        "拒否されず session.created を受信しました",
        "Not refused: session.created was received",
    ),
    "attempt_left_open": ("拒否されず接続が開いたままです", "Not refused: the connection was left open"),
    "attempt_no_answer": ("サーバーに接続できません({detail})", "The server could not be reached ({detail})"),
    "foreign_readable": (
        "他のユーザーのトークンでセッション情報を取得できました",
        "The session could be read with another user's token",
    ),
    "foreign_hidden": ("HTTP {status} で拒否されました", "Refused with HTTP {status}"),
    "request_failed": ("APIの要求に失敗しました({code})", "The API request failed ({code})"),
    "no_second_user": (
        "2人目のユーザーが指定されていません(--second-user)",
        "No second user was given (--second-user)",
    ),
    "server_not_ours": (
        "再起動できるのは、このテストが起動したサーバーだけです(--server-command)",
        "The check can only restart a server that it started (--server-command)",
    ),
    "foreign_wrote": (
        "他のユーザーの発話「{heard}」の後、セッションのメッセージは {before} 件から {after} 件になりました",
        "After another user said “{heard}”, the session's message count went from {before} to {after}",
    ),
    "no_spoken_session": (
        "発話が保存されたセッションがありません(テスト2が必要です)",
        "There is no session with messages to finish (needs test 2)",
    ),
    "no_finishing": (
        "セッションを終了してよいとは指定されていません(--finish-sessions)",
        "Finishing sessions was not allowed (--finish-sessions)",
    ),
    "no_revocation": (
        "2人目のユーザーを無効にする方法がありません(--revoke-command または --ask)",
        "There is no way to deactivate the second user (--revoke-command or --ask)",
    ),
    "revoked_rest": ("API は HTTP {status} で応答しました", "The API answered with HTTP {status}"),
    "revoked_closed": (
        "開いていた接続がコード {close_code} で閉じられました",
        "The open connection was closed with code {close_code}",
    ),
    "left_open": (
        "接続は {watched} 秒後も開いたままです",
        "The connection was still open after {watched} s",
    ),
    # Test 4
    "reply_open": (
        "接続は開いたままです(error: {error_code})",
        "The connection stayed open (error: {error_code})",
    ),
    "reply_closed": (
        "クローズコード {close_code} で閉じられました(error: {error_code})",
        "Closed with code {close_code} (error: {error_code})",
    ),
    "oversized_taken": (
        "1 MiB を超えるメッセージを受け付けるサーバーです",
        "The server accepts messages over 1 MiB",
    ),
    "flood": ("{sent_s} 秒分の音声を {took} 秒で送信", "{sent_s} s of audio sent in {took} s"),
    "http_reply": ("{what}: HTTP {status}({body})", "{what}: HTTP {status} ({body})"),
    "wrong_logins": (
        "誤ったログイン {n} 回, 429 での拒否: {limited_after} 回目, 最長 {slowest} 秒",
        "{n} wrong logins, the first 429 at number {limited_after}, the slowest took {slowest} s",
    ),
    "no_wrong_logins": (
        "誤ったログインを試すとは指定されていません(--wrong-logins)",
        "Trying wrong logins was not allowed (--wrong-logins)",
    ),
    "no_upstream_control": (
        "音声サービスとの接続を切る方法がありません(--engine-control)",
        "There is no way to cut the connection to the speech service (--engine-control)",
    ),
    "vanished_left_out": ("今回は実施しません", "Left out of this run"),
    "microphone_opened": (
        "判定できません: マイクは拒否されずに開きました({name})",
        "Not judged: the microphone was not refused, it opened ({name})",
    ),
    "prepared_by": ("準備した人: {name}", "Prepared by {name}"),
    "simulated_microphone": (
        "マイク拒否の代わりに、存在しない音声入力 {spec} を開いて確認しました",
        "Instead of a refusal, a nonexistent source was opened: {spec}",
    ),
    "fault_api_error": (
        "存在しない項目の conversation.item.truncate を送信してAPIエラーを起こしました",
        "An API error was provoked: conversation.item.truncate for a nonexistent item",
    ),
    "fault_pause": (
        "通信を一時停止し、その後再開しました",
        "The network was paused for a moment, then resumed",
    ),
    "fault_slow": ("回線を低速にしました", "The network was slowed down"),
    "fault_reset": ("接続をリセットしました(RST)", "The connection was reset (RST)"),
    "fault_corrupt": ("サーバーからのデータを壊しました", "Data from the server was corrupted"),
    "fault_half_open": (
        "接続を閉じずにデータを一切通さなくしました",
        "All traffic was blocked without closing the connection",
    ),
    "reconnected": (
        "接続 {connection} 本目で音声送信を再開",
        "Audio resumed on connection {connection}",
    ),
    "recorded": (
        "記録: イベント {events} 件(欠落 {unrecorded}), 音声 {recorded_s} / {sent_s} 秒, "
        "文字起こし {transcripts} 件(消失 {transcripts_lost}), 切断 {cuts} 回",
        "Recorded: {events} events ({unrecorded} missing), {recorded_s} of {sent_s} s of audio, "
        "{transcripts} transcripts ({transcripts_lost} lost), {cuts} cuts",
    ),
    "no_cut": (
        "判定できません: このテストが起こした切断はありません",
        "Not judged: the connection was not cut by this test",
    ),
    "nothing_to_lose": (
        "判定できません: 記録されるはずの音声または文字起こしがありません",
        "Not judged: there was no audio or no transcript to lose",
    ),
    "no_turn_before": (
        "判定できません: 障害を起こす前の発言にも応答がありませんでした",
        "Not judged: a turn went unanswered even before the fault",
    ),
    "stored": (
        "保存されたメッセージ: 営業担当者 {user_stored} 件(表示 {user_shown} 件), "
        "お客様 {customer_stored} 件(表示 {customer_shown} 件)",
        "Messages stored: {user_stored} from the salesperson ({user_shown} shown), {customer_stored} from the customer "
        "({customer_shown} shown)",
    ),
    # The operator
    "operator_said": ("{name} さんの判定: {reply}", "Judged by {name}: {reply}"),
    "no_operator": (
        "人による判定が必要です(--ask を指定すると質問します)",
        "A person must judge this (--ask)",
    ),
    "not_played_aloud": (
        "音声応答をスピーカーで再生していません(--sink speaker)",
        "The answer was not played on a loudspeaker (--sink speaker)",
    ),
}

_TAILS: dict[str, tuple[str, str]] = {
    "took_s": ("変化まで {took_s} 秒(基準 {limit_s} 秒)", "after {took_s} s (limit {limit_s} s)"),
    "watched_s": ("{watched_s} 秒間に {n} 回確認", "in all {n} readings over {watched_s} s"),
    "noticed_s": ("障害から {noticed_s} 秒で検知", "noticed {noticed_s} s after the fault"),
    "seconds": ("{seconds} 秒後", "after {seconds} s"),
    "said": ("相手側の説明: 「{said}」", "it said: “{said}”"),
}
"""Appended to the words if the figure is known and not in them already."""


_LONGEST = 1_000
"""Characters of one piece of text from outside."""


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def finding(code: str, kind: EvidenceKind, moment: Moment, /, **data: Scalar) -> Evidence:
    """One piece of evidence of the procedure. Raises ``KeyError`` for a code without words."""
    return worded(WORDS[code], code, kind, moment, **data)


def worded(
    words: tuple[str, str], code: str, kind: EvidenceKind, moment: Moment, /, **data: Scalar
) -> Evidence:
    """One piece of evidence: ``words`` filled in from ``data``, whose text is made harmless and free of secrets.

    A ``message`` is English; where its ``code`` is known, the Japanese words say the same.
    """
    ja, en = words
    data = {
        name: redact(_shortened(one_line(value))) if isinstance(value, str) else value
        for name, value in data.items()
    }
    for name, (tail_ja, tail_en) in _TAILS.items():
        if data.get(name) is not None and f"{{{name}}}" not in ja:
            ja = f"{ja}, {tail_ja}"
            # Where we know no better, our English sentence quotes the words already.
            en = (
                en if name == "said" and str(data["said"]) in str(data.get("message")) else f"{en}, {tail_en}"
            )
    shown = {name: "-" if value is None else value for name, value in data.items()}
    by_server = data.get("where") == "server"
    in_ja = {"message": japanese(str(data.get("code")), str(data.get("message")), by_server=by_server)}
    return Evidence(
        kind=kind,
        code=code,
        ja=ja.format_map(shown | in_ja),
        en=en.format_map(shown),
        at=moment.at,
        conversation=moment.conversation,
        t=moment.t,
        data=data,
    )


def absent(record: Record, what: str, within_s: float | None = None) -> Evidence:
    """``what`` did not arrive, up to the end of the recording.

    ``within_s`` is how long it was waited for; a fatal error ends the wait before that.
    """
    moment = record.moment(record.events[-1] if record.events else None)
    if within_s is None or record.one(Problem, lambda problem: problem.fatal) is not None:
        return finding("absent", "absence", moment, what=what)
    return finding("absent_within", "absence", moment, what=what, within_s=f"{within_s:g}")


def answer(checkpoint: str, verdict: Verdict, *evidence: Evidence, answered_by: str | None = None) -> Answer:
    """The answer to a checkpoint; the deciding evidence comes first."""
    return Answer(checkpoint=checkpoint, verdict=verdict, evidence=evidence, answered_by=answered_by)
