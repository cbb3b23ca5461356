"""Lines as Japanese is set."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.wording.line_breaks import NOT_FIRST, NOT_LAST, wrapped

JAPANESE = st.text(st.sampled_from("在庫は表計算で、。「」（）ー ab1\n"), max_size=80)


def test_punctuation_is_not_parted_from_its_word() -> None:
    assert wrapped("はい、在庫です。", 4) == ["は", "い、", "在庫", "で", "す。"]
    assert wrapped("彼は「在庫」と言う", 6) == ["彼は", "「在", "庫」と", "言う"]


def test_words_of_other_scripts_stay_whole() -> None:
    assert wrapped("How do you manage your stock?", 12) == ["How do you", "manage your", "stock?"]
    assert wrapped("今は Excel で管理しています", 10) == ["今は Excel", "で管理して", "います"]


@given(JAPANESE, st.integers(2, 40))
def test_nothing_is_lost_and_every_line_fits(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(st.text(st.sampled_from("在庫は、。」「"), max_size=60).filter(lambda text: "、、" not in text))
def test_no_line_begins_or_ends_wrongly_where_it_can_be_helped(text: str) -> None:
    whole = max((len(unit) for unit in text.replace("在", " ").replace("庫", " ").split()), default=1)
    lines = wrapped(text, 2 * whole + 8)
    assert all(line[0] not in NOT_FIRST for line in lines[1:] if line)
    assert all(line[-1] not in NOT_LAST for line in lines[:-1] if line)
