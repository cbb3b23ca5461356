"""Comparing words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.texts import character_errors, language_of, plain


@pytest.mark.parametrize(
    ("heard", "wanted", "errors"),
    [
        ("こんにちは。", "こんにちは", 0),
        ("ABC 15万円", "abc、15万円!", 0),
        ("マインドブリッチ", "マインドブリッジ", 1),
        ("", "abc", 3),
        ("kitten", "sitting", 3),
    ],
)
def test_character_errors_ignore_what_nobody_says(heard: str, wanted: str, errors: int) -> None:
    assert character_errors(heard, wanted) == (errors, len(plain(wanted)))


@given(st.text(max_size=30), st.text(max_size=30))
def test_it_is_a_distance(one: str, other: str) -> None:
    there, back = character_errors(one, other)[0], character_errors(other, one)[0]
    assert there == back <= max(len(plain(one)), len(plain(other)))
    assert (there == 0) == (plain(one) == plain(other))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("在庫管理にSalesMindとExcelとSAPを使っています。", "ja"),
        ("We met 田中 yesterday at the plant.", "en"),
        ("製造業", "ja"),
        ("123 …", None),
    ],
)
def test_the_language_of_a_text(text: str, language: str | None) -> None:
    assert language_of(text) == language
