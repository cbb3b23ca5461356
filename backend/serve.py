"""``salesmind serve``: the SalesMind server in one process, with its database and its offline engine.

Standard output carries one line, ``{"url": ...}``, printed when the server answers. Progress and failures
are reported by code to the caller, who has the words for people.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from backend import accounts

if TYPE_CHECKING:
    import uvicorn

    from backend.engine_process import EngineProcess

Step = Literal["migrating", "demo_account", "engine_starting", "engine_ready", "ready", "stopping"]
Progress = Callable[[str, dict[str, str]], None]
"""Called with a ``Step`` or the code of a warning, and the values for its words."""

GRACE_S = 5
"""How long open requests may take when the server stops."""
HARD_LIMIT_FACTOR = 4
"""Messages up to this many times the limit are read, so that they can be refused with a reason in the
client's language; longer ones are refused by the WebSocket library."""


class ServeError(Exception):
    """The server cannot start. ``code`` is stable; the message says in English what to do."""

    def __init__(self, code: str, message: str, **params: str) -> None:
        super().__init__(message)
        self.code = code
        self.params = params


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """What ``salesmind serve`` was told."""

    host: str = "127.0.0.1"
    port: int = 8000
    """0: any free one."""
    upstream: str = "engine"
    """``engine``, ``openai`` or the URL of a Realtime endpoint."""
    model: str | None = None
    database: Path | None = None
    data_directory: Path | None = None
    log: Path | None = None
    admin_password_variable: str | None = None
    """Name of the environment variable that holds a new password for the administrator."""


def run(options: ServeOptions, progress: Progress) -> int:
    """Serve until SIGTERM (returns 0) or SIGINT (130). Raises ``ServeError`` when it cannot begin."""
    password = _new_admin_password(options)
    loopback = _is_loopback(options.host)
    listener = _bind(options.host, options.port)
    with listener:
        _configure(options, loopback)
        hashing = _HashedPassword(password or accounts.DEMO_PASSWORD)
        from backend import logs

        try:
            records = logs.start(options.log)
        except OSError as failure:
            raise ServeError(
                "log_unwritable",
                f"The log file cannot be written: {failure.strerror}.",
                path=str(options.log),
            ) from None
        try:
            _prepare_database(hashing, password, loopback, progress)
            return asyncio.run(_serve(options, listener, progress))
        finally:
            records.stop()


# --- before anything is started ----------------------------------------------------------------------------


def _new_admin_password(options: ServeOptions) -> str | None:
    name = options.admin_password_variable
    if name is None:
        return None
    password = os.environ.get(name, "")
    if len(password) < 8 or password == accounts.DEMO_PASSWORD:
        raise ServeError(
            "password_too_weak",
            f"The environment variable {name} must hold a password of at least 8 characters, not the demo one.",
            variable=name,
        )
    return password


def _is_loopback(host: str) -> bool:
    try:
        return accounts.is_loopback(host)
    except OSError:
        raise ServeError(
            "host_unknown", f"There is no address for the host name {host}.", host=host
        ) from None


def _bind(host: str, port: int) -> socket.socket:
    """A bound socket, listening only once the server is ready. Raises ``ServeError``."""
    family, _kind, _protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # A second server with SO_REUSEADDR may bind as long as nobody listens; the queue is ours from here.
        listener.listen(128)
    except OSError as failure:
        listener.close()
        raise ServeError(
            "port_unavailable",
            f"{host} port {port} cannot be used: {failure.strerror}. Stop what listens there or choose another --port.",
            host=host,
            port=str(port),
            cause=failure.strerror or "",
        ) from None
    return listener


def _upstream_settings(options: ServeOptions) -> dict[str, str]:
    """The environment that an ``--upstream`` means. Raises ``ServeError``."""
    if options.upstream == "engine":
        return {}
    if options.upstream == "openai":
        if not os.environ.get("OPENAI_API_KEY"):
            raise ServeError(
                "openai_key_missing", "--upstream openai needs the environment variable OPENAI_API_KEY."
            )
        return {"SALESMIND_REALTIME_URL": "wss://api.openai.com/v1/realtime"}
    parts = urlsplit(options.upstream)
    if parts.scheme not in {"ws", "wss"} or not parts.hostname:
        raise ServeError(
            "upstream_invalid",
            "--upstream must be engine, openai, or a URL that begins with ws:// or wss://.",
        )
    return {"SALESMIND_REALTIME_URL": options.upstream}


def _configure(options: ServeOptions, loopback: bool) -> None:
    """Turn the options into the environment that ``backend.settings`` reads."""
    environment = _upstream_settings(options)
    if options.model:
        environment["SALESMIND_REALTIME_MODEL"] = options.model
    if options.data_directory:
        environment["SALESMIND_DATA_DIR"] = str(options.data_directory)
    if options.database:
        environment["SALESMIND_DATABASE"] = str(options.database)
        os.environ.pop("SALESMIND_DATABASE_URL", None)  # what was typed goes before what was exported
    if not loopback and "SALESMIND_ALLOWED_HOSTS" not in os.environ:
        # Whoever listens on all addresses cannot be expected to list every name they have.
        environment["SALESMIND_ALLOWED_HOSTS"] = "*"
    os.environ.update(environment)
    os.environ["DJANGO_SETTINGS_MODULE"] = "backend.settings"


# --- the database ------------------------------------------------------------------------------------------


class _HashedPassword:
    """A password hashed in a thread while everything else starts: a quarter of a second on another core."""

    def __init__(self, password: str) -> None:
        self._password = password
        self._encoded = ""
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Start hashing."""
        self._thread = threading.Thread(target=self._hash, name="password", daemon=True)
        self._thread.start()

    def _hash(self) -> None:
        from django.contrib.auth.hashers import make_password

        self._encoded = make_password(self._password)

    def result(self) -> str:
        """The encoded password, when it is there."""
        if self._thread is None:
            self._hash()
        else:
            self._thread.join()
        return self._encoded


def _prepare_database(
    hashing: _HashedPassword, password: str | None, loopback: bool, progress: Progress
) -> None:
    """Migrate, make the first account, and hold back a demo password from the network."""
    from django.core.exceptions import ImproperlyConfigured

    try:
        from django.conf import settings

        name = str(settings.DATABASES["default"]["NAME"])
        embedded = "sqlite" in settings.DATABASES["default"]["ENGINE"]
    except ImproperlyConfigured as wrong:
        raise ServeError("configuration_invalid", str(wrong), cause=str(wrong)) from None
    if embedded:
        _make_directory(Path(name).parent)
        if not Path(name).exists():
            hashing.begin()
    _make_directory(settings.DATA_DIRECTORY)
    import django
    from django.db import DatabaseError, connection

    django.setup()
    try:
        _migrate_and_populate(hashing, password, embedded, progress)
        if not loopback and accounts.demo_password_valid():
            raise ServeError(
                "demo_password_exposed",
                "The demo password admin123 is valid, so the server listens on this machine only. Give the "
                "administrator another one first: --admin-password-env NAME.",
            )
    except DatabaseError as failure:
        raise ServeError(
            "database_unusable",
            f"The database cannot be used: {failure}. Choose another one with --database.",
            path=name if embedded else "",
            cause=str(failure).strip(),
        ) from None
    finally:
        connection.close()


def _migrate_and_populate(
    hashing: _HashedPassword, password: str | None, embedded: bool, progress: Progress
) -> None:
    from backend import migration

    if migration.pending():
        progress("migrating", {})
        migration.migrate()
        if embedded and accounts.create_first_account(hashing.result()) and password is None:
            progress("demo_account", {"username": accounts.DEMO_USERNAME, "password": accounts.DEMO_PASSWORD})
    if password is not None:
        accounts.set_admin_password(password)


def _make_directory(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise ServeError(
            "directory_unwritable",
            f"The directory {directory} cannot be made: {failure.strerror}. Choose another one with --data-dir.",
            path=str(directory),
            cause=failure.strerror or "",
        ) from None


# --- serving -----------------------------------------------------------------------------------------------


async def _serve(options: ServeOptions, listener: socket.socket, progress: Progress) -> int:
    server = _make_server(listener, progress)
    engine: EngineProcess | None = None
    log_file: IO[bytes] | None = None
    if options.upstream == "engine":
        engine, log_file = _make_engine(options, progress)
        server.after_startup = engine.start
    else:
        _warn_of_model(options, progress)
    try:
        await server.serve(sockets=[listener])
    finally:
        progress("stopping", {})
        if engine is not None:
            await engine.stop()
        if log_file is not None:
            log_file.close()
    return 130 if server.received == signal.SIGINT else 0


def _make_engine(options: ServeOptions, progress: Progress) -> tuple[EngineProcess, IO[bytes] | None]:
    from backend.engine_process import EngineProcess
    from backend.spin import upstream

    log_file = options.log.open("ab") if options.log else None
    progress("engine_starting", {})
    engine = EngineProcess(log=log_file, on_ready=lambda url: progress("engine_ready", {"url": url}))
    upstream.resolve_address = engine.address
    return engine, log_file


def _warn_of_model(options: ServeOptions, progress: Progress) -> None:
    from django.conf import settings

    from backend.spin import upstream

    warning = upstream.retirement_warning(settings.SALESMIND_REALTIME_MODEL)
    if options.upstream == "openai" and warning:
        progress("model_retiring", {"model": settings.SALESMIND_REALTIME_MODEL, "warning": warning})


def _make_server(listener: socket.socket, progress: Progress) -> Any:
    import uvicorn
    from django.conf import settings

    from backend.asgi import application

    class Server(uvicorn.Server):
        """Announces itself when it answers, and ends by returning where uvicorn would raise the signal again."""

        after_startup: Callable[[], None] | None = None
        received: int | None = None

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            if self.should_exit:
                return
            _announce(listener, progress)
            if self.after_startup is not None:
                self.after_startup()
            # What is alive now stays: the collector need not walk it in the middle of a conversation.
            gc.collect()
            gc.freeze()

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            def stop(number: int, _frame: FrameType | None) -> None:
                self.force_exit = self.should_exit and number == signal.SIGINT
                self.should_exit = True
                self.received = number

            before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
            try:
                yield
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)

    return Server(_uvicorn_configuration(application, settings.SALESMIND_MAX_MESSAGE_BYTES))


def _uvicorn_configuration(application: Any, max_message_bytes: int) -> uvicorn.Config:
    import uvicorn

    return uvicorn.Config(
        application,
        # sans-I/O: it stops reading the socket until the application has taken the last message, and closes
        # with 1009 and 1012 where they belong. The older "websockets" implementation reads ahead.
        ws="websockets-sansio",
        http="h11",
        loop="asyncio",
        lifespan="on",
        ws_max_size=max_message_bytes * HARD_LIMIT_FACTOR,
        ws_per_message_deflate=False,
        ws_ping_interval=20,
        ws_ping_timeout=30,
        timeout_graceful_shutdown=GRACE_S,
        log_config=None,
        server_header=False,
        # The proxy's word for the client is taken by Django's settings, not by the server.
        proxy_headers=False,
    )


def _announce(listener: socket.socket, progress: Progress) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{port}"
    with suppress(OSError):  # whoever started us may have closed our stdout
        print(json.dumps({"url": url}), flush=True)
    progress("ready", {"url": url})


if __name__ == "__main__":
    sys.exit("Start the server with: salesmind serve")
