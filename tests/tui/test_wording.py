"""Every code of every room has its sentence; the catalogue has every sentence."""

from __future__ import annotations

import gettext
import re
import string
from enum import StrEnum
from pathlib import Path

import pytest

import tui
from acceptance.store import StoreErrorCode
from api_client.close_codes import CloseCode
from api_client.error_codes import EXPLAINED_CODES
from api_client.errors import ApiErrorCode, BadCredentials, ServerFault
from audio.errors import AudioError, AudioErrorCode
from recordings.player.protocol import PlayerCode
from relay.codes import RelayCode
from relay.stream import Notice, Problem
from scripts import catalogue
from tui import i18n
from tui.host.soundcheck.protocol import SoundcheckCode
from tui.wording import errors as wording
from tui.wording.sentences import SENTENCES

ROOT = Path(tui.__file__).parents[1]
HOW = "bring the catalogue in step: make catalogue, and translate what it names"


@pytest.mark.parametrize(
    "codes", [ApiErrorCode, AudioErrorCode, CloseCode, PlayerCode, RelayCode, SoundcheckCode, StoreErrorCode]
)
def test_every_member_has_a_sentence(codes: type[StrEnum]) -> None:
    assert {str(code) for code in codes} - set(SENTENCES) == set()


def test_every_error_of_a_server_that_is_explained_has_a_sentence() -> None:
    assert EXPLAINED_CODES - set(SENTENCES) == set()


def test_error_is_worded_in_both_languages() -> None:
    error = AudioError(AudioErrorCode.DEVICE_BUSY, device="USB Mic")
    assert "USB Mic" in wording.of_error(error)
    i18n.set_language("ja")
    assert "USB Mic は他のプログラムが使用中" in wording.of_error(error)
    assert wording.of_error(BadCredentials("no")) == "ユーザー名またはパスワードが違います。"


def test_servers_own_words_are_added() -> None:
    assert "スコア" in wording.of_error(ServerFault("no", summary="スコアに失敗"))


def test_same_code_of_two_rooms_is_told_apart() -> None:
    params = {"address": "host:7000", "reason": "reset"}
    audio = Problem(t=0, where="audio", code="connection_lost", message="", params=params)
    socket = Problem(t=0, where="connection", code="connection_lost", message="")
    assert "host:7000" in wording.of_event(audio)
    assert wording.of_event(socket) == SENTENCES["connection_lost"]


def test_a_servers_own_words_stand_beside_ours() -> None:
    params = {"message": "You exceeded your quota.", "said": "You exceeded your quota."}
    known = Problem(t=0, where="server", code="insufficient_quota", message="", params=params)
    words = SENTENCES["insufficient_quota"]
    assert wording.of_event(known) == f'{words} The server says: "You exceeded your quota."'
    unknown = Problem(
        t=0, where="server", code="odd", message="The server reports: no", params={"said": "no"}
    )
    assert wording.of_event(unknown) == "The server reports: no (odd)"


def test_unknown_code_and_missing_parameters_are_survived() -> None:
    assert wording.of_event(Notice(t=0, code="brand_new", message="In English")) == "In English (brand_new)"
    assert "?" in wording.sentence("device_busy", {})
    assert "ZeroDivisionError" in wording.of_error(ZeroDivisionError())


def test_catalogue_is_complete_and_current() -> None:
    updated = catalogue.updated()
    assert len(updated) > 300  # the extractor finds the words
    assert catalogue.untranslated(updated) == [], HOW
    assert catalogue.PO.read_bytes() == catalogue.source(updated), HOW
    assert catalogue.MO.read_bytes() == catalogue.compiled(updated), HOW
    assert catalogue.CLICK_MO.read_bytes() == catalogue.compiled(catalogue.click_catalogue()), HOW


def test_updating_the_catalogue_keeps_translations_and_names_what_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = tmp_path / "tui" / "words.py"
    code.parent.mkdir()
    code.write_text('_("Old word")\nN_("New word")\n', encoding="utf-8")
    po = tmp_path / "salesmind.po"
    po.write_text(
        'msgid ""\nmsgstr ""\n"Language: ja\\n"\n\nmsgid "Old word"\nmsgstr "古い語"\n\n'
        'msgid "Gone word"\nmsgstr "消えた語"\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(catalogue, "ROOT", tmp_path)
    monkeypatch.setattr(catalogue, "PO", po)
    monkeypatch.setattr(catalogue, "MO", tmp_path / "salesmind.mo")
    monkeypatch.setattr(catalogue, "CLICK_MO", tmp_path / "click.mo")
    assert catalogue.main() == 1
    assert capsys.readouterr().err == "not translated: New word\n"
    after = po.read_text(encoding="utf-8")
    assert "古い語" in after
    assert "Gone word" not in after
    po.write_text(after.replace('msgid "New word"\nmsgstr ""', 'msgid "New word"\nmsgstr "新しい語"'))
    assert catalogue.main() == 0
    with (tmp_path / "salesmind.mo").open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("New word") == "新しい語"


def test_translations_keep_their_places() -> None:
    """``{name}`` of the English is in the Japanese, and none besides."""
    for message in catalogue.committed():
        if not message.id or not isinstance(message.id, str):
            continue
        fields = [
            {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
            for text in (message.id, str(message.string))
        ]
        assert fields[0] == fields[1], message.id


def test_nothing_is_translated_inside_an_f_string() -> None:
    """The extractor does not look there (before Python 3.12), so such a string would stay English."""
    inside = re.compile(r"""\bf(["']).*\{_\(""")
    for path in (ROOT / "tui").rglob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not inside.search(line), f"{path.name}: {line.strip()}"
