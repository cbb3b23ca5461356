"""What is spoken by default, and that no result tells where this program is installed."""

from __future__ import annotations

from typing import Any

import pytest

from acceptance.judges.streaming import judge_streaming
from acceptance.record import Record
from acceptance.request import Limits
from acceptance.sample_source import sample_source, source_name
from audio import samples
from relay.stream import SourceState
from tests.acceptance.made_streams import summary


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_sample_is_called_by_its_id(language: str) -> None:
    name = source_name(sample_source(language))
    assert name.removeprefix("sample ") in {sample.id for sample in samples.samples(language)}


@pytest.mark.parametrize(
    "spec", ["mic:USB", "silence", "wav:/srv/speech.wav", "wav:speech.wav?loop", "tcp:a:1"]
)
def test_what_the_caller_named_stays_as_it_is(spec: str) -> None:
    assert source_name(spec) == spec


def test_evidence_names_the_sample_and_not_its_path() -> None:
    spec = sample_source("ja")
    opened = SourceState(t=0.1, state="opened", spec=spec, name="x.opus", rate_hz=24_000)
    first = judge_streaming(Record("t2", [opened, summary(3.0)]), None, Limits())[0]
    assert first.checkpoint == "t2.source_opened"
    assert str(samples.DIRECTORY) not in repr(first)
    assert first.evidence[0].data["spec"] == source_name(spec)


async def test_a_run_without_a_source_says_which_sample_it_would_speak(check: Any) -> None:
    checked = await check(1, source=None)
    assert checked.result.source == source_name(sample_source("ja"))
