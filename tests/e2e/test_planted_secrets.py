"""Password, token, API key and proxy password are planted; afterwards every file, log, recording, report, bundle and
process list is searched for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import SALESMIND

API_KEY, PROXY_PASSWORD = "sk-planted-api-key-31f7", "planted-proxy-password-c02d"
PASSWORD = "admin123"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="reads the process list in /proc"),
]


def process_list() -> bytes:
    """Every command line on this machine, as `ps` shows them."""
    lines = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(place.read_bytes())
        except OSError:  # it has ended
            continue
    return b"\n".join(lines)


def test_no_secret_is_found_anywhere(server: Any, environment: dict[str, str], tmp_path: Path) -> None:
    token = httpx.post(
        f"{server.url}/api/auth/login/", json={"username": "admin", "password": PASSWORD}
    ).json()["token"]
    variables = {
        **os.environ,
        **environment,
        "OPENAI_API_KEY": API_KEY,
        "HTTP_PROXY": f"http://user:{PROXY_PASSWORD}@127.0.0.1:9",
        "ALL_PROXY": f"http://user:{PROXY_PASSWORD}@127.0.0.1:9",
        "NO_PROXY": "127.0.0.1",
    }
    said: list[bytes] = []

    def salesmind(*arguments: str, **changes: str) -> None:
        command = [*SALESMIND, *arguments]
        done = subprocess.run(
            command, env=variables | changes, cwd=tmp_path, capture_output=True, check=False
        )
        said.append(done.stdout + done.stderr)

    talk = [*SALESMIND, "talk", "--server", server.url, "--username", "admin", "--new-session", "--source", "tone",
            "--seconds", "1", "--record", str(tmp_path / "recording"), "--json"]  # fmt: skip
    with subprocess.Popen(talk, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        for line in process.stdout:
            said.append(line)
            if json.loads(line).get("step") == "gate_open":
                said.append(process_list())
        said.append(process.stderr.read())
    assert process.returncode == 0, said[-1]
    # What goes wrong: a proxy that is not there, a login that is refused.
    salesmind("talk", "--server", server.url, "--username", "admin", "--new-session", NO_PROXY="")
    salesmind(
        "talk",
        "--server",
        server.url,
        "--username",
        "admin",
        "--new-session",
        SALESMIND_PASSWORD=PROXY_PASSWORD,
    )
    for suffix in ("html", "jsonl"):
        salesmind(
            "runs", "export", str(tmp_path / "recording"), "--format", suffix, "--output", f"export.{suffix}"
        )
    salesmind("diagnostics", "--bundle", str(tmp_path / "bundle.zip"))

    planted = [token, API_KEY, PROXY_PASSWORD]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".jsonl", ".json", ".html", ".zip", ".log"}
    contents = {str(path): path.read_bytes() for path in files}
    for path in files:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as bundle:
                contents |= {f"{path}:{name}": bundle.read(name) for name in bundle.namelist()}
    contents |= {f"output {n}": text for n, text in enumerate(said)}
    contents["the server's log"] = server.log.encode()
    found = [
        (name, secret) for name, text in contents.items() for secret in planted if secret.encode() in text
    ]
    assert found == []
    password_in = [
        name for name, text in contents.items() if PASSWORD.encode() in text and "server" not in name
    ]
    assert password_in == []
