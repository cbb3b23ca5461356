"""A console on fakes: no network, no child process, a clock that stands still."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace
from textual.events import Key
from textual.widgets import Input

from acceptance.comparison import Comparison
from acceptance.progress import ProgressEvent
from acceptance.results import RunResult
from api_client.errors import ApiError, NotFound
from api_client.models import (
    FinishedSession,
    Health,
    Login,
    Message,
    Session,
    SessionDetail,
    SessionPage,
    User,
)
from relay.commands import Command
from relay.recording.manifest import Manifest, decode, encode
from relay.recording.recorder import Recorder
from relay.stream import StreamEvent
from tui import i18n
from tui.acceptance import screen as acceptance
from tui.app import SalesMindApp
from tui.conversation import collector
from tui.conversation import screen as conversation
from tui.host.devices import Devices
from tui.host.recordings import export_recording
from tui.host.services import ServerAccount, Services
from tui.sessions import screen as sessions
from tui.settings import ConsoleSettings

WHEN = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)


def make_session(number: int, **changes: Any) -> Session:
    """A session with a recognisable id."""
    values: dict[str, Any] = {
        "id": f"00000000-0000-4000-8000-{number:012}",
        "industry": "製造業",
        "value_proposition": "在庫の状況を見える化し、発注を自動で提案するサービス",
        "customer_persona": "部品メーカーの社長",
        "customer_pain": "部品の欠品でラインが止まる",
        "realtime_mode": False,
        "status": "active",
        "started_at": WHEN,
        "success_probability": 50,
        "current_spin_stage": "S",
    }
    return Session(**(values | changes))


@dataclass
class FakeClient:
    """A server of plain values. ``fail`` maps a method to the error it raises."""

    sessions: list[Session] = field(default_factory=list)
    fail: dict[str, ApiError] = field(default_factory=dict)
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    timeout_s: float = 0.01
    not_found_past: int | None = None

    async def __aenter__(self) -> FakeClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def aclose(self) -> None:
        self.calls.append(("aclose",))

    def _call(self, name: str, *arguments: Any) -> None:
        self.calls.append((name, *arguments))
        if name in self.fail:
            raise self.fail[name]

    async def health(self) -> Health:
        self._call("health")
        return Health(status="ok", round_trip_ms=12.0)

    async def login(self, username: str, password: str) -> Login:
        self._call("login", username, password)
        return Login(token="t" * 40, user=User(id=1, username=username))

    async def list_sessions(self, page: int = 1, page_size: int = 20) -> SessionPage:
        self._call("list_sessions", page)
        if self.not_found_past is not None and page > self.not_found_past:
            raise NotFound("Invalid page.")
        start = (page - 1) * page_size
        found = tuple(self.sessions[start : start + page_size])
        return SessionPage(count=len(self.sessions), page=page, page_size=page_size, results=found)

    async def get_session(self, session_id: str) -> SessionDetail:
        self._call("get_session", session_id)
        session = next(one for one in self.sessions if one.id == session_id)
        messages = (
            Message(id=1, role="salesperson", message="在庫はどのように管理されていますか。", sequence=1),
            Message(id=2, role="customer", message="今は表計算ソフトで、手で数えています。", sequence=2),
        )
        facts = {name: getattr(session, name) for name in Session.__struct_fields__}
        return SessionDetail(**facts, messages=messages)

    async def start_session(self, new: Any) -> Session:
        self._call("start_session", new)
        session = make_session(len(self.sessions) + 1, industry=new.industry or "")
        self.sessions.insert(0, session)
        return session

    async def finish_session(self, session_id: str) -> FinishedSession:
        self._call("finish_session", session_id)
        return FinishedSession(session_id=session_id, report_id=1, spin_scores={"total": 72})


@dataclass
class FakeRelay:
    """A conversation that says what a test puts into ``script``."""

    script: list[StreamEvent] = field(default_factory=list)
    sent: list[Command] = field(default_factory=list)
    on_stop: list[StreamEvent] = field(default_factory=list)
    ended: bool = False
    config: Any = None
    log_path: Path | None = None

    def drain(self) -> list[StreamEvent]:
        events, self.script = self.script, []
        return events

    async def send(self, command: Command) -> None:
        self.sent.append(command)

    async def stop(self) -> None:
        self.script += self.on_stop
        self.ended = True


@dataclass
class FakeCheck:
    """An acceptance run that tells what a test wants: ``tell`` events, then ``end`` it."""

    requests: list[Any] = field(default_factory=list)
    kept: list[RunResult] = field(default_factory=list)
    exported: list[RunResult] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    on_abort: list[ProgressEvent] = field(default_factory=list)
    fail: dict[str, Exception] = field(default_factory=dict)
    changes: Comparison | None = None
    operator: Any = None
    _emit: Any = None
    _over: asyncio.Event | None = None

    async def run(self, request: Any, emit: Any, operator: Any) -> None:
        self.requests.append(request)
        self._emit, self.operator, self._over = emit, operator, asyncio.Event()
        try:
            await self._over.wait()
            if "run" in self.fail:
                raise self.fail["run"]
        except asyncio.CancelledError:
            self.tell(*self.on_abort)
            raise

    @property
    def running(self) -> bool:
        return self._over is not None and not self._over.is_set()

    def tell(self, *events: ProgressEvent) -> None:
        for event in events:
            self._emit(event)

    def end(self, *events: ProgressEvent) -> None:
        self.tell(*events)
        assert self._over is not None
        self._over.set()


@dataclass
class FakePlayer:
    """A loudspeaker that says what a test puts into ``script``."""

    script: list[Any] = field(default_factory=list)
    told: list[Any] = field(default_factory=list)
    stopped: bool = False

    def tell(self, command: Any) -> None:
        self.told.append(command)

    def drain(self) -> list[Any]:
        said, self.script = self.script, []
        return said

    async def stop(self) -> None:
        self.stopped = True


class FakeServices(Services):
    """What the app reaches outside the screen, faked except for the sample recordings."""

    def __init__(self) -> None:
        super().__init__()
        self.server = FakeClient()
        self.relay = FakeRelay()
        self.check = FakeCheck()
        self.player = FakePlayer()
        self.player_asked: list[tuple[Path, str]] = []
        self.documents = Path("/documents")
        self.microphones: tuple[str, ...] = ()
        self.speakers: tuple[str, ...] = ()
        self.asked: list[tuple[str, bool]] = []
        self.now = 100.0
        self.in_tmux = False
        self.copied = ""
        self.expired: list[int] = []
        """How many recordings each clearing removes."""

    def client(self, server_url: str, *, token: str | None = None, insecure: bool = False) -> Any:
        self.asked.append((server_url, insecure))
        return self.server

    async def start_relay(self, config: Any, log_path: Path) -> FakeRelay:
        self.relay.config, self.relay.log_path = config, log_path
        return self.relay

    async def devices(self) -> Devices:
        problem = None if self.microphones else "no_device"
        return Devices(microphones=self.microphones, speakers=self.speakers, problem=problem)

    async def run_check(self, request: Any, emit: Any, operator: Any) -> Any:
        await self.check.run(request, emit, operator)

    async def keep_result(self, result: RunResult, state_directory: Path) -> Comparison | None:
        if "keep" in self.check.fail:
            raise self.check.fail["keep"]
        self.check.kept.append(result)
        return self.check.changes

    async def export_result(self, result: RunResult) -> Path:
        if "export" in self.check.fail:
            raise self.check.fail["export"]
        self.check.exported.append(result)
        return Path("/reports") / result.id

    async def expire_recordings(self, settings: ConsoleSettings) -> int:
        return self.expired.pop(0) if self.expired else 0

    async def start_player(self, directory: Path, sink: str, state_directory: Path) -> FakePlayer:
        self.player_asked.append((directory, sink))
        return self.player

    async def export_recording(self, directory: Path, suffix: str) -> Path:
        return await asyncio.to_thread(export_recording, directory, suffix, self.documents)

    async def into_tmux(self, text: str) -> bool:
        self.copied = text
        return self.in_tmux

    def monotonic(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Tests read English unless they say otherwise; the language is process-wide."""
    before = i18n.language()
    i18n.set_language("en")
    yield
    i18n.set_language(before)


@pytest.fixture(autouse=True)
def same_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A blinking cursor would make every other snapshot differ, and so would whose terminal the tests run in."""
    monkeypatch.setattr(Input, "_toggle_cursor", lambda _self: None)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("COLORTERM", "truecolor")


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pause meant for people is short, and a whole test run's garbage is not collected with every screen."""
    monkeypatch.setattr(sessions, "DETAIL_DELAY_S", 0.02)
    # Pilot takes 20 ms with next to no work for idle; what the tests wait for, they wait for by ``until``.
    monkeypatch.setattr("textual._wait.SLEEP_GRANULARITY", 1 / 200)
    monkeypatch.setattr("textual._wait.SLEEP_IDLE", 1 / 1000)
    still = dict.fromkeys(("collect", "freeze", "unfreeze"), lambda: 0)
    thresholds = {name: getattr(gc, name) for name in ("get_threshold", "set_threshold")}
    monkeypatch.setattr(collector, "gc", SimpleNamespace(**still, **thresholds))
    monkeypatch.setattr(conversation, "TICK_S", 0.02)
    monkeypatch.setattr(acceptance, "TICK_S", 0.02)


@pytest.fixture(autouse=True, scope="module")
def rare_collections() -> Iterator[None]:
    """Screens make objects by the hundred thousand: collecting after every 700 takes a fifth of the tests' time."""
    thresholds = gc.get_threshold()
    gc.set_threshold(20_000, 5, 20)
    gc.freeze()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


@pytest.fixture
def services() -> FakeServices:
    """Fakes to be set up before the app is made."""
    return FakeServices()


@pytest.fixture
def make_app(services: FakeServices, tmp_path: Path) -> Callable[..., SalesMindApp]:
    """Makes an app on ``services``; keywords are settings. ``logged_in=True`` starts at the sessions."""

    def make(*, logged_in: bool = False, **settings: Any) -> SalesMindApp:
        settings.setdefault("server_url", "http://127.0.0.1:8000")
        app = SalesMindApp(ConsoleSettings(state_directory=tmp_path, **settings), services)
        if logged_in:
            app.account = ServerAccount("http://127.0.0.1:8000", "admin", "t" * 40)
        return app

    return make


@pytest.fixture
def session_of() -> Callable[..., Session]:
    """Makes sessions."""
    return make_session


@pytest.fixture
def record(tmp_path: Path, scripted: ModuleType) -> Callable[..., Path]:
    """Writes a recording where the console looks for them; ``how``: that of its manifest, else as it ended."""

    def write(
        name: str = "20261122-a",
        events: list[StreamEvent] | None = None,
        *,
        cut_off: bool = False,
        **facts: Any,
    ) -> Path:
        begun = Manifest(
            id="",
            **{
                "started_at": "2026-11-22T10:05:00+00:00",
                "server_url": "http://127.0.0.1:8000",
                "session_id": scripted.SESSION_ID,
                "versions": {"salesmind": "0.1.0"},
            }
            | facts,
        )
        failures: list[OSError] = []
        directory = tmp_path / "recordings" / name
        recorder = Recorder(directory, 0.0, failures.append, begun)
        for event in scripted.talk() + scripted.end() if events is None else events:
            recorder.event(event)
        recorder.user_audio(b"\x00\x20\x00\xe0" * 12_000, 5.0)
        recorder.finish()
        assert not failures
        if cut_off:
            written = decode((directory / "manifest.json").read_bytes())
            (directory / "manifest.json").write_bytes(encode(replace(written, ended=None, sha256={})))
        return directory

    return write


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    """Waits for a state of the app; fails when it does not come."""

    async def wait(pilot: Any, condition: Callable[[], object], seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "the awaited state did not come"
            await asyncio.sleep(0.005)
        await pilot.pause()

    return wait


@pytest.fixture
def burst() -> Callable[..., None]:
    """Presses a key several times in one breath, as a held key or a slow line does."""

    def press(app: SalesMindApp, key: str, times: int = 2) -> None:
        for _ in range(times):
            app.post_message(Key(key, None))

    return press


def _beside(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def scripted() -> ModuleType:
    """Conversations as the relay would tell them (``scripted.py`` beside this file)."""
    return _beside("scripted")


@pytest.fixture(scope="session")
def scripted_check() -> ModuleType:
    """Acceptance runs as the runner would tell them (``scripted_check.py`` beside this file)."""
    return _beside("scripted_check")


@pytest.fixture(scope="session")
def prepared_faults(scripted: ModuleType) -> ModuleType:
    """Conversations with one fault each (``prepared_faults.py`` beside this file, which imports ``scripted``)."""
    sys.modules.setdefault("scripted", scripted)
    return _beside("prepared_faults")
