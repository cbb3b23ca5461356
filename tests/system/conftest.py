"""A sound card of software for each test that asks for one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.system.sound_card import SoundCard, missing


@pytest.fixture
def sound_card(monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundCard]:
    """A sound card of its own for one test. Skips, saying why, where it cannot be had."""
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    # Not tmp_path: the path of a Unix socket has at most 107 characters.
    with tempfile.TemporaryDirectory(prefix="card", ignore_cleanup_errors=True) as name, ExitStack() as stack:
        card = SoundCard(Path(name), stack)
        for variable, value in card.environment.items():
            monkeypatch.setenv(variable, value)
        yield card
