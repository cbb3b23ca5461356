"""The swarm: Locust, which decides who comes and goes, and does so over several machines.

    python -m load.swarm       (started by ``controller``)

The first line on standard input is a ``SwarmOrder``; then come ``Users``, and at the end of the input the run is over.
Standard output has what the crowds report. Locust runs on gevent, which replaces sockets, threads and pipes of its
process, so no conversation lives here: each user is a line to the crowd, a process of its own.
"""

from __future__ import annotations

import itertools
import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import gevent
import msgspec
from gevent import subprocess
from gevent.fileobject import FileObject
from locust import User, constant, events, task
from locust.env import Environment
from locust.exception import RPCError
from locust.runners import MasterRunner, WorkerRunner

from load.lines import Failed, FromSwarm, Page, Second, Start, Stop, Users, Workers, encode
from load.plan import SwarmOrder

SECOND = "second"
"""The message that carries a crowd's line from a worker to the master."""
CROWD_ENDS_S = 30.0
LAST_READING_S = 2.0

_decoder = msgspec.json.Decoder(FromSwarm)
_users_decoder = msgspec.json.Decoder(Users)


class Crowd:
    """The crowd of this process, as its child."""

    def __init__(self, order: SwarmOrder) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "load.crowd"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._write(msgspec.json.encode(order.plan) + b"\n")

    def _write(self, line: bytes) -> None:
        with suppress(OSError):  # it has ended, and its last line said why
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def tell(self, line: Start | Stop) -> None:
        """Let a user come or go."""
        self._write(encode(line))

    def lines(self) -> Iterator[bytes]:
        """What it reports, until it ends."""
        return iter(self._process.stdout.readline, b"")

    def end(self) -> None:
        """Let everybody leave."""
        with suppress(OSError):
            self._process.stdin.close()

    def wait(self) -> None:
        """Until it has ended; one that hangs is killed."""
        try:
            self._process.wait(CROWD_ENDS_S)
        except subprocess.TimeoutExpired:
            self._process.kill()


_crowd: Crowd | None = None
_numbers = itertools.count(1)


class Speaker(User):  # type: ignore[misc]
    """One user: Locust starts and stops it, the crowd lets it speak."""

    wait_time = constant(0)

    def on_start(self) -> None:
        """Come."""
        self.number = next(_numbers)
        if _crowd is not None:
            _crowd.tell(Start(self.number))

    def on_stop(self) -> None:
        """Go."""
        if _crowd is not None:
            _crowd.tell(Stop(self.number))

    @task  # type: ignore[untyped-decorator]
    def converse(self) -> None:
        """The crowd does it."""
        gevent.sleep(3600)


def _print(line: bytes) -> None:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def _count_in_statistics(environment: Environment, second: Second) -> None:
    """So that Locust's page and tables show what they show for any other load."""
    for measure, values in second.samples.items():
        for value in values if measure != "lateness" else ():
            environment.events.request.fire(
                request_type="voice", name=measure, response_time=value, response_length=0,
                exception=None, context={},
            )  # fmt: skip
    for code, count in second.errors.items():
        for _ in range(count):
            environment.events.request.fire(
                request_type="voice", name="conversation", response_time=0, response_length=0,
                exception=RuntimeError(code), context={},
            )  # fmt: skip


def _make_runner(environment: Environment, order: SwarmOrder) -> Any:
    """The runner, and Locust's page if wanted; None after saying why there is none."""
    try:
        if order.place == "master":
            runner = environment.create_master_runner(order.master_host, order.master_port)
        elif order.place == "worker":
            runner = environment.create_worker_runner(order.master_host, order.master_port)
        else:
            runner = environment.create_local_runner()
    except (Exception, SystemExit) as failure:  # noqa: BLE001 (Locust raises and exits in several ways)
        code = "load_port_unavailable" if order.place == "master" else "load_master_unreachable"
        _print(encode(Failed(code, str(failure))))
        return None
    if order.web_port is not None:
        environment.create_web_ui("127.0.0.1", order.web_port)
        _print(encode(Page(f"http://127.0.0.1:{order.web_port}")))
    return runner


def _forward(lines: Iterable[bytes], environment: Environment, runner: Any) -> None:
    """Each line of the crowd: into this process's statistics, and to whoever leads."""
    for line in lines:
        said = _decoder.decode(line)
        if isinstance(said, Second):
            _count_in_statistics(environment, said)
        if isinstance(runner, WorkerRunner) and isinstance(said, Second):
            with suppress(RPCError):  # the master has gone
                runner.send_message(SECOND, line.decode())
        else:
            _print(line)


def _lead(order: SwarmOrder, runner: Any, stdin: Any) -> None:
    """Do as the controller says, until it says nothing more."""
    if isinstance(runner, MasterRunner):
        here = -1
        while here < order.expected_workers:
            if here != (here := len(runner.clients.ready)):
                _print(encode(Workers(here)))
            gevent.sleep(0.2)
    for line in iter(stdin.readline, b""):
        wanted = _users_decoder.decode(line)
        runner.start(wanted.users, wanted.rate)
    runner.stop()


class Talking:
    """A master's view of the crowds: who is still in a conversation."""

    def __init__(self) -> None:
        self._users: dict[int, int] = {}

    def heard(self, line: bytes) -> None:
        """A crowd's line came; the controller gets it."""
        said = _decoder.decode(line)
        if isinstance(said, Second):
            self._users[said.crowd] = said.users
        _print(line)

    def wait_until_over(self) -> None:
        """Until all have left and read ``realtime_mode`` once more, or for ``CROWD_ENDS_S``."""
        with gevent.Timeout(CROWD_ENDS_S, False):
            while any(self._users.values()):
                gevent.sleep(0.2)
            gevent.sleep(LAST_READING_S)


def _follow(runner: Any, stdin: Any) -> None:
    """A worker: do as the master says, until it or the controller is gone."""
    reading = gevent.spawn(stdin.read)
    working = gevent.spawn(runner.greenlet.join)  # until the master says that it is over
    gevent.wait([reading, working], count=1)
    runner.stop()


def _speak(order: SwarmOrder, environment: Environment, stdin: Any) -> int:
    """Alone or as a worker: with a crowd, which has logged in before anybody is let in."""
    global _crowd
    _crowd = Crowd(order)
    lines = _crowd.lines()
    first = next(lines, encode(Failed("load_crowd_ended", "the process with the conversations ended")))
    if isinstance(_decoder.decode(first), Failed):
        _print(first)
        return 1
    runner = _make_runner(environment, order)
    if runner is None:
        _crowd.end()
        return 1
    forwarding = gevent.spawn(_forward, itertools.chain([first], lines), environment, runner)
    if isinstance(runner, WorkerRunner):
        _follow(runner, stdin)
    else:
        _lead(order, runner, stdin)
    _crowd.end()
    forwarding.join(CROWD_ENDS_S)
    _crowd.wait()
    runner.quit()
    return 0


def _command(order: SwarmOrder, environment: Environment, stdin: Any) -> int:
    """As a master: the crowds are the workers'."""
    runner = _make_runner(environment, order)
    if runner is None:
        return 1
    talking = Talking()
    runner.register_message(SECOND, lambda environment, msg: talking.heard(msg.data.encode()))
    _lead(order, runner, stdin)
    talking.wait_until_over()
    runner.quit()
    return 0


def main() -> int:
    """One run."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    stdin = FileObject(sys.stdin.fileno(), "rb", close=False)
    order = msgspec.json.decode(stdin.readline(), type=SwarmOrder)
    environment = Environment(user_classes=[Speaker], events=events)
    if order.place == "master":
        return _command(order, environment, stdin)
    return _speak(order, environment, stdin)


if __name__ == "__main__":
    sys.exit(main())
