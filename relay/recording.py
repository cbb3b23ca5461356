"""The recording of a run as the stream tells of it: started, failed, finished."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal

from relay.output import Output
from relay.recorder import Recorder
from relay.stream import Problem, Recording, Summary


class RunRecording:
    """Records into ``directory`` (None: not at all). A failure costs the recording, never the conversation."""

    def __init__(self, directory: str | None, output: Output) -> None:
        self._directory = directory
        self._output = output
        self._recorder: Recorder | None = None
        self._failed = False

    def start(self) -> None:
        """Begin, if there is a directory. Call within the event loop."""
        if self._directory is None:
            return
        loop = asyncio.get_running_loop()

        def failed(error: OSError) -> None:
            loop.call_soon_threadsafe(self._fail, error)

        try:
            recorder = Recorder(Path(self._directory).expanduser(), self._output.started_at, failed)
        except OSError as error:
            self._fail(error)
            return
        self._recorder = self._output.recorder = recorder
        self._emit("started")

    def finish(self, summary: Summary) -> None:
        """Emit ``summary`` as the last line of stream and recording, and complete the files."""
        recorder = self._recorder
        if recorder is not None and not self._failed:
            self._emit("finished")
        self._output.emit(summary)
        self._output.recorder = None
        if recorder is not None:
            recorder.finish()

    def _fail(self, error: OSError) -> None:
        self._failed = True
        self._output.recorder = None
        directory = self._directory or ""
        reason = error.strerror or str(error)
        message = (
            f"The recording in {directory} cannot be written: {reason}. The conversation goes on without."
        )
        self._emit("failed")
        self._output.problem(
            Problem(
                t=self._output.now(),
                where="relay",
                code="recording_failed",
                message=message,
                params={"directory": directory, "reason": reason},
            )
        )

    def _emit(self, state: Literal["started", "finished", "failed"]) -> None:
        now = self._output.now()
        self._output.emit(Recording(t=now, state=state, directory=self._directory or ""))
