"""What tests of whole programs share: the server that comes with the console, and a clean environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

FUZZ_EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "10000"))
"""Of every property, in ``make fuzz``."""
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "test")

settings.register_profile("test", deadline=None)
settings.register_profile(
    "fuzz",
    max_examples=FUZZ_EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
settings.load_profile(PROFILE)

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


RELIABILITY = os.environ.get("SALESMIND_RELIABILITY")
"""Where ``make reliability`` collects what tests of faults measure; unset: nowhere."""


class ToldFault(Protocol):
    """Takes what a test of a fault has seen; times in seconds, ``lost`` in words."""

    def __call__(
        self, fault: str, *, seen: str, noticed_s: float | None, again_s: float | None, lost: str
    ) -> None: ...


@pytest.fixture
def told_fault(request: pytest.FixtureRequest) -> ToldFault:
    """A row of docs/reliability.md, which scripts/make_reliability_table.py makes of all of them."""

    def tell(fault: str, *, seen: str, noticed_s: float | None, again_s: float | None, lost: str) -> None:
        row = {
            "fault": fault,
            "seen": seen,
            "noticed_s": noticed_s,
            "again_s": again_s,
            "lost": lost,
            "test": request.node.nodeid.partition("[")[0],
        }
        print(row)
        if RELIABILITY is not None:
            with Path(RELIABILITY).open("a", encoding="utf-8") as file:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")

    return tell


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In ``make fuzz`` a property's own number of examples, chosen for the time of ``make test``, does not count."""
    if PROFILE != "fuzz":
        return
    for item in items:
        test = getattr(item, "obj", None)
        if test is not None and is_hypothesis_test(test):
            # There is no public way to change the settings of a test that has some.
            own = test._hypothesis_internal_use_settings
            test._hypothesis_internal_use_settings = settings(
                own, max_examples=FUZZ_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck)
            )


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
