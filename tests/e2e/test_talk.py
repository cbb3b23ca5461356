"""`salesmind talk` against `salesmind serve` and its engine: the headless twin of the live screen."""

from __future__ import annotations

import difflib
import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from audio.samples import samples

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ctranslate2") is None, reason="transcripts need the [offline] extra"
)


class Talk:
    """A finished `salesmind talk --json`."""

    def __init__(self, process: subprocess.CompletedProcess[str]) -> None:
        self.exit_code = process.returncode
        self.words = process.stderr
        self.output = process.stdout
        self.lines: list[dict[str, Any]] = [json.loads(line) for line in process.stdout.splitlines()]

    @property
    def summary(self) -> dict[str, Any]:
        assert self.lines, self.words
        assert self.lines[-1]["kind"] == "summary"
        return self.lines[-1]

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["kind"] == kind]


def talk(environment: dict[str, str], url: str, *arguments: str, json_lines: bool = True) -> Talk:
    command = [sys.executable, "-m", "tui.cli", "talk", "--server", url, "--username", "admin", *arguments]
    done = subprocess.run(
        [*command, *(["--json"] if json_lines else [])],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    if json_lines:
        return Talk(done)
    done.stdout, text = "", done.stdout
    result = Talk(done)
    result.output = text
    return result


def alike(heard: str, said: str) -> float:
    """How alike two sentences are, 0 to 1, punctuation aside: Whisper base writes homophones."""
    marks = str.maketrans("", "", "、。？！, .?!　")
    return difflib.SequenceMatcher(None, heard.translate(marks), said.translate(marks)).ratio()


def test_a_spoken_turn_from_login_to_summary(
    server: Any, environment: dict[str, str], tmp_path: Path
) -> None:
    sample = samples("ja")[0]
    heard = tmp_path / "customer.wav"
    result = talk(
        environment, server.url, "--new-session", "--language", "ja", "--source", f"wav:{sample.path}",
        "--sink", f"wav:{heard}", "--record", str(tmp_path / "record"),
    )  # fmt: skip

    assert result.exit_code == 0, result.words
    summary = result.summary
    assert summary["session_updates_sent"] == 1
    modes = summary["realtime_mode"]
    assert (modes["before"], modes["during"], modes["after"]) == (False, True, False)
    assert 0 < modes["during_true_s"] <= summary["seconds"]
    assert summary["close_code"] == 1000
    assert summary["reconnects"] == 0
    assert summary["errors"] == []
    assert alike(summary["user_transcripts"][0], sample.text) > 0.6
    assert summary["assistant_transcripts"][0].strip()
    assert summary["audio_received_ms"] > 500
    assert len(summary["response_latency_ms"]) == 1
    assert summary["chunk_bytes"] == 1920
    assert summary["chunk_rate"] == pytest.approx(summary["expected_chunk_rate"], rel=0.1)
    assert summary["bytes_sent"] == summary["chunks_sent"] * summary["chunk_bytes"]

    steps = [line["step"] for line in result.of_kind("step")]
    first = [steps.index(name) for name in ("connected", "created", "update_sent", "updated", "gate_open")]
    assert first == sorted(first)
    times = [line["t"] for line in result.lines]
    assert all(isinstance(t, float) for t in times)

    samples_heard, rate = soundfile.read(heard)
    assert rate == 24_000
    assert np.sqrt(np.mean(samples_heard**2)) > 0.005, "the answer must be audible in what was played"

    token = login_token(server.url)
    assert token not in result.output + result.words + server.log
    assert not any(token.encode() in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()), (
        "no token in recordings or logs"
    )

    detail = httpx.get(
        f"{server.url}/api/session/{summary['session_id']}/", headers={"Authorization": f"Token {token}"}
    ).json()
    assert [message["role"] for message in detail["messages"]] == ["salesperson", "customer"]


def test_the_wording_of_the_summary_document(server: Any, environment: dict[str, str]) -> None:
    sample = samples("ja")[1]
    arguments = ("--new-session", "--source", f"wav:{sample.path}", "--chunk-bytes", "8192", "--seconds", "4")
    result = talk(environment, server.url, *arguments)

    assert result.exit_code == 0, result.words
    lines = [line["text"] for line in result.of_kind("log")]
    for wanted in (
        "Connecting to Realtime API...",
        "WebSocket connected",
        "📩 メッセージ受信: session.created",
        "📤 セッション設定送信",
        "📩 メッセージ受信: session.updated",
        "🎤 音声送信準備完了",
    ):
        assert wanted in lines
    assert any(
        line.startswith("🎤 音声送信中: ") and line.endswith("chunks/sec (8192 bytes/chunk)")
        for line in lines
    )
    assert result.summary["expected_chunk_rate"] == pytest.approx(5.86, abs=0.01)
    session = result.summary["session_id"]
    for wanted in (
        f"✅ WebSocket接続受け入れ: user=admin, session={session}",
        f"✅ Session {session} realtime_mode updated to True",
        "✅ OpenAI Realtime API接続成功",
        "📩 OpenAIからメッセージ受信: type=session.created",
        "📨 クライアントからテキスト受信: type=session.update",
        "📩 OpenAIからメッセージ受信: type=session.updated",
        "✅ OpenAIへ音声転送成功: ",
    ):
        assert wanted in server.log


def test_typed_turns_need_no_audio(server: Any, environment: dict[str, str]) -> None:
    result = talk(
        environment,
        server.url,
        "--new-session",
        "--say",
        "こんにちは。お時間をいただきありがとうございます。",
    )

    assert result.exit_code == 0, result.words
    assert result.summary["assistant_transcripts"][0].strip()


def test_a_readable_transcript_without_json(server: Any, environment: dict[str, str]) -> None:
    arguments = ("--new-session", "--say", "現在の在庫管理で、お困りのことはありますか。")
    result = talk(environment, server.url, *arguments, json_lines=False)

    assert result.exit_code == 0, result.words
    assert "You: 現在の在庫管理で" in result.output
    assert "Customer: " in result.output
    assert "realtime_mode: before false, during true, after false" in result.output


def test_a_wrong_password_is_exit_code_3(server: Any, environment: dict[str, str]) -> None:
    result = talk({**environment, "SALESMIND_PASSWORD": "wrong-pass"}, server.url, "--new-session")

    assert result.exit_code == 3
    assert "User name or password is wrong" in result.words
    assert "wrong-pass" not in result.words
    assert result.output == ""


def test_no_server_is_exit_code_3(environment: dict[str, str]) -> None:
    result = talk(environment, "http://127.0.0.1:9", "--new-session")

    assert result.exit_code == 3
    assert "No server answers" in result.words


@pytest.mark.parametrize(
    "arguments", [(), ("--new-session", "--source", "mp3:x"), ("--new-session", "--chunk-bytes", "1921")]
)
def test_wrong_arguments_are_exit_code_2(
    server: Any, environment: dict[str, str], arguments: tuple[str, ...]
) -> None:
    result = talk(environment, server.url, *arguments)

    assert result.exit_code == 2
    assert result.words.strip()


def test_sigint_ends_the_conversation_cleanly(server: Any, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "tui.cli", "talk", "--server", server.url, "--username", "admin"]
    process = subprocess.Popen(
        [*command, "--new-session", "--source", "tone", "--seconds", "60", "--json"],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(json.loads(line))
        if lines[-1].get("step") == "gate_open":
            process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert lines[-1]["kind"] == "summary"
    assert lines[-1]["close_code"] == 1000
    assert lines[-1]["realtime_mode"]["after"] is False


def login_token(url: str) -> str:
    answer = httpx.post(f"{url}/api/auth/login/", json={"username": "admin", "password": "admin123"})
    return str(answer.json()["token"])
