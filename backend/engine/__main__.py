"""``python -m backend.engine``: the engine as a separate process, as the SalesMind server starts it."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import NoReturn

from backend.engine.options import (
    MAX_AGE_S,
    MIND_KEY_VARIABLE,
    MIND_TIMEOUT_S,
    TOKEN_VARIABLE,
    EngineOptions,
    OptionsError,
    read_mind,
    read_plan,
    read_token,
)
from backend.engine.server import run


def main() -> int:
    """Serve until SIGTERM, SIGINT or, with ``--stop-on-eof``, the end of input. Returns the exit code."""
    given = _parser().parse_args()
    try:
        options = EngineOptions(
            host=given.host,
            port=given.port,
            pace=given.pace,
            transcription=not given.no_transcription,
            whisper=given.whisper,
            personas=given.personas,
            persona=given.persona,
            max_age_s=given.max_age,
            mind=read_mind(given.mind, given.mind_model, given.mind_key_file, given.mind_timeout),
            token=read_token(given.token_file),
            faults=read_plan(given.faults, given.fault),
            lenient=given.lenient,
            origins=tuple(given.allow_origin),
            tls_certificate=given.tls_cert,
            tls_key=given.tls_key,
            control=given.control,
            stop_on_eof=given.stop_on_eof,
            verbose=given.verbose,
        )
    except OptionsError as error:
        sys.stderr.write(f"engine: {error}\n")
        return 2
    return run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m backend.engine", description="An offline Realtime API server."
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8790, help="0 takes a free one")
    add("--pace", type=float, default=6.0, help="times faster than real time that answers are sent")
    add("--no-transcription", action="store_true", help="do not load speech recognition")
    add("--whisper", type=Path, metavar="DIR", help="another Whisper model for CTranslate2")
    add("--personas", type=Path, metavar="DIR", help="more personas")
    add("--persona", metavar="ID", help="the persona that answers, whatever the session says")
    add("--max-age", type=float, default=MAX_AGE_S, metavar="SECONDS", help="of a session")
    add(
        "--token-file",
        type=Path,
        metavar="FILE",
        help=f"what clients have to send as their API key; else {TOKEN_VARIABLE}",
    )
    add("--lenient", action="store_true", help="let pass what OpenAI would refuse, where that does no harm")
    add("--allow-origin", action="append", default=[], metavar="ORIGIN", help="of pages that may come in")
    add(
        "--tls-cert",
        type=Path,
        metavar="FILE",
        help="certificate with its chain (PEM): wss:// in place of ws://",
    )
    add("--tls-key", type=Path, metavar="FILE", help="its private key (PEM)")
    add("--mind", metavar="URL", help="a chat endpoint like OpenAI's, whose model thinks for the customers")
    add("--mind-model", metavar="NAME", help="which model of it")
    add("--mind-key-file", type=Path, metavar="FILE", help=f"its key; else {MIND_KEY_VARIABLE}")
    add("--mind-timeout", type=float, default=MIND_TIMEOUT_S, metavar="SECONDS", help="to wait for it")
    add("--faults", type=Path, metavar="FILE", help="misbehave as the file says (TOML)")
    add("--fault", action="append", default=[], metavar="FAULT", help="one fault: KIND:NAME=VALUE,...")
    add("--control", action="store_true", help="let programs on this machine set faults")
    add("--stop-on-eof", action="store_true", help="stop when standard input is closed")
    add("--verbose", action="store_true", help="log every event type")
    return parser


def _leave(code: int) -> NoReturn:
    """Without waiting for threads: one that loads a model or listens would take seconds, and has nothing to save."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _leave(main())
