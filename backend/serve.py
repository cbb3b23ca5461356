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
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any

from backend import serve_options
from backend.serve_options import Progress, ServeError, ServeOptions

if TYPE_CHECKING:
    import uvicorn

    from backend.engine_process import EngineProcess

__all__ = ["ServeError", "ServeOptions", "run"]

GRACE_S = 5
"""How long open requests may take when the server stops."""
WAITING_CONNECTIONS = 2048
"""Connections that the kernel holds until they are accepted."""
SWITCH_S = 0.001
"""How long the threads for the database and the log may keep the interpreter while the event loop has work."""
HARD_LIMIT_FACTOR = 4
"""Messages up to this many times the limit are read, so that they can be refused with a reason in the
client's language; longer ones are refused by the WebSocket library."""


def run(options: ServeOptions, progress: Progress) -> int:
    """Serve until SIGTERM (returns 0) or SIGINT (130). Raises ``ServeError`` if it cannot start."""
    password = serve_options.new_admin_password(options)
    serve_options.check_tls(options)
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
            server = _make_server(listener, progress, options)
            preparation.settle_accounts()
            _give_up_stalled_sockets(listener)
            sys.setswitchinterval(SWITCH_S)
            with asyncio.Runner(loop_factory=_new_loop) as runner:
                return runner.run(_serve(server, options, listener, progress))
        finally:
            records.stop()


def _give_up_stalled_sockets(listener: socket.socket) -> None:
    """Have the kernel drop clients that read nothing for as long as the relay waits for them.

    Closing a socket waits until everything in it is sent, so one whose client reads nothing would be kept, with
    megabytes, for as long as that client lives. What is accepted inherits the option.
    """
    from django.conf import settings

    if hasattr(socket, "TCP_USER_TIMEOUT"):
        stall_ms = int(settings.SALESMIND_STALL_SECONDS * 1000)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, stall_ms)


def _new_loop() -> asyncio.AbstractEventLoop:
    """uvloop's if available: a tenth less CPU per conversation (``benchmarks/server.py``)."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def _serve(server: Any, options: ServeOptions, listener: socket.socket, progress: Progress) -> int:
    engine: EngineProcess | None = None
    from backend import protocols

    asyncio.get_running_loop().set_exception_handler(protocols.ExhaustionLog())
    if options.upstream == "engine":
        engine = _make_engine(options, progress)
        server.after_startup = engine.start
    else:
        _warn_of_model(options, progress)
    try:
        await server.serve(sockets=[listener])
    finally:
        progress("stopping", {})
        if engine is not None:
            await engine.stop()
    return 130 if server.received == signal.SIGINT else 0


def _make_engine(options: ServeOptions, progress: Progress) -> EngineProcess:
    from backend import logs
    from backend.engine_process import COMMAND, EngineProcess
    from backend.spin import upstream

    log = logs.pass_on if options.log else None
    progress("engine_starting", {})
    command = (*COMMAND, *options.engine_arguments)
    engine = EngineProcess(command, log=log, on_ready=lambda url: progress("engine_ready", {"url": url}))
    upstream.resolve_address = engine.address
    return engine


def _warn_of_model(options: ServeOptions, progress: Progress) -> None:
    from django.conf import settings

    from backend.spin import upstream

    warning = upstream.retirement_warning(settings.SALESMIND_REALTIME_MODEL)
    if options.upstream == "openai" and warning:
        progress("model_retiring", {"model": settings.SALESMIND_REALTIME_MODEL, "warning": warning})


def _make_server(listener: socket.socket, progress: Progress, options: ServeOptions) -> Any:
    import uvicorn

    from backend.asgi import application

    class Server(uvicorn.Server):
        """Announces itself when it answers, and ends by returning where uvicorn would raise the signal again."""

        after_startup: Callable[[], None] | None = None
        received: int | None = None

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            if self.should_exit:
                return
            listener.listen(WAITING_CONNECTIONS)
            _announce(listener, progress, "https" if options.tls_certificate else "http")
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

    return Server(_uvicorn_configuration(application, options))


def _uvicorn_configuration(application: Any, options: ServeOptions) -> uvicorn.Config:
    import uvicorn
    from django.conf import settings

    from backend import connection_limits, protocols

    limits = connection_limits.ConnectionLimits.within(
        connection_limits.raise_descriptor_limit(),
        settings.SALESMIND_MAX_CONNECTIONS,
        settings.SALESMIND_ADDRESS_CONNECTIONS,
    )
    http_protocol, websocket_protocol = protocols.guarded_protocols(
        protocols.Doors(limits, tell_addresses_apart=not settings.BEHIND_PROXY),
        settings.SALESMIND_STALL_SECONDS,
    )
    return uvicorn.Config(
        application,
        ssl_certfile=options.tls_certificate,
        ssl_keyfile=options.tls_key,
        # sans-I/O: it stops reading the socket until the application has taken the last message, and closes
        # with 1009 and 1012 where they belong. The older "websockets" implementation reads ahead.
        ws=websocket_protocol,
        http=http_protocol,
        # How many asyncio accepts in one go. When descriptors run out it goes on for as many, logs each failure
        # and doubles its attempts; the kernel's queue is set by listen().
        backlog=1,
        loop="asyncio",
        lifespan="on",
        ws_max_size=settings.SALESMIND_MAX_MESSAGE_BYTES * HARD_LIMIT_FACTOR,
        ws_per_message_deflate=False,
        ws_ping_interval=protocols.PING_INTERVAL_S,
        ws_ping_timeout=protocols.VANISHED_S,
        timeout_graceful_shutdown=GRACE_S,
        log_config=None,
        server_header=False,
        # The proxy's word for the client is taken by Django's settings, not by the server.
        proxy_headers=False,
    )


def _announce(listener: socket.socket, progress: Progress, scheme: str) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    url = f"{scheme}://{shown}:{port}"
    with suppress(OSError):  # whoever started us may have closed our stdout
        print(json.dumps({"url": url}), flush=True)
    progress("ready", {"url": url})
