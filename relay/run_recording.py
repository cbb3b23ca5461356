"""A run's recording and its events in the stream: started, failed, finished."""

from __future__ import annotations

import asyncio
import platform
from typing import Literal

import msgspec

from audio.paths import from_home
from relay.codes import RelayCode
from relay.config import RelayConfig
from relay.output import Output
from relay.recording.files import remove
from relay.recording.manifest import Manifest
from relay.recording.recorder import Recorder
from relay.stream import Problem, Recording, Started, Summary


class RunRecording:
    """Records into ``directory`` (None: not at all). A failure costs the recording, never the conversation."""

    def __init__(self, config: RelayConfig, output: Output) -> None:
        self._config = config
        self._directory = config.record_directory
        self._output = output
        self._recorder: Recorder | None = None
        self._over = False
        """It failed, was stopped, or the summary is out: nothing more is told of it."""
        self._stopping: asyncio.Task[None] | None = None

    def start(self, started: Started) -> None:
        """Start, if there is a directory, with ``started`` as the first line of stream and recording.

        Call within the event loop.
        """
        failure = self._open(started)
        self._output.emit(started)
        if failure is not None:
            self._fail(failure)
        elif self._recorder is not None:
            self._emit("started")

    def stop(self, *, delete: bool) -> None:
        """Stop recording, and with ``delete`` remove it; the outcome is in the stream."""
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return
        if not self._over:
            self._over = True
            self._emit("stopped")  # its last line
            self._output.recorder = None
        self._stopping = asyncio.create_task(self._complete(recorder, delete=delete), name="stop recording")

    async def _complete(self, recorder: Recorder, *, delete: bool) -> None:
        """Runs in a thread: hashing an hour of audio takes longer than the next chunk can wait."""
        await asyncio.to_thread(recorder.finish)
        if not delete:
            return
        try:
            await asyncio.to_thread(remove, recorder.directory)
        except OSError as error:
            reason = error.strerror or str(error)
            message = f"The recording in {recorder.directory} cannot be deleted: {reason}."
            self._problem(RelayCode.RECORDING_NOT_DELETED, message, reason)
        else:
            self._emit("deleted")

    async def settle(self) -> None:
        """Write the queue, so that a failure is in the stream before the summary. Blocks."""
        if self._stopping is not None:
            await self._stopping
        if self._recorder is None:
            return
        self._recorder.flush()
        if self._recorder.failure is not None:
            self._fail(self._recorder.failure)
        else:
            self._emit("finished")

    def finish(self, summary: Summary) -> None:
        """Emit ``summary`` as the last line of stream and recording, and complete the files."""
        self._output.emit(summary)
        self._output.recorder = None
        self._over = True
        if self._recorder is not None:
            self._recorder.finish()

    def _open(self, started: Started) -> OSError | None:
        """Create the files; returns what prevented it."""
        if self._directory is None:
            return None
        loop = asyncio.get_running_loop()

        def failed(error: OSError) -> None:
            loop.call_soon_threadsafe(self._fail, error)

        try:
            recorder = Recorder(
                from_home(self._directory), self._output.started_at, failed, self._manifest(started)
            )
        except OSError as error:
            return error
        self._recorder = self._output.recorder = recorder
        self._directory = str(recorder.directory)
        return None

    def _manifest(self, started: Started) -> Manifest:
        """The manifest as known at the start."""
        settings = msgspec.to_builtins(self._config)
        for secret in ("token", "record_directory", "server_url", "session_id"):
            del settings[secret]
        return Manifest(
            id="",
            started_at=started.wall_time,
            versions={
                "salesmind": started.version,
                "python": platform.python_version(),
                "system": f"{platform.system()} {platform.release()}",
            },
            server_url=started.server_url,
            session_id=started.session_id,
            settings=settings,
        )

    def _fail(self, error: OSError) -> None:
        if self._over:
            return
        self._over = True
        self._output.recorder = None
        directory = self._directory or ""
        reason = error.strerror or str(error)
        message = (
            f"The recording in {directory} cannot be written: {reason}. The conversation goes on without."
        )
        self._emit("failed")
        self._problem(RelayCode.RECORDING_FAILED, message, reason)

    def _problem(self, code: RelayCode, message: str, reason: str) -> None:
        params = {"directory": self._directory or "", "reason": reason}
        now = self._output.now()
        self._output.problem(Problem(t=now, where="relay", code=code, message=message, params=params))

    def _emit(self, state: Literal["started", "finished", "failed", "stopped", "deleted"]) -> None:
        now = self._output.now()
        self._output.emit(Recording(t=now, state=state, directory=self._directory or ""))
