"""The wording of evidence and checkpoints."""

from __future__ import annotations

import re
import string
from enum import StrEnum

import pytest

from acceptance.checkpoints import CHECKPOINTS, checkpoint
from acceptance.evidence import WORDS, finding
from acceptance.judges.reasons import error_shown
from acceptance.problem_words import japanese
from acceptance.record import Moment, Record
from api_client.close_codes import CloseCode
from api_client.error_codes import EXPLAINED_CODES, error_meaning
from api_client.errors import ApiErrorCode
from audio.errors import AudioErrorCode
from relay.codes import RelayCode
from relay.stream import Problem


@pytest.mark.parametrize("code", WORDS)
def test_evidence_is_worded_from_the_same_figures_in_both_languages(code: str) -> None:
    ja, en = WORDS[code]
    fields = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (ja, en)]
    assert fields[0] == fields[1]


def test_checkpoints_are_found_by_id() -> None:
    assert [checkpoint(point.id) for point in CHECKPOINTS] == list(CHECKPOINTS)
    assert {point.test for point in CHECKPOINTS} == {1, 2, 3, 4}


def japanese_letters(text: str) -> bool:
    return re.search("[ぁ-ヿ一-龯]", text) is not None


@pytest.mark.parametrize("codes", [ApiErrorCode, CloseCode, AudioErrorCode, RelayCode])
def test_every_problem_is_said_in_japanese(codes: type[StrEnum]) -> None:
    assert [str(code) for code in codes if not japanese_letters(japanese(code, "In English."))] == []


@pytest.mark.parametrize("code", sorted(EXPLAINED_CODES))
def test_what_a_server_announces_is_said_in_japanese(code: str) -> None:
    assert japanese_letters(japanese(code, "In English."))


def shown(problem: Problem) -> tuple[str, str]:
    evidence = error_shown(Record("t", [problem]), problem)
    return evidence.ja, evidence.en


def test_an_error_carries_the_servers_own_words_beside_ours() -> None:
    words = "OPENAI_API_KEY not configured"
    meaning = error_meaning(None, "connection_error", words)
    problem = Problem(
        t=1.0, where="server", code=meaning.code, message=meaning.message, params={"message": words}
    )
    ja, en = shown(problem)
    assert words in ja and words in en
    assert meaning.message in en and meaning.message not in ja
    assert japanese_letters(ja.replace(words, ""))


def test_words_of_the_server_that_ours_repeat_are_said_once() -> None:
    meaning = error_meaning("brand_new", None, "It broke.")
    problem = Problem(
        t=1.0, where="server", code=meaning.code, message=meaning.message, params={"message": "It broke."}
    )
    ja, en = shown(problem)
    assert (ja.count("It broke."), en.count("It broke.")) == (1, 1)
    assert "The server reports" not in ja


def test_secrets_in_a_servers_words_are_cut() -> None:
    evidence = finding(
        "error_shown", "event", Moment(), code="x", where="server", message="key sk-abcdefgh1234"
    )
    assert "abcdefgh" not in evidence.ja + evidence.en + str(evidence.data)
