"""The engine as a server: a WebSocket at ``/v1/realtime`` that stands where OpenAI's stands."""

from __future__ import annotations

import asyncio
import contextlib
import http
import importlib.util
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from backend.engine.connection import BETA_REFUSED, Connection
from backend.engine.dialogue import Dialogue
from backend.engine.outbox import Outbox
from backend.engine.persona import PersonaError
from backend.engine.persona_file import load_personas
from backend.engine.protocol import ProtocolError
from backend.engine.session import DEFAULT_MODEL, new_session
from backend.engine.transcription import Transcriber, WhisperTranscriber, make_transcriber

log = logging.getLogger(__name__)

PATH = "/v1/realtime"
MAX_MESSAGE_BYTES = 24 * 1024 * 1024
"""15 MiB of audio as base64, and its envelope."""
_CLOSE_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How the engine is run; the same as the options of ``salesmind engine``."""

    host: str = "127.0.0.1"
    port: int = 8790
    pace: float = 6.0
    transcription: bool = True
    stop_on_eof: bool = False
    verbose: bool = False


@contextlib.asynccontextmanager
async def serving(options: EngineOptions, transcriber: Transcriber | None = None) -> AsyncIterator[str]:
    """Serve while the context lasts; gives the URL. Raises ``PersonaError`` and ``OSError``.

    ``transcriber`` replaces the one that the options call for.
    """
    personas = load_personas()
    hears = transcriber or make_transcriber(options.transcription)

    async def handle(socket: ServerConnection) -> None:
        request = socket.request
        query = parse_qs(urlsplit(request.path).query) if request else {}
        model = query.get("model", [DEFAULT_MODEL])[0]
        connection = Connection(socket, Dialogue(new_session(model), Outbox(), hears, personas, options.pace))
        if request and "realtime=v1" in request.headers.get("OpenAI-Beta", ""):
            message = "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API."
            await connection.refuse(ProtocolError("beta_api_shape_disabled", message), BETA_REFUSED)
            return
        log.info("session opened for model %s", model)
        await connection.run()
        log.info("session closed (%s)", socket.close_code)

    try:
        async with serve(
            handle,
            options.host,
            options.port,
            process_request=_route,
            compression=None,  # base64 audio shrinks little and costs much
            max_size=MAX_MESSAGE_BYTES,
            close_timeout=_CLOSE_TIMEOUT_S,
        ) as server:
            host = f"[{options.host}]" if ":" in options.host else options.host
            port = next(iter(server.sockets)).getsockname()[1]
            yield f"ws://{host}:{port}{PATH}"
    finally:
        if isinstance(hears, WhisperTranscriber) and transcriber is None:
            hears.close()


def _route(socket: ServerConnection, request: Request) -> Response | None:
    if urlsplit(request.path).path.rstrip("/") != PATH:
        return socket.respond(http.HTTPStatus.NOT_FOUND, f"The engine serves {PATH} only.\n")
    return None


def run(options: EngineOptions) -> int:
    """Print ``{"url": ...}`` and serve until SIGTERM, SIGINT or the end of input. Returns the exit code."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("websockets").setLevel(logging.WARNING)  # its debug lines show the Authorization header
    if importlib.util.find_spec("earshot") is None:
        return _refuse("voice detection is not installed: pip install 'salesmind-console[server]'")
    try:
        asyncio.run(_serve_until_told(options))
    except PersonaError as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f"cannot listen on {options.host}:{options.port}: {error.strerror or error}")
    return 0


def _refuse(reason: str) -> int:
    sys.stderr.write(f"engine: {reason}\n")
    return 2


async def _serve_until_told(options: EngineOptions) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    _on_signal(loop, stopped.set)
    if options.stop_on_eof:
        _on_end_of_input(lambda: loop.call_soon_threadsafe(stopped.set))
    async with serving(options) as url:
        sys.stdout.write(json.dumps({"url": url}) + "\n")
        sys.stdout.flush()
        log.info("listening on %s", url)
        await asyncio.to_thread(_warm_up)
        await stopped.wait()
        log.info("stopping")


def _warm_up() -> None:
    """Import what the first turn needs, so that the first turn does not wait for it."""
    import soundfile  # noqa: F401

    from backend.engine.vad import SpeechScorer

    SpeechScorer()


def _on_signal(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))


def _on_end_of_input(stop: Callable[[], object]) -> None:
    """Call ``stop`` when standard input closes: the parent holds its other end, and has gone."""

    def wait() -> None:
        while os.read(0, 4_096):
            pass
        with contextlib.suppress(RuntimeError):  # the loop has ended on its own
            stop()

    threading.Thread(target=wait, name="end-of-input", daemon=True).start()
