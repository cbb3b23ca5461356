"""`salesmind box`, against a server on loopback, and `salesmind kiosk`'s refusals."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.evil_strings import EVIL, harm_in
from tui.cli import group

SECRET = "s" * 43
ONE = {
    "id": "11111111-0000-4000-8000-000000000000", "name": "visitor-0a1b2c3d", "language": "ja",
    "arrived_at": "2026-11-25T10:00:00+00:00", "admitted_at": "2026-11-25T10:01:02+00:00", "left_seconds": 725.0,
    "microphone": "tcp", "latency_ms": 812, "talking": True,
}  # fmt: skip
TWO = {"id": "22222222-0000-4000-8000-000000000000", "arrived_at": "2026-11-25T10:02:00+00:00"}


class FakeBox:
    """What a box's server answers, and what it was asked."""

    def __init__(self) -> None:
        self.overview: dict[str, Any] = {
            "now": 1, "waiting": 1, "limit": 1, "visits": 7, "refused": 2, "message": "",
            "counting_since": "2026-11-25T09:00:00+00:00", "visitors": [ONE, TWO],
        }  # fmt: skip
        self.asked: list[tuple[str, str, bytes]] = []
        self.status: int | None = None


@pytest.fixture
def box() -> Iterator[tuple[FakeBox, str]]:
    fake = FakeBox()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            known = self.headers["Authorization"] == f"Box {SECRET}"
            status = fake.status or (200 if known else 401)
            if known:
                fake.asked.append((self.command, self.path, body))
            payload = json.dumps(fake.overview).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815 (the standard library's names)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield fake, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "box.secret"
    path.write_text(SECRET + "\n")
    return path


@pytest.fixture
def run(box: tuple[FakeBox, str], secret_file: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("SALESMIND_BOX_SECRET_FILE", str(secret_file))
    monkeypatch.setenv("TZ", "UTC")

    def invoke(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(group.salesmind, ["box", *arguments, "--server", box[1]])
        return done.exit_code, done.output

    return invoke


def test_status_is_a_table(run: Any) -> None:
    code, output = run("status")
    assert code == 0
    lines = output.splitlines()
    assert lines[0] == "Visitors: 1 of 1, 1 waiting"
    assert "7 visits, 2 refused" in lines[1]
    assert lines[4].split() == [
        "visitor-0a1b2c3d",
        lines[4].split()[1],
        "12",
        "min",
        "ja",
        "tcp",
        "812",
        "ms",
        "yes",
    ]
    assert lines[5].startswith("(waiting)")
    assert SECRET not in output


def test_status_is_json(run: Any) -> None:
    code, output = run("status", "--json")
    assert code == 0
    assert json.loads(output)["visitors"][0]["name"] == "visitor-0a1b2c3d"


@pytest.mark.parametrize("evil", EVIL.values(), ids=EVIL)
def test_what_a_server_says_is_harmless(run: Any, box: Any, evil: str) -> None:
    visitor = ONE | {"name": evil, "language": evil, "microphone": evil}
    box[0].overview |= {"message": evil, "visitors": [visitor]}
    _code, output = run("status")
    assert not harm_in(output)


@pytest.mark.parametrize("name", ["visitor-0a1b2c3d", ONE["id"]])
def test_kick_ends_one_visit(run: Any, box: Any, name: str) -> None:
    code, output = run("kick", name)
    assert (code, "visitor-0a1b2c3d" in output) == (0, True)
    assert [asked[:2] for asked in box[0].asked if asked[0] == "DELETE"] == [
        ("DELETE", f"/api/box/visitors/{ONE['id']}/?outcome=kicked")
    ]


def test_nobody_is_kicked_by_a_wrong_name(run: Any, box: Any) -> None:
    code, output = run("kick", "visitor")
    assert code == 2
    assert "There is no visitor visitor." in output
    assert all(asked[0] == "GET" for asked in box[0].asked)


def test_a_message_is_told_and_taken_back(run: Any, box: Any) -> None:
    assert run("message", "六時に閉まります。")[0] == 0
    assert run("message")[0] == 0
    texts = [json.loads(asked[2])["text"] for asked in box[0].asked]
    assert texts == ["六時に閉まります。", ""]


@pytest.mark.parametrize("status, words", [(404, "lets no visitors in"), (401, "does not accept the secret")])
def test_a_server_without_this_box_is_told(run: Any, box: Any, status: int, words: str) -> None:
    box[0].status = status
    code, output = run("status")
    assert code == 3
    assert words in output


def test_the_kiosk_needs_a_secret_and_a_terminal(secret_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SALESMIND_BOX_SECRET_FILE", raising=False)
    done = CliRunner().invoke(group.salesmind, ["kiosk"])
    assert (done.exit_code, "The secret of the box is missing" in done.output) == (2, True)
    done = CliRunner().invoke(group.salesmind, ["kiosk", "--box-secret-file", str(secret_file)])
    assert done.exit_code == 2
    assert SECRET not in done.output
