"""The personas that ship, and the customer who plays them."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st

from audio.samples import samples
from backend.engine.customer import Customer
from backend.engine.keywords import fold
from backend.engine.persona import Persona, PersonaError, choose
from backend.engine.persona_file import load_persona, load_personas
from backend.engine.role import role_of

PERSONAS = load_personas()
JAPANESE = choose(PERSONAS.values(), "ja")
ENGLISH = choose(PERSONAS.values(), "en")

JAPANESE_SCRIPT = """
    greeting purpose stock staff trouble shortage line-stop delivery loss automatic
    forecast proposal integration price demo
"""
ENGLISH_SCRIPT = "greeting stock trouble line-stop forecast demo"
WHISPER_HEARS = {
    "本日は、部品の財古管理と発注業務についてお話を伺えればと思います。": "purpose",
    "現在、ザイコはどのような方法で管理されていますか。": "stock",
    "その運用でおこまりのことはありませんか": "trouble",
    "脳機のおくれは、お客様との関係にも影響しませんか。": "delivery",
    "もし財子の数が自動で更新されたらどのようなメリットがありますか": "automatic",
    "ハイイマーを使いの機関システムとは2週間ほどで連携できます。": "integration",
    "両金は付き付き15万円で、 初期費用はかかりません。": "price",
    "来週の火曜日に社長様も含めて でもおさせていただけませんか": "demo",
}


@pytest.mark.parametrize(("language", "script"), [("ja", JAPANESE_SCRIPT), ("en", ENGLISH_SCRIPT)])
def test_the_samples_are_answered_to_the_point(language: str, script: str) -> None:
    customer = Customer(choose(PERSONAS.values(), language))
    answers = [customer.reply(sample.text).id for sample in samples(language)]
    assert answers == [f"{topic}-1" for topic in script.split()]


@pytest.mark.parametrize(("heard", "topic"), WHISPER_HEARS.items())
def test_homophones_are_understood(heard: str, topic: str) -> None:
    assert Customer(JAPANESE).reply(heard).id == f"{topic}-1"


def test_what_was_asked_before_is_remembered() -> None:
    customer = Customer(JAPANESE)
    replies = [customer.reply("予算はどのくらいですか").id for _ in range(3)]
    assert replies == ["budget-1", "asked-before-1", "asked-before-2"]


def test_what_was_said_on_an_earlier_connection_is_not_said_again() -> None:
    first, second = Customer(JAPANESE), Customer(JAPANESE)
    second.remember(first.reply("在庫の管理方法を教えてください").text)
    assert second.reply("在庫の管理方法を教えてください").id == "stock-2"


def test_a_turn_without_words_is_asked_for_again() -> None:
    assert Customer(JAPANESE).reply("").id == "silence-1"
    assert Customer(JAPANESE).reply("。。。").id == "silence-1"
    assert Customer(ENGLISH).reply(" ").id == "silence-1"


def test_nobody_introduces_himself_half_way() -> None:
    customer = Customer(JAPANESE)
    customer.reply("在庫はどう管理していますか")
    later = [customer.reply(None).id for _ in range(40)]
    assert not [answer for answer in later if answer.startswith(("greeting", "purpose"))]


@pytest.mark.parametrize("persona", PERSONAS.values(), ids=lambda persona: persona.id)
def test_fifteen_turns_of_any_kind_repeat_nothing(persona: Persona) -> None:
    for words in (None, "xyzzy"):
        customer = Customer(persona)
        said = [customer.reply(words).id for _ in range(15)]
        assert len(set(said)) == 15


@given(st.lists(st.none() | st.text(max_size=30) | st.sampled_from(sorted(WHISPER_HEARS)), max_size=60))
def test_there_is_always_an_answer(turns: list[str | None]) -> None:
    customer = Customer(JAPANESE)
    for words in turns:
        assert customer.reply(words).text


@pytest.mark.parametrize("persona", PERSONAS.values(), ids=lambda persona: persona.id)
def test_every_answer_has_a_recording_and_every_recording_an_answer(persona: Persona) -> None:
    answers = {a.id for topic in persona.topics.values() for a in topic.answers if not a.needs}
    files = {path.stem: path for path in persona.recordings.glob("*.opus")}
    assert set(files) == answers
    for path in files.values():
        info = sf.info(path)
        assert (info.samplerate, info.channels) == (24_000, 1)
        assert info.duration > 1


def test_folding_keeps_what_distinguishes_words() -> None:
    assert fold("ザイコ、１５万円！", "ja") == "ざいこ15万円"
    assert fold("What's the FEE?", "en") == " what s the fee "
    assert fold("coffee", "en").find(fold("fee", "en")) == -1


HEAD = 'id = "x"\nlanguage = "ja"\nname = "n"\ndescription = "d"\narc = ["a"]\n'
"""Five lines; the first topic begins on the sixth."""

TOOL = '[[tools]]\nname = "f"\n'


def topic(topic_id: str, answers: str) -> str:
    return f'[[topics]]\nid = "{topic_id}"\nstage = "s"\nkeywords = []\nanswers = [\n{answers}\n]\n'


def answer(answer_id: str, text: str = "t") -> str:
    return f'  {{ id = "{answer_id}", text = "{text}" }},'


def figure(condition: str) -> str:
    return f'  {{ id = "f", text = "t", {condition} }},'


REST = topic("silence", answer("s")) + topic("asked-before", answer("b"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id = \nx", "at line 1"),
        ('id = "x"\nlanguage = 3\n', "line 2: 'language' is to be a text"),
        (HEAD.replace('"ja"', '"ja"\nindustries = "x"') + topic("a", answer("a")) + REST, "line 3: 'industries'"),
        (HEAD + topic("b", answer("a")) + REST, "line 5: there is no topic 'a'"),
        (HEAD + topic("a", "") + REST, "line 10: the topic 'a' has no answer"),
        (HEAD + topic("a", answer("a", "{pain}")) + REST, "line 10: the topic 'a' has no answer"),
        (HEAD + topic("a", answer("a") + "\n" + answer("a")) + REST, "line 12: there is an answer 'a'"),
        (HEAD + topic("a", answer("a") + "\n" + answer("c", "{budget}")) + REST, "line 12: there is no {budget}"),
        (HEAD + topic("a", answer("b") + "\n" + figure('days = "x"')) + REST, "line 12: 'days' is to be"),
        (HEAD + topic("a", figure("amount = [1, 2]")) + REST, "line 10: the topic 'a' has no answer"),
        (HEAD + topic("a", answer("a", "{")) + REST, "line 11: the answer 'a' has a brace"),
        (HEAD + topic("a", answer("a")) + topic("a", answer("c")) + REST, "line 14: there is a topic 'a'"),
        (HEAD + TOOL + 'answer = "{x.y}"\n' + topic("a", answer("a")) + REST, "line 8: {x.y} is no key"),
        (HEAD + TOOL * 2 + topic("a", answer("a")) + REST, "line 9: there is a tool 'f' already"),
        (HEAD + topic("a", answer("a")) + REST.replace('stage = "s"', "", 1), "line 13: 'stage' is missing"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PersonaError, match=r"bad\.toml") as refused:
        load_persona(path)
    assert says in str(refused.value)


def test_a_persona_needs_no_code(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(HEAD + topic("a", answer("a", "やあ")) + REST, encoding="utf-8")
    persona = next(iter(load_personas(tmp_path).values()))
    assert Customer(persona).reply(None).text == "やあ"


def test_what_the_session_says_of_the_role_is_said() -> None:
    role = role_of(
        "# お客様の設定\n- 業界: 介護サービス業\n- 人物像: 慎重な事務長。\n- 抱えている課題: 記録に時間がかかる\n"
    )
    customer = Customer(JAPANESE)
    assert customer.reply("どのような事業をされていますか", role).text.startswith("介護サービス業の会社です")
    assert "記録に時間がかかる" in customer.reply("お困りのことはありますか", role).text
    assert "慎重な事務長" in customer.reply("どのようなお立場ですか", role).text


def test_what_the_recordings_speak_of_already_is_left_to_them() -> None:
    customer = Customer(JAPANESE)
    role = {"industry": "製造業", "pain": "在庫の過不足"}
    assert customer.reply("どのような事業をされていますか", role).id == "company-1"
    assert customer.reply("お困りのことはありますか", role).id == "trouble-1"


@pytest.mark.parametrize(
    ("language", "role", "who"),
    [
        ("ja", {}, "purchasing-manager-ja"),
        ("ja", {"industry": "製造業"}, "purchasing-manager-ja"),
        ("ja", {"industry": "小売業"}, "store-operations-ja"),
        ("ja", {"industry": "医療", "pain": "人手が足りない"}, "store-operations-ja"),
        ("en", {"industry": "小売業"}, "operations-manager-en"),
        ("fr", {}, "operations-manager-en"),
    ],
)
def test_who_answers_follows_from_language_and_role(language: str, role: dict[str, str], who: str) -> None:
    assert choose(PERSONAS.values(), language, role).id == who


def test_what_a_session_leaves_unsaid_is_not_said() -> None:
    assert role_of("Industry: none\nPersona: \nYou are a customer whose pain is unknown") == {}
    assert role_of("**Industry**: Health care. Large.") == {"industry": "Health care"}


@given(st.text(max_size=200))
def test_any_instructions_can_be_read(text: str) -> None:
    for value in role_of(text + "\nindustry: " + text).values():
        assert value
        assert "\n" not in value
