"""The wording of evidence and checkpoints."""

from __future__ import annotations

import string

import pytest

from acceptance.checkpoints import CHECKPOINTS, checkpoint
from acceptance.evidence import WORDS


@pytest.mark.parametrize("code", WORDS)
def test_evidence_is_worded_from_the_same_figures_in_both_languages(code: str) -> None:
    ja, en = WORDS[code]
    fields = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (ja, en)]
    assert fields[0] == fields[1]


def test_checkpoints_are_found_by_id() -> None:
    assert [checkpoint(point.id) for point in CHECKPOINTS] == list(CHECKPOINTS)
    assert {point.test for point in CHECKPOINTS} == {1, 2, 3, 4}
