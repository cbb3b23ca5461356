"""What tests of whole programs share: the server that comes with the console, and a clean environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

# How long one example takes says nothing on a machine that is busy with other tests.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

SALESMIND = (sys.executable, "-m", "tui.cli")


@dataclass(frozen=True)
class Server:
    """A running ``salesmind serve``."""

    url: str
    process: subprocess.Popen[str]
    directory: Path

    @property
    def log(self) -> str:
        """Everything it has logged."""
        return (self.directory / "server.log").read_text(encoding="utf-8")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """No configuration, no state and no locale of whoever runs the tests."""
    state = tmp_path / "state"
    state.mkdir()
    return {
        "SALESMIND_STATE_DIR": str(state),
        "SALESMIND_LANG": "en",
        "SALESMIND_PASSWORD": "admin123",
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server with its offline engine, as `salesmind serve` starts it."""
    directory = tmp_path_factory.mktemp("server")
    log = directory / "server.log"
    process = subprocess.Popen(
        [*SALESMIND, "serve", "--port", "0", "--data-dir", str(directory), "--log", str(log)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield Server(json.loads(process.stdout.readline())["url"], process, directory)
    finally:
        process.terminate()
        assert process.wait(20) == 0, "the server must stop cleanly on SIGTERM"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where the Debian packages are said to be there (`make test-system`), a test that misses one has failed.

    Half surrogate pairs, which some tests log on purpose, cannot be sent from a worker of xdist.
    """
    report = yield
    report.sections = [(name, text.encode("utf-8", "replace").decode()) for name, text in report.sections]
    if report.skipped and os.environ.get("SALESMIND_REQUIRE_SYSTEM") and item.get_closest_marker("system"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but nothing may be missing here: {report.longrepr}"
    return report
