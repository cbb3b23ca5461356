"""The engine as a server: a WebSocket at ``/v1/realtime`` that stands where OpenAI's stands."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import logging
import os
import signal
import ssl
import sys
import threading
from collections.abc import AsyncIterator, Callable

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request

from backend.engine.admission import (
    CONTROL_PATH,
    PATH,
    Admission,
    path_of,
    query_of,
    subprotocol,
)
from backend.engine.client_secrets import ClientSecrets
from backend.engine.connection import Connection
from backend.engine.control import serve_control
from backend.engine.dialogue import Dialogue
from backend.engine.doorway import Doorman, Doorway
from backend.engine.http_api import HttpApi
from backend.engine.mind import Mind
from backend.engine.misbehaviour import FaultPlan
from backend.engine.options import EngineOptions, OptionsError
from backend.engine.outbox import Outbox
from backend.engine.persona import Persona, PersonaError
from backend.engine.persona_file import load_personas
from backend.engine.session import DEFAULT_MODEL, Session, new_session, session_of
from backend.engine.transcription import Transcriber, WhisperTranscriber, make_transcriber
from backend.engine.voice import LocalVoice, Voice
from backend.tls import CertificateError, server_context

log = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 24 * 1024 * 1024
"""15 MiB of audio as base64, and its envelope. A longer message ends the connection with 1009."""
OPEN_TIMEOUT_S = 10.0
"""From the connection to the end of the handshake, or of a plain request: sockets that stay idle are dropped."""
_CLOSE_TIMEOUT_S = 1.0


@contextlib.asynccontextmanager
async def serving(
    options: EngineOptions, transcriber: Transcriber | None = None, voice: Voice | None = None
) -> AsyncIterator[str]:
    """Serve while the context lasts; gives the URL. Raises ``PersonaError``, ``OptionsError`` and ``OSError``.

    ``transcriber`` and ``voice`` replace those that the options call for.
    """
    personas = _personas(options)
    plan = FaultPlan(options.faults)
    secrets = ClientSecrets()
    admission = Admission(plan, options, secrets)
    tls = _tls(options)
    with contextlib.ExitStack() as closing:
        hears = transcriber or make_transcriber(options.transcription, options.whisper)
        if isinstance(hears, WhisperTranscriber) and transcriber is None:
            closing.callback(hears.close)
        mind = Mind(options.mind) if options.mind else None
        speaks = voice or closing.enter_context(contextlib.closing(LocalVoice()))

        async def handle(socket: ServerConnection) -> None:
            request = socket.request
            if request is not None and path_of(request) == CONTROL_PATH:
                await serve_control(socket, plan)
                return
            session = _session(request, admission, options)
            dialogue = Dialogue(
                session, Outbox(), hears, personas, speaks, options.pace, mind, strict=not options.lenient
            )
            number = admission.number_of(socket)
            connection = Connection(socket, dialogue, max_age_s=options.max_age_s, plan=plan, number=number)
            if objection := admission.objection(request):
                log.info("client refused: %s", objection[0].code)
                await connection.refuse(*objection)
                return
            log.info("session opened for model %.64r", dialogue.session.get("model"))
            admission.sessions += 1
            try:
                await connection.run()
            finally:
                admission.sessions -= 1
            log.info("session closed (%s)", socket.close_code)

        doorman = Doorman(HttpApi(admission, secrets, options).answer)
        async with serve(
            handle,
            options.host,
            options.port,
            ssl=tls,
            create_connection=_door(doorman),
            open_timeout=OPEN_TIMEOUT_S,
            process_request=admission.route,
            process_response=admission.settle,
            select_subprotocol=subprotocol,
            compression=None,  # base64 audio shrinks little and costs much
            max_size=MAX_MESSAGE_BYTES,
            close_timeout=_CLOSE_TIMEOUT_S,
        ) as server:
            host = f"[{options.host}]" if ":" in options.host else options.host
            port = next(iter(server.sockets)).getsockname()[1]
            try:
                yield f"{'wss' if tls else 'ws'}://{host}:{port}{PATH}"
            finally:
                doorman.send_away()
                if mind is not None:
                    await mind.close()


def _door(doorman: Doorman) -> type[Doorway]:
    """The class that ``serve`` makes its connections of."""
    return type("EngineDoorway", (Doorway,), {"doorman": doorman})


def _tls(options: EngineOptions) -> ssl.SSLContext | None:
    try:
        return server_context(options.tls_certificate, options.tls_key)
    except CertificateError as error:
        raise OptionsError(str(error)) from error


def _personas(options: EngineOptions) -> dict[str, Persona]:
    personas = load_personas(options.personas)
    if options.persona is None:
        return personas
    if options.persona not in personas:
        known = ", ".join(personas)
        raise OptionsError(f"--persona {options.persona}: there is no such persona; there are {known}")
    return {options.persona: personas[options.persona]}


def _session(request: Request | None, admission: Admission, options: EngineOptions) -> Session:
    if secret := admission.secret_of(request):
        return session_of(secret.settings, options.max_age_s, strict=not options.lenient)
    query = query_of(request) if request else {}
    kind = "transcription" if query.get("intent") == ["transcription"] else "realtime"
    return new_session(query.get("model", [DEFAULT_MODEL])[0], options.max_age_s, kind=kind)


def run(options: EngineOptions) -> int:
    """Print ``{"url": ...}``, with ``control`` where that is wanted, and serve until told to stop.

    SIGTERM, SIGINT and, where the options say so, the end of input tell. Returns the exit code.
    """
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for library in ("websockets", "httpx", "httpcore"):
        logging.getLogger(library).setLevel(
            logging.WARNING
        )  # their debug lines show the Authorization header
    if importlib.util.find_spec("earshot") is None:
        return _refuse("voice detection is not installed: pip install 'salesmind-console[server]'")
    try:
        asyncio.run(_serve_until_told(options))
    except (PersonaError, OptionsError) as error:
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
        addresses = {"url": url}
        if options.control:
            addresses["control"] = url.removesuffix(PATH) + CONTROL_PATH
        sys.stdout.write(json.dumps(addresses) + "\n")
        sys.stdout.flush()
        log.info("listening on %s", url)
        if options.mind is not None:
            log.info("the model %s thinks for the customers", options.mind.model)
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
