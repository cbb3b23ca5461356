"""Labels of the reports in both languages, and time formats."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Literal, Protocol

from acceptance import checkpoints
from acceptance.checkpoints import TESTS, Checkpoint
from acceptance.redaction import redact
from acceptance.results import Answer, Evidence, EvidenceKind, RunResult, ScenarioOutcome, TestResult, Verdict
from api_client.harmless import one_line

Language = Literal["ja", "en"]
Pair = tuple[str, str]

VERDICTS: dict[Verdict, Pair] = {
    "pass": ("合格", "PASS"),
    "fail": ("不合格", "FAIL"),
    "not_run": ("未実施", "NOT RUN"),
    "not_applicable": ("対象外", "N/A"),
}
SIGNS: dict[Verdict, str] = {"pass": "✅", "fail": "❌", "not_run": "⬜", "not_applicable": "➖"}
"""As in the document's table, where ⬜ is what has not been done yet."""

EVIDENCE_KINDS: dict[EvidenceKind, Pair] = {
    "event": ("イベント", "event"),
    "request": ("要求", "request"),
    "measurement": ("測定値", "measurement"),
    "operator": ("担当者の判定", "operator"),
    "absence": ("受信なし", "absence"),
}
LABELS: dict[str, Pair] = {
    "title": ("受け入れテスト結果", "Acceptance test result"),
    "subtitle": ("リアルタイムモード - テスト実施サマリー", "Realtime mode - test summary"),
    "table": ("テスト結果記録", "Test record"),
    "item": ("テスト項目", "Test"),
    "when": ("実施日時", "Run at"),
    "result": ("結果", "Result"),
    "note": ("備考", "Notes"),
    "conditions": ("成功条件", "Success conditions"),
    "minimum": ("最低限の成功条件", "Minimum success conditions"),
    "ideal": ("理想的な成功条件", "Ideal success conditions"),
    "scenarios": ("シナリオ", "Scenarios"),
    "scenario_title": ("シナリオの実行結果", "Scenario result"),
    "scenario": ("期待する結果", "Expectations"),
    "attempts": ("{n} 回中 {passed} 回合格", "{passed} of {n} passed"),
    "flaky": ("不安定", "flaky"),
    "figures": ("測定値", "Figures"),
    "figure": ("測定値", "Figure"),
    "value": ("値", "Value"),
    "samples": ("件数", "n"),
    "not_enough": ("判定なし({needs} 件必要)", "not judged ({needs} needed)"),
    "document": ("文書の確認ポイント", "The document's checkpoints"),
    "beyond": ("文書外の確認ポイント", "Beyond the document"),
    "beyond_mark": ("文書外", "beyond the document"),
    "checkpoints": ("確認ポイント", "Checkpoints"),
    "checkpoint": ("確認ポイント", "Checkpoint"),
    "evidence": ("根拠", "Evidence"),
    "no_evidence": ("根拠はありません", "No evidence"),
    "test": ("テスト", "Test"),
    "not_selected": ("今回は選択されていません", "Not selected for this run"),
    "failed_points": ("不合格", "Failed"),
    "missing_points": ("未実施", "Not run"),
    "judged_by": ("判定者", "Judged by"),
    "run": ("実行ID", "Run"),
    "server": ("サーバー", "Server"),
    "console_version": ("コンソールのバージョン", "Console version"),
    "user": ("ユーザー", "User"),
    "second_user": ("2人目のユーザー", "Second user"),
    "source": ("音声入力", "Source"),
    "chunk_bytes": ("チャンクの大きさ", "Chunk size"),
    "sessions": ("開始したセッション", "Sessions started"),
    "duration": ("所要時間", "Duration"),
    "seconds": ("{n} 秒", "{n} s"),
    "aborted": ("途中で中止されました", "Aborted before it finished"),
}
"""What stands in more than one report."""


class Worded(Protocol):
    """Anything with wording of its own in both languages."""

    @property
    def ja(self) -> str:
        """In Japanese."""
        ...

    @property
    def en(self) -> str:
        """In English."""
        ...


class Words:
    """Chooses words in one language and writes times in one zone (None: the one of this machine)."""

    def __init__(self, language: Language, zone: tzinfo | None = None) -> None:
        self.language = language
        self._column = 0 if language == "ja" else 1
        self._zone = zone

    def __call__(self, label: str, **values: object) -> str:
        """The label of that name. Raises ``KeyError``."""
        return self.choose(LABELS[label]).format_map(values)

    def choose(self, pair: Pair) -> str:
        """The one of a pair."""
        return pair[self._column]

    def of(self, thing: Worded) -> str:
        """What a checkpoint, test, condition or piece of evidence says: on one line, without secrets."""
        return redact(one_line(thing.ja if self.language == "ja" else thing.en))

    def point(self, answer: Answer) -> str:
        """The question that was answered."""
        return self.of(point_of(answer))

    def title(self, test: TestResult) -> str:
        """What a test is called: ``Test 2: Audio streaming``, or a scenario's title."""
        if test.title is not None:
            return self.of(test.title)
        title = next((self.of(entry) for entry in TESTS if entry.number == test.number), "")
        return f"{self('test')} {test.number}: {title}"

    def attempts(self, outcome: ScenarioOutcome) -> str:
        """How many attempts passed: ``2 of 3 passed, flaky``."""
        words = self("attempts", n=outcome.runs, passed=outcome.passed)
        return f"{words}, {self('flaky')}" if outcome.flaky else words

    def verdict(self, verdict: Verdict) -> str:
        """The verdict as a word."""
        return self.choose(VERDICTS[verdict])

    def time(self, iso: str | None) -> str:
        """A wall time with its zone, to the second; empty for None, as it is when it cannot be read."""
        return self._written(iso, "%Y-%m-%d %H:%M:%S %z")

    def clock(self, iso: str | None) -> str:
        """Only the time of day, to the millisecond."""
        return self._written(iso, "%H:%M:%S.%f")[:12] if iso else ""

    def _written(self, iso: str | None, pattern: str) -> str:
        if not iso:
            return ""
        try:
            return datetime.fromisoformat(iso).astimezone(self._zone).strftime(pattern)
        except (ValueError, OverflowError):
            return iso

    def seconds(self, start: str | None, end: str | None) -> str:
        """How long something took; empty if that is not known."""
        took = seconds_between(start, end)
        return "" if took is None else self("seconds", n=f"{took:.1f}")


def point_of(answer: Answer) -> Checkpoint:
    """What an answer answers; a checkpoint that another version of the program knew is called by its id."""
    if answer.question is not None:
        return Checkpoint(answer.checkpoint, answer.question.ja, answer.question.en, "scenario")
    try:
        return checkpoints.checkpoint(answer.checkpoint)
    except KeyError:
        return Checkpoint(answer.checkpoint, answer.checkpoint, answer.checkpoint)


def figure_rows(result: RunResult, words: Words) -> list[tuple[str, str, str]]:
    """Name, value and number of samples of each figure of a run of scenarios."""
    figures = () if result.scenarios is None else result.scenarios.figures
    return [
        (
            figure.name,
            words("not_enough", needs=figure.needs)
            if figure.value is None
            else f"{figure.value:g} {figure.unit}".rstrip(),
            str(figure.n),
        )
        for figure in figures
    ]


def seconds_between(start: str | None, end: str | None) -> float | None:
    """Seconds from one wall time to another; None if one is missing or cannot be read."""
    try:
        return (datetime.fromisoformat(end or "") - datetime.fromisoformat(start or "")).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None


def place(evidence: Evidence) -> str:
    """Where evidence stands: ``t2 +5.250 s``; empty when it stands nowhere."""
    if evidence.conversation is None:
        return ""
    return evidence.conversation if evidence.t is None else f"{evidence.conversation} +{evidence.t:.3f} s"
