"""``salesmind serve``: the SalesMind server in one process, with its database and its offline engine.

Standard output carries one line, ``{"url": ...}``, printed when the server answers. Progress and failures
are reported by code to the caller, who has the words for people.
"""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import IO, TYPE_CHECKING, Any

from backend import serve_options
from backend.serve_options import Progress, ServeError, ServeOptions

if TYPE_CHECKING:
    import uvicorn

    from backend.engine_process import EngineProcess

__all__ = ["ServeError", "ServeOptions", "run"]

GRACE_S = 5
"""How long open requests may take when the server stops."""
HARD_LIMIT_FACTOR = 4
"""Messages up to this many times the limit are read, so that they can be refused with a reason in the
client's language; longer ones are refused by the WebSocket library."""


def run(options: ServeOptions, progress: Progress) -> int:
    """Serve until SIGTERM (returns 0) or SIGINT (130). Raises ``ServeError`` when it cannot begin."""
    password = serve_options.new_admin_password(options)
    loopback = serve_options.is_loopback(options.host)
    with serve_options.bind(options.host, options.port) as listener:
        serve_options.configure(options, loopback)
        from backend import logs
        from backend.preparation import Preparation

        preparation = Preparation(password, loopback, progress)
        try:
            records = logs.start(options.log)
        except OSError as failure:
            raise ServeError(
                "log_unwritable",
                f"The log file cannot be written: {failure.strerror}.",
                path=str(options.log),
            ) from None
        try:
            preparation.migrate()
            preparation.settle_leases()
            server = _make_server(listener, progress)
            preparation.settle_accounts()
            _give_up_stalled_sockets(listener)
            return asyncio.run(_serve(server, options, listener, progress))
        finally:
            records.stop()


def _give_up_stalled_sockets(listener: socket.socket) -> None:
    """Have the kernel drop clients that take nothing for as long as the relay waits for them.

    Closing a socket waits until everything in it is sent, so one whose client reads nothing would be kept, with
    megabytes, for as long as that client lives. What is accepted inherits the option.
    """
    from django.conf import settings

    if hasattr(socket, "TCP_USER_TIMEOUT"):
        stall_ms = int(settings.SALESMIND_STALL_SECONDS * 1000)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, stall_ms)


async def _serve(server: Any, options: ServeOptions, listener: socket.socket, progress: Progress) -> int:
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
    from backend.engine_process import COMMAND, EngineProcess
    from backend.spin import upstream

    log_file = options.log.open("ab") if options.log else None
    progress("engine_starting", {})
    command = (*COMMAND, *options.engine_arguments)
    engine = EngineProcess(command, log=log_file, on_ready=lambda url: progress("engine_ready", {"url": url}))
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
