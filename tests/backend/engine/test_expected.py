"""Expected words in place of what sounds like them."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from backend.engine.expected import Edit, applied, edits, expected_words


def test_expected_words_tell_something_and_are_no_phrases() -> None:
    assert expected_words("在庫、発注についての商談です。") == {"在庫"}
    assert expected_words("A call about Stock, an ERP, pricing.") == {"call", "about", "Stock", "pricing"}
    assert expected_words("") == frozenset()


def found(tokens: Sequence[str], word: str, spelt: tuple[str, ...], nearly_at: set[int]) -> list[list[str]]:
    """What becomes of ``tokens`` where the word's first token was nearly chosen."""

    def distance(at: int, token: str) -> float:
        return 1.0 if at in nearly_at and token == spelt[0] else 9.0

    every = edits(tokens, {word: spelt}, distance, 4.0, "".join)
    return [applied(tokens, [edit]) for edit in every]


def test_a_word_takes_the_place_of_as_many_characters() -> None:
    heard = ["部品の", "財", "古", "管理"]
    assert found(heard, "在庫", ("在庫",), {1}) == [["部品の", "在庫", "管理"]]
    assert found(heard, "在庫", ("在", "庫"), {1}) == [["部品の", "在", "庫", "管理"]]
    assert found(heard, "在庫", ("在庫",), set()) == []


def test_a_word_that_stands_there_is_left_alone() -> None:
    assert found(["在", "庫", "です"], "在庫", ("在", "庫"), {0}) == []


def test_a_word_that_fits_between_no_tokens_is_left_out() -> None:
    assert found(["財", "古管", "理"], "在庫", ("在庫",), {0}) == []
    assert found(["の", "財"], "在庫", ("在庫",), {1}) == []


def test_a_word_with_its_space_takes_the_place_of_one_with_its_space() -> None:
    assert found(["Your", " stalk", " is", " low"], "stock", (" stock",), {1}) == [
        ["Your", " stock", " is", " low"]
    ]


def test_only_whole_characters_are_replaced() -> None:
    """Tokens may be halves of a character, which spell nothing by themselves."""

    def spelling(tokens: Sequence[str]) -> str:
        joined = "".join(tokens).replace("[a][b]", "財")
        return joined.replace("[a]", "").replace("[b]", "")

    heard = ["[a]", "[b]", "庫", "の"]
    possible = edits(heard, {"在庫": ("在庫",)}, lambda at, _: 1.0 if at < 2 else 9.0, 4.0, spelling)
    assert list(possible) == [Edit(0, 3, ("在庫",), 1.0)]


def test_several_changes_are_made_where_they_belong() -> None:
    changes = [Edit(0, 1, ("A", "A"), 1.0), Edit(3, 5, ("D",), 1.0)]
    assert applied(["a", "b", "c", "d", "e"], changes) == ["A", "A", "b", "c", "D"]
    assert not changes[0].overlaps(changes[1])
    assert changes[1].overlaps(Edit(4, 6, ("x",), 1.0))


@given(st.lists(st.text(min_size=1, max_size=3), max_size=12), st.text(min_size=1, max_size=4))
def test_every_edit_keeps_what_it_does_not_replace(tokens: list[str], word: str) -> None:
    for edit in edits(tokens, {word: ("\0",)}, lambda at, token: 0.0, 4.0, "".join):
        changed = "".join(applied(tokens, [edit]))
        assert changed == "".join(tokens[: edit.start]) + "\0" + "".join(tokens[edit.end :])
        assert len("".join(tokens[edit.start : edit.end]).strip()) == len(word)
