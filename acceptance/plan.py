"""What a run will do to the server, announced in advance."""

from __future__ import annotations

from acceptance.checkpoints import REMINDERS
from acceptance.progress import PlanStep
from acceptance.request import CheckRequest, Means
from acceptance.sample_source import source_name

_TESTS: dict[int, tuple[str, str]] = {
    1: (
        "新しいセッションを開始し、WebSocketで接続して約1秒間の無音を送信します",
        "Start a new session, connect by WebSocket and send about a second of silence",
    ),
    2: (
        "新しいセッションで音声({source})を送信し、応答を1回受け取ります(音声認識・応答生成の利用料がかかる場合があります)",
        "In a new session, send audio ({source}) and receive one answer (transcription and response fees may apply)",
    ),
    3: (
        "新しいセッションで realtime_mode を確認しながら、接続・切断・2接続・強制切断と、"
        "拒否されるべき接続5種までを試します",
        "In a new session, read realtime_mode before, during and after connections (one, two at once, one killed), "
        "and try up to five connections that must be refused",
    ),
    4: (
        "新しいセッションでテキストの発話を数回送信し、APIエラーを1回起こし、このコンソールとサーバーの間の通信だけを"
        "一時停止・低速化・切断・破損させます。1 MiB を超えるメッセージ、実時間より速い無音、誤ったAPI要求も送信します",
        "In a new session, send a few typed turns and provoke one API error; pause, slow down, cut and corrupt "
        "the network, but only between this console and the server. Send a message over 1 MiB, silence faster "
        "than real time, and bad API requests",
    ),
}
_SAMPLE = ("付属のサンプル", "a recording supplied with the console")
_RESTART = (
    "このプログラムが起動したサーバーを強制終了し、再起動します",
    "Kill and restart the server that this program started",
)
_CLEAN_UP = (
    "すべての接続を閉じます。開始したセッションは一覧に残ります(削除のAPIはありません)",
    "Close all connections. The sessions that were started stay in the list (the API cannot delete any)",
)
_FINISH = (
    "すべての接続を閉じ、開始したセッションを終了(採点)します",
    "Close all connections, and finish (and score) the sessions that were started",
)


_FINISHED = (
    "テスト2のセッションを終了(採点)し、再接続が拒否されることを確認します",
    "Finish (and score) the session of test 2 and try to connect to it again",
)
_REVOKED = (
    "2人目のユーザーを無効にします。このユーザーは元に戻されません",
    "Deactivate the second user; the user is not reactivated",
)
_UPSTREAM = (
    "サーバーと音声サービスの接続を切ります",
    "Cut the server's connections to its speech service",
)
_LOGINS = (
    "存在しないユーザー名で最大20回ログインを試みます。しばらくの間このアドレスからのログインが拒否されることがあります",
    "Try up to 20 logins with a nonexistent user name; the server may refuse this address for a while",
)


def plan(request: CheckRequest, means: Means) -> tuple[PlanStep, ...]:
    """The steps, in order. Nothing else on the server is touched."""
    source_ja, source_en = (source_name(request.source),) * 2 if request.source else _SAMPLE
    steps = [
        PlanStep(
            test=number,
            ja=_TESTS[number][0].format(source=source_ja),
            en=_TESTS[number][1].format(source=source_en),
        )
        for number in request.tests
    ]
    second = request.second_account is not None
    for number, wanted, (ja, en) in (
        (3, request.finish_sessions and 2 in request.tests, _FINISHED),
        (3, second and means.revoke_second is not None, _REVOKED),
        (3, means.restart_server is not None, _RESTART),
        (4, means.cut_upstream is not None, _UPSTREAM),
        (4, request.try_wrong_logins, _LOGINS),
    ):
        if wanted and number in request.tests:
            steps.append(PlanStep(test=number, ja=ja, en=en))
    ja, en = _FINISH if request.finish_sessions else _CLEAN_UP
    last = PlanStep(test=None, ja=ja, en=en)
    return (*steps, last, *(PlanStep(test=None, ja=left.ja, en=left.en) for left in REMINDERS))
