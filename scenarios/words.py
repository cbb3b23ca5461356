"""A scenario in words, in both languages: what will be done, what is expected, and the evidence. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from acceptance.results import Wording
from scenarios.figures import FIGURES
from scenarios.model import (
    Action,
    Expectation,
    Interrupt,
    Mute,
    NetworkFault,
    Say,
    Scenario,
    Silence,
    Speak,
    SpeakText,
    Wait,
)

EVIDENCE: Mapping[str, tuple[str, str]] = {
    "cer": (
        "文字起こし「{text}」: 文字誤り率 {cer}(許容 {limit})",
        "Transcript “{text}”: character error rate {cer} (limit {limit})",
    ),
    "answer_text": ("応答: 「{text}」", "Answer: “{text}”"),
    "answer_lacks": (
        "応答に「{wanted}」がありません: 「{text}」",
        "“{wanted}” is not in the answer: “{text}”",
    ),
    "answer_language": ("応答の言語 {language}: 「{text}」", "Answer in {language}: “{text}”"),
    "answer_begun": ("応答の音声が始まりました", "The answer began to be heard"),
    "no_answer": ("{waited} 秒間、応答はありませんでした", "No answer for {waited} s"),
    "came_anyway": ("応答がありました", "An answer came"),
    "latency": ("応答時間 {ms} ms(基準 {limit_ms} ms 以内)", "Answered after {ms} ms (limit {limit_ms} ms)"),
    "loudness": (
        "応答の最も大きい 100 ms: {dbfs} dBFS(基準 {threshold_dbfs} dBFS)",
        "Loudest 100 ms of the answer: {dbfs} dBFS (threshold {threshold_dbfs} dBFS)",
    ),
    "stopped": (
        "割り込みの始まりから {ms} ms で応答が止まりました(基準 {limit_ms} ms 以内)",
        "The answer stopped {ms} ms after the interruption began (limit {limit_ms} ms)",
    ),
    "nothing_played": (
        "判定できません: 割り込んだとき、応答は再生されていませんでした",
        "Not judged: no answer was being played when it was interrupted",
    ),
    "not_stopped": ("応答は止まりませんでした", "The answer did not stop"),
    "reconnected": (
        "切断から {ms} ms で音声送信を再開(基準 {limit_ms} ms 以内)",
        "Audio again {ms} ms after the connection was lost (limit {limit_ms} ms)",
    ),
    "not_lost": ("判定できません: 接続は失われませんでした", "Not judged: the connection was not lost"),
    "tool": ("ツール {name} が呼び出されました", "Tool {name} was called"),
    "turns": ("発言 {n} 件(期待値 {wanted})", "{n} turns (expected {wanted})"),
    "in_order": ("この順に届きました: {order}", "Came in this order: {order}"),
    "not_in_order": ("{after} の後に {what} が来ませんでした", "{what} did not come after {after}"),
    "not_reached": (
        "この発言の前に会話が終わりました",
        "The conversation was over before this turn",
    ),
    "no_voice": (
        "話す音声を合成できません([voice] がインストールされていません)",
        "Not spoken: there is no local voice ([voice] is not installed)",
    ),
}
BEGINNING = {"ja": "会話の始まり", "en": "the beginning"}

_EXPECTATIONS: Mapping[str, tuple[str, str]] = {
    "transcript": (
        "文字起こしが「{wanted}」(文字誤り率 {cer} 以下)", "is transcribed as “{wanted}” (CER at most {cer})",
    ),
    "answer_contains": ("応答に {wanted} が含まれる", "the answer contains {wanted}"),
    "answer_matches": ("応答が /{wanted}/ に一致する", "the answer matches /{wanted}/"),
    "answer_language": ("応答の言語が {wanted}", "the answer is in {wanted}"),
    "answered_within_ms": ("{wanted} ms 以内に応答が始まる", "the answer begins within {wanted} ms"),
    "stopped_within_ms": ("割り込みから {wanted} ms 以内に応答が止まる", "the answer stops within {wanted} ms"),
    "reconnected_within_ms": ("切断から {wanted} ms 以内に再接続する", "it is connected again within {wanted} ms"),
    "tool_called": ("ツール {wanted} が呼び出される", "tool {wanted} is called"),
    "error": ("エラー {wanted} が表示される", "error {wanted} is shown"),
    "turns": ("ここまでの発言が {wanted} 件", "{wanted} turns so far"),
    "realtime_mode": ("realtime_mode が {wanted}", "realtime_mode is {wanted}"),
    "order": ("{wanted} がこの順に届く", "{wanted} come in this order"),
}  # fmt: skip
_FLAGS: Mapping[tuple[str, bool], tuple[str, str]] = {
    ("answered", True): ("応答がある", "it is answered"),
    ("answered", False): ("応答がない", "it is not answered"),
    ("audible", True): ("応答の音声が聞こえる", "the answer is audible"),
    ("audible", False): ("応答の音声が聞こえない", "the answer is not audible"),
    ("stored", True): (
        "サーバーに保存された発言が表示と一致する",
        "the stored messages are those that were shown",
    ),
    ("stored", False): (
        "サーバーに保存された発言が表示と一致しない",
        "the stored messages are not those that were shown",
    ),
}


def expectation_words(expectation: Expectation) -> Wording:
    """What is expected, without the turn."""
    name, wanted = expectation.name, expectation.wanted
    ja, en = (
        _FLAGS[name, wanted] if isinstance(wanted, bool) and (name, wanted) in _FLAGS else _EXPECTATIONS[name]
    )
    shown = _shown(wanted)
    cer = f"{expectation.cer:g}"
    return Wording(ja=ja.format(wanted=shown, cer=cer), en=en.format(wanted=shown, cer=cer))


def question(place: str, expectation: Expectation) -> Wording:
    """The same as a whole: ``Turn 2: the answer contains “stock”``."""
    words = expectation_words(expectation)
    if place == "end":
        return Wording(ja=f"終了後: {words.ja}", en=f"At the end: {words.en}")
    return Wording(ja=f"{place}番目: {words.ja}", en=f"Turn {place}: {words.en}")


def action_words(action: Action) -> Wording:
    """What is done in a turn."""
    match action:
        case Say():
            return Wording(ja=f"「{action.text}」と入力します", en=f"Types “{action.text}”")
        case Speak():
            return Wording(ja=f"録音 {action.name} を話します", en=f"Speaks the recording {action.name}")
        case SpeakText():
            return Wording(
                ja=f"「{action.text}」と話します(合成音声)", en=f"Speaks “{action.text}” (local voice)"
            )
        case Wait():
            return Wording(ja=f"{action.seconds:g} 秒待ちます", en=f"Waits {action.seconds:g} s")
        case Silence():
            return Wording(
                ja=f"{action.seconds:g} 秒黙っています", en=f"Stays silent for {action.seconds:g} s"
            )
        case Mute(on=True):
            return Wording(ja="マイクをミュートします", en="Mutes the microphone")
        case Mute():
            return Wording(ja="ミュートを解除します", en="Unmutes the microphone")
        case Interrupt():
            return _interrupt_words(action)
        case NetworkFault():
            return _fault_words(action)


def _interrupt_words(action: Interrupt) -> Wording:
    match action.by:
        case Say(text=text):
            ja, en = f"「{text}」と入力して割り込みます", f"interrupts by typing “{text}”"
        case Speak(name=name):
            ja, en = f"録音 {name} を話して割り込みます", f"interrupts with the recording {name}"
        case _:
            ja, en = "割り込みキーで応答を止めます", "stops it with the interrupt key"
    return Wording(
        ja=f"応答が {action.after_s:g} 秒聞こえたら{ja}", en=f"After {action.after_s:g} s of the answer, {en}"
    )


def _fault_words(action: NetworkFault) -> Wording:
    ja, en = {
        "cut": ("回線を切断します", "cuts the connection"),
        "pause": (
            f"通信を {action.seconds:g} 秒止めます",
            f"pauses the network for {action.seconds:g} s",
        ),
        "half_open": (
            "接続を閉じずにデータを通さなくします",
            "lets nothing through any more without closing the connection",
        ),
    }[action.kind]
    if action.after_s is None:
        return Wording(ja=ja, en=en[0].upper() + en[1:])
    return Wording(
        ja=f"応答が {action.after_s:g} 秒聞こえたら{ja}", en=f"After {action.after_s:g} s of the answer, {en}"
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an explanation. ``expected``: it says what is expected of the step before it."""

    words: Wording
    expected: bool = False


def explained(scenario: Scenario) -> Iterator[Line]:
    """The whole scenario, line by line; its title first."""
    session = scenario.session
    industry = session.industry or session.company_id or "-"
    language = {"ja": ("日本語", "Japanese"), "en": ("英語", "English")}[scenario.language]
    yield _line(f"{scenario.title.ja}({language[0]})", f"{scenario.title.en} (in {language[1]})")
    if scenario.description:
        yield _line(scenario.description, scenario.description)
    offer = session.value_proposition
    yield _line(f"セッションを開始します: {industry}, {offer}", f"Starts a session: {industry}, {offer}")
    for number, turn in enumerate(scenario.turns, 1):
        words = action_words(turn.action)
        yield _line(f"{number}. {words.ja}", f"{number}. {words.en}")
        yield from _expected(turn.expect)
    if scenario.end:
        yield _line("会話を終了します", "Ends the conversation")
        yield from _expected(scenario.end)
    for kind in FIGURES:
        if kind.name in scenario.limits:
            most = f"{scenario.limits[kind.name]:g} {kind.unit}".rstrip()
            yield _line(f"しきい値: {kind.ja} {most} 以下", f"Limit: {kind.en}, at most {most}")


def _expected(expectations: tuple[Expectation, ...]) -> Iterator[Line]:
    for one in expectations:
        words = expectation_words(one)
        yield Line(Wording(ja=f"期待: {words.ja}", en=f"Expects: {words.en}"), expected=True)


def _line(ja: str, en: str) -> Line:
    return Line(Wording(ja=ja, en=en))


def _shown(wanted: object) -> str:
    if isinstance(wanted, bool):
        return str(wanted).lower()
    if isinstance(wanted, tuple):
        return ", ".join(f"“{one}”" for one in wanted)
    return f"{wanted:g}" if isinstance(wanted, float) else str(wanted)
