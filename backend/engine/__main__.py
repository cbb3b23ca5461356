"""``python -m backend.engine``: the engine as a process of its own, as the SalesMind server starts it."""

from __future__ import annotations

import argparse

from backend.engine.server import EngineOptions, run


def main() -> int:
    """Serve until SIGTERM, SIGINT or, with ``--stop-on-eof``, the end of input. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m backend.engine", description="An offline Realtime API server."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8790, help="0 takes a free one")
    parser.add_argument(
        "--pace", type=float, default=6.0, help="times faster than real time that answers are sent"
    )
    parser.add_argument("--no-transcription", action="store_true", help="do not load speech recognition")
    parser.add_argument("--stop-on-eof", action="store_true", help="stop when standard input is closed")
    parser.add_argument("--verbose", action="store_true", help="log every event type")
    given = parser.parse_args()
    return run(
        EngineOptions(
            host=given.host,
            port=given.port,
            pace=given.pace,
            transcription=not given.no_transcription,
            stop_on_eof=given.stop_on_eof,
            verbose=given.verbose,
        )
    )


if __name__ == "__main__":
    raise SystemExit(main())
