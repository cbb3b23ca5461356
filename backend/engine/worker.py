"""One thread for long work beside the event loop: what is urgent first, what nobody wants any more not at all."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

_T = TypeVar("_T")


class Abandoned(Exception):
    """Work was given up half way, because nobody wants what it would give."""


@dataclass(slots=True, eq=False)
class _Job:
    work: Callable[[Callable[[], bool]], Any]
    urgent: Callable[[], bool]
    done: Future[Any] = field(default_factory=Future)
    wanted: bool = True


class Worker:
    """A thread that is given work by any number of conversations."""

    def __init__(self, name: str, prepare: Callable[[], object]) -> None:
        """``prepare`` runs in the thread before anything else."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._thread.submit(prepare)
        self._waiting: list[_Job] = []
        self._lock = threading.Lock()

    async def do(self, work: Callable[[Callable[[], bool]], _T], urgent: Callable[[], bool]) -> _T:
        """What ``work`` gives, or raises.

        It is called in the thread, with a function that says whether the result is still wanted: it is not once the
        caller has been cancelled, and ``work`` may then raise ``Abandoned``. Each time the thread is free it turns to
        what is ``urgent``, and among that to what has waited longest.
        """
        job = _Job(work, urgent)
        with self._lock:
            self._waiting.append(job)
        self._thread.submit(self._next)
        try:
            done: _T = await asyncio.wrap_future(job.done)
        finally:
            job.wanted = False
            job.done.cancel()  # where it has not begun
        return done

    def close(self) -> None:
        """Let go of the thread; what is waiting is dropped."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            dropped, self._waiting = self._waiting, []
        for job in dropped:
            job.done.cancel()

    def _next(self) -> None:
        with self._lock:
            if not self._waiting:
                return
            job = min(self._waiting, key=lambda waiting: not waiting.urgent())
            self._waiting.remove(job)
        if not job.done.set_running_or_notify_cancel():
            return
        try:
            job.done.set_result(job.work(lambda: job.wanted))
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever asked
            job.done.set_exception(error)
