"""The personas that ship, and the customer who plays them."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st

from audio.samples import samples
from backend.engine.customer import Customer
from backend.engine.persona import PersonaError, choose, fold, load_persona, load_personas
from backend.engine.recordings import DIRECTORY as RECORDINGS

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


@pytest.mark.parametrize("persona", [JAPANESE, ENGLISH], ids=lambda persona: persona.id)
def test_fifteen_turns_of_any_kind_repeat_nothing(persona: object) -> None:
    for words in (None, "xyzzy"):
        customer = Customer(persona)  # type: ignore[arg-type]
        said = [customer.reply(words).id for _ in range(15)]
        assert len(set(said)) == 15


@given(st.lists(st.none() | st.text(max_size=30) | st.sampled_from(sorted(WHISPER_HEARS)), max_size=60))
def test_there_is_always_an_answer(turns: list[str | None]) -> None:
    customer = Customer(JAPANESE)
    for words in turns:
        assert customer.reply(words).text


@pytest.mark.parametrize("persona", PERSONAS.values(), ids=lambda persona: persona.id)
def test_every_answer_has_a_recording_and_every_recording_an_answer(persona: object) -> None:
    answers = {answer.id for topic in persona.topics.values() for answer in topic.answers}  # type: ignore[attr-defined]
    files = {path.stem: path for path in (RECORDINGS / persona.id).glob("*.opus")}  # type: ignore[attr-defined]
    assert set(files) == answers
    for path in files.values():
        info = sf.info(path)
        assert (info.samplerate, info.channels) == (24_000, 1)
        assert info.duration > 1


def test_folding_keeps_what_distinguishes_words() -> None:
    assert fold("ザイコ、１５万円！", "ja") == "ざいこ15万円"
    assert fold("What's the FEE?", "en") == " what s the fee "
    assert fold("coffee", "en").find(fold("fee", "en")) == -1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id = \nx", "line 1"),
        ('id = "x"', "language"),
        ('id="x"\nlanguage="ja"\nname="n"\ndescription="d"\narc=["a"]\ntopics=[]', "no topic 'a'"),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PersonaError, match=r"bad\.toml") as refused:
        load_persona(path)
    assert says in str(refused.value)
