"""The description of a recording, whatever the names in it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from relay.recording.manifest import Manifest, decode, encode

ANY_TEXT = st.text(st.characters())
"""Halves of surrogate pairs too: that is how Python reads a name that is not UTF-8."""


def test_a_device_whose_name_is_not_utf_8_costs_no_manifest() -> None:
    manifest = Manifest(id="r", started_at="", devices=("caf\udce9",), settings={"source": ["mic:caf\udce9"]})
    read = decode(encode(manifest))
    assert (read.devices, read.settings) == (("caf\ufffd",), {"source": ["mic:caf\ufffd"]})


@given(ANY_TEXT, st.dictionaries(ANY_TEXT, ANY_TEXT))
def test_any_manifest_can_be_written_and_read(name: str, settings: dict[str, str]) -> None:
    written = encode(Manifest(id=name, started_at="", settings=settings))
    assert encode(decode(written)) == written
