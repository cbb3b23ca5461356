"""What the console reaches outside the screen, faked: the server, the relay, an acceptance run."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from acceptance.comparison import Comparison
from acceptance.progress import ProgressEvent
from acceptance.results import RunResult
from api_client.errors import ApiError, NotFound
from api_client.models import (
    FinishedSession,
    Health,
    Login,
    Message,
    Report,
    Session,
    SessionDetail,
    SessionPage,
    User,
)
from relay.commands import Command
from relay.stream import StreamEvent
from tui.host.devices import Devices
from tui.host.recordings import export_recording
from tui.host.scenarios import Shelf
from tui.host.services import Services
from tui.settings import ConsoleSettings

WHEN = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)


REPORT = Report(
    id=1,
    spin_scores={"total": 44, "exploration": 15, "implication": 5, "situation": 25, "problem": 12},
    feedback="状況をよく聞けています。",
    next_actions="影響についても質問しましょう。",
    scoring_details={"maximum": {"total": 100, "dimension": 20, "stage": 25}},
)


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
            Message(
                id=1,
                role="salesperson",
                message="在庫はどのように管理されていますか。",
                sequence=1,
                spin_stage="S",
                success_delta=3,
                stage_evaluation="advance",
            ),
            Message(id=2, role="customer", message="今は表計算ソフトで、手で数えています。", sequence=2),
        )
        facts = {name: getattr(session, name) for name in Session.__struct_fields__}
        report = None if session.status != "finished" else REPORT
        return SessionDetail(**facts, messages=messages, report=report)

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


@dataclass
class FakeSoundcheck(FakePlayer):
    """Sound devices that say what a test puts into ``script``."""


class FakeServices(Services):
    """What the app reaches outside the screen, faked except for the sample recordings."""

    def __init__(self) -> None:
        super().__init__()
        self.server = FakeClient()
        self.relay = FakeRelay()
        self.check = FakeCheck()
        self.microphones: tuple[str, ...] = ()
        self.speakers: tuple[str, ...] = ()
        self.asked: list[tuple[str, bool]] = []
        self.now = 100.0
        self.in_tmux = False
        self.copied = ""
        self.expired: list[int] = []
        """How many recordings each clearing removes."""
        self.player = FakePlayer()
        self.player_asked: list[tuple[Path, str]] = []
        self.documents = Path("/documents")
        self.shelf = Shelf(())
        self.soundcheck = FakeSoundcheck()

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

    def scenario_folder(self) -> Path:
        return Path("/documents/SalesMind/scenarios")

    async def scenarios(self) -> Shelf:
        return self.shelf

    async def run_scenarios(self, request: Any, emit: Any) -> Any:
        await self.check.run(request, emit, None)

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

    async def into_tmux(self, text: str) -> bool:
        self.copied = text
        return self.in_tmux

    def monotonic(self) -> float:
        return self.now

    async def start_player(self, directory: Path, sink: str, state_directory: Path) -> FakePlayer:
        self.player_asked.append((directory, sink))
        return self.player

    async def start_soundcheck(self, state_directory: Path) -> FakeSoundcheck:
        return self.soundcheck

    async def export_recording(self, directory: Path, suffix: str) -> Path:
        return await asyncio.to_thread(export_recording, directory, suffix, self.documents)
