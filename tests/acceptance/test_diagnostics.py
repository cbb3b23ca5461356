"""The diagnostics bundle: what is in it, and above all what is not."""

from __future__ import annotations

import base64
import html
import io
import json
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from acceptance.diagnostics import RUNS, Sources, write_bundle
from acceptance.results import ConversationRecord
from acceptance.store import FILE_NAME, ResultsStore
from tests.acceptance.made_results import made_result

TOKEN = "0123456789abcdef0123456789abcdef01234567"
PASSWORD = 'Pa"ss wörd&1<x>'
API_KEY = "sk-proj-AbCdEfGh1234567890"
UPSTREAM_KEY = "plain-upstream-credential"
SECRETS = (TOKEN, PASSWORD, API_KEY, UPSTREAM_KEY)
ENVIRON = {
    "SALESMIND_PASSWORD": PASSWORD,
    "OPENAI_API_KEY": API_KEY,
    "SALESMIND_UPSTREAM_KEY": UPSTREAM_KEY,
    "SALESMIND_SERVER": f"https://admin:{quote(PASSWORD)}@example.com/?token={TOKEN}",
    "HTTPS_PROXY": "http://user:proxy-pw-1@proxy:3128",
    "UNRELATED_TOKEN": "unrelated-token-value",
    "LANG": "ja_JP.UTF-8",
    "HOME": "/home/somebody",
}

PLANTED = "\n".join(
    (
        f"GET /ws/realtime/?session_id=1&token={TOKEN} 101",
        f"Authorization: Token {TOKEN}",
        json.dumps({"headers": [["authorization", f"Token {TOKEN}"]], "password": PASSWORD}),
        json.dumps({"nested": json.dumps({"api_key": API_KEY, "password": PASSWORD})}),
        f"login as admin with password={PASSWORD}",
        f"login as admin with {PASSWORD}",
        f"upstream said {UPSTREAM_KEY}, url https://admin:{quote(PASSWORD, safe='')}@h/",
        f"Basic {base64.b64encode(f'admin:{PASSWORD}'.encode()).decode()}",
        f"<td>{html.escape(PASSWORD)}</td>",
        f"environ: OPENAI_API_KEY={API_KEY} UNRELATED_TOKEN=unrelated-token-value",
        "proxy http://user:proxy-pw-1@proxy:3128",
        f"[(b'authorization', b'Bearer {UPSTREAM_KEY}')]",
        "this line is worth reading",
        "",
    )
)


def spellings(secret: str) -> Iterator[bytes]:
    """Everything by which somebody could find ``secret`` in a file."""
    in_json = json.dumps(secret)[1:-1]
    forms = (
        secret, quote(secret), quote(secret, safe=""), html.escape(secret), html.escape(secret, quote=False),
        in_json, json.dumps(in_json)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1],
    )  # fmt: skip
    for text in forms:
        yield text.encode()
        yield text.encode("utf-16-le")
    yield base64.b64encode(secret.encode()).rstrip(b"=")
    yield base64.b64encode(f"admin:{secret}".encode()).rstrip(b"=")


def contents(data: bytes, name: str = "") -> Iterator[tuple[str, bytes]]:
    """Every file in a zip with its name, files within files too."""
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield name, archive.comment
            for entry in archive.infolist():
                yield entry.filename, entry.filename.encode() + entry.comment + entry.extra
                yield from contents(archive.read(entry), f"{name}/{entry.filename}")
    else:
        yield name, data


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory in which a secret is planted in everything."""
    state = tmp_path / "state"
    run = state / "checks" / "20261122T120000Z-1"
    for directory in (state / "demo", run / "t2", state / "checks" / f"crashed-{TOKEN}"):
        directory.mkdir(parents=True)
    places = (
        "console.log", "console.log.1", "relay.log", "demo/server.log", "checks/20261122T120000Z-1/t2.log",
        "checks/20261122T120000Z-1/t2/events.jsonl", f"checks/crashed-{TOKEN}/t1.log",
    )  # fmt: skip
    for place in places:
        (state / place).write_text(PLANTED, encoding="utf-8")
    (state / "demo" / "salesmind.sqlite3").write_bytes(TOKEN.encode())
    (run / "t2" / "user.wav").write_bytes(b"RIFF" + TOKEN.encode())
    (state / "link.log").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_text("not ours")
    result = made_result(
        message=PLANTED, server_url=ENVIRON["SALESMIND_SERVER"], username=PASSWORD, directory=str(run),
        conversations=(
            ConversationRecord(name="t2", test=2, session_id=TOKEN, directory="t2", log="t2.log"),
            ConversationRecord(name="t3", test=3, session_id="s", directory="../../demo", log="../../../elsewhere"),
        ),
    )  # fmt: skip
    noted = tuple(msgspec.structs.replace(test, note=PLANTED) for test in result.tests)
    with ResultsStore(state / FILE_NAME) as store:
        store.keep(msgspec.structs.replace(result, tests=noted))
    return state


def sources(state: Path, **changes: Any) -> Sources:
    config = state.parent / "config.toml"
    config.write_text(f'# password = "{PASSWORD}"\nusername = "admin"\ntoken = "{TOKEN}"\n', encoding="utf-8")
    values: dict[str, Any] = {
        "state_directory": state, "config_path": config, "environ": ENVIRON,
        "devices": {"inputs": [f"Mic {UPSTREAM_KEY}"], "outputs": [], "error": {"reason": PLANTED}},
    }  # fmt: skip
    return Sources(**{**values, **changes})


def test_no_planted_secret_is_in_the_bundle(state: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.zip"
    write_bundle(bundle, sources(state, more_logs=(state / "console.log",)))
    found = [
        (name, secret)
        for name, data in contents(bundle.read_bytes())
        for secret in (*SECRETS, "proxy-pw-1", "unrelated-token-value")
        for spelling in spellings(secret)
        if spelling in data
    ]
    assert found == []


def test_the_search_would_find_them(state: Path, tmp_path: Path) -> None:
    """The same search over the files that were planted: it must not pass for being blind."""
    naked = tmp_path / "naked.zip"
    with zipfile.ZipFile(naked, "w", zipfile.ZIP_DEFLATED) as archive:
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as nested:
            nested.writestr("console.log", PLANTED)
        archive.writestr("inner.zip", inner.getvalue())
    data = b"".join(data for _, data in contents(naked.read_bytes()))
    assert all(any(spelling in data for spelling in spellings(secret)) for secret in SECRETS)


def test_everything_that_was_asked_for_is_in_it(state: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.zip"
    files = write_bundle(bundle, sources(state, more_logs=(state / "relay.log", tmp_path / "missing.log")))
    with zipfile.ZipFile(bundle) as archive:
        read = {name: archive.read(name).decode() for name in archive.namelist()}
    run = "20261122T120000Z-0001"
    assert set(read) == {
        "README.txt", "versions.json", "environment.json", "devices.json", "config.toml", "logs/console.log",
        "logs/console.log.1", "logs/relay.log", "logs/demo/server.log", "logs/more/1-relay.log",
        "logs/more/2-missing.log.unreadable", "results/index.json", f"results/{run}.json", f"results/{run}.md",
        f"runs/{run}/t2.log", f"runs/{run}/t2/events.jsonl", "runs/unfinished/crashed-***/t1.log", "manifest.json",
    }  # fmt: skip
    assert "this line is worth reading" in read["logs/demo/server.log"]
    versions = json.loads(read["versions.json"])
    assert versions["python"] and versions["platform"] and versions["packages"]["msgspec"]
    environment = json.loads(read["environment.json"])
    assert environment["SALESMIND_PASSWORD"] == environment["OPENAI_API_KEY"] == "***"
    assert environment["LANG"] == "ja_JP.UTF-8"
    assert "HOME" not in environment
    manifest = {entry["name"]: entry for entry in json.loads(read["manifest.json"])}
    assert manifest["logs/console.log"]["cut_out"] >= 10
    assert [file.name for file in files] == list(read)
    assert 'username = "admin"' in read["config.toml"]


def test_a_run_that_is_kept_is_not_called_unfinished_when_newer_ones_are_many(
    state: Path, tmp_path: Path
) -> None:
    with ResultsStore(state / FILE_NAME) as store:
        for number in range(RUNS):
            store.keep(made_result(f"20261123T12000{number}Z-0001"))
    write_bundle(tmp_path / "bundle.zip", sources(state))
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        unfinished = [name for name in archive.namelist() if name.startswith("runs/unfinished/")]
    assert unfinished == ["runs/unfinished/crashed-***/t1.log"]


def test_the_bundle_is_for_its_owner_and_made_in_one_step(state: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.zip"
    write_bundle(bundle, sources(state))
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600
    before = bundle.read_bytes()
    with pytest.raises(TypeError):
        write_bundle(bundle, sources(state, devices=None))
    assert bundle.read_bytes() == before
    assert [path.name for path in tmp_path.glob("bundle*")] == ["bundle.zip"]


def test_of_a_long_log_the_end_is_taken_from_a_whole_line(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acceptance.diagnostics.MOST_TEXT_BYTES", 50_000)
    line = f"token={TOKEN}\n"
    log = state / "console.log"
    log.write_text(line * 2_000 + "the end\n")
    bundle = tmp_path / "bundle.zip"
    files = {file.name: file for file in write_bundle(bundle, sources(state))}
    assert files["logs/console.log"].truncated
    with zipfile.ZipFile(bundle) as archive:
        lines = archive.read("logs/console.log").decode().splitlines()
    assert set(lines) == {"token=***", "the end"}


def test_an_empty_or_damaged_state_still_gives_a_bundle(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / FILE_NAME).write_bytes(b"no database" * 100)
    (state / "console.log").write_bytes(b"\xff\xfe\x00broken\n")
    write_bundle(tmp_path / "b.zip", sources(state, config_path=None))
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert "damaged" in archive.read("results/unreadable.txt").decode()
        assert "broken" in archive.read("logs/console.log").decode()


def test_what_is_collected_from_shows_no_secret(state: Path) -> None:
    assert PASSWORD not in repr(sources(state, devices={}))
