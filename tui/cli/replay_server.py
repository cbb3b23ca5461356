"""`salesmind replay --as-server`: a recording as the server that it was made from."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from api_client.harmless import one_line
from tui.cli.group import reject
from tui.cli.recorded_runs import cannot
from tui.cli.server_extra import require_server
from tui.exit_codes import ExitCode
from tui.i18n import _

if TYPE_CHECKING:
    from recordings.library import Entry
    from recordings.serving import RecordedServer

HOST = "127.0.0.1"
"""What was said in a recording is nobody else's business."""


def serve(entry: Entry, port: int, speed: float) -> ExitCode:
    """Serve it until told to stop. Raises ``Exit`` after saying why it cannot be served."""
    require_server(("uvicorn",))
    from recordings.serving import NothingToServe, RecordedServer
    from relay.recording.reader import NoRecording, RecordingReader

    try:
        application = RecordedServer(RecordingReader(entry.directory), speed=speed)
    except NothingToServe:
        sentence = _(
            "The recording {run} holds no messages of a server (version 0.1 kept none), so it cannot be served."
        )
        raise reject(sentence.format(run=one_line(entry.name))) from None
    except (NoRecording, OSError, ValueError) as error:
        raise cannot(_("The recording {run} cannot be read: {reason}"), entry.name, error) from None
    with _bound(port) as listener:
        return asyncio.run(_run(application, listener, entry))


def _bound(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        sentence = _("Port {port} cannot be used: {reason}. Choose another --port.")
        raise reject(sentence.format(port=port, reason=error.strerror)) from None
    return listener


async def _run(application: RecordedServer, listener: socket.socket, entry: Entry) -> ExitCode:
    import uvicorn

    url = f"http://{HOST}:{listener.getsockname()[1]}"

    class Server(uvicorn.Server):
        """Announces itself when it answers, and ends by returning where uvicorn would raise the signal again."""

        received: int | None = None

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            click.echo(json.dumps({"url": url}))
            words = _("{run} is served at {url}. Any user name and password will do; ctrl+c ends it.")
            click.echo(words.format(run=one_line(entry.name), url=url), err=True)

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            def stop(number: int, _frame: FrameType | None) -> None:
                self.force_exit = self.should_exit
                self.should_exit = True
                self.received = number

            before: dict[int, Any] = {
                number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)
            }
            try:
                yield
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)

    config = uvicorn.Config(
        application,
        ws="websockets-sansio",
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=2,
    )
    server = Server(config)
    await server.serve(sockets=[listener])
    return ExitCode.INTERRUPTED if server.received == signal.SIGINT else ExitCode.OK
