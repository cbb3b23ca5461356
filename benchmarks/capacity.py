"""The tables of docs/capacity.md: what one core carries, and how its cost grows. Under five minutes.

    python benchmarks/capacity.py [--seconds 6] [--without-engine]

The relay is pinned to one core and the generator to another, so an idle machine of two cores is enough. A line whose
generator was late is marked: it says nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks.relays import GeneratorEnded, Relay, daphne, generator, measure, ours, plain
from benchmarks.server import HEADINGS, row
from load.controller import Controller, Course, Watcher
from load.figures import Figures
from load.plan import Account, Plan, SwarmOrder

STEPS: dict[Callable[[ExitStack, str], Relay], tuple[int, ...]] = {
    ours: (10, 50, 100, 200, 300, 400),
    plain: (50, 200, 300, 400),
    daphne: (50, 200),
}
OVERLOADED_MS = 1000
ENGINE_USERS = (2, 8)
ENGINE_S = 15.0


def relays(seconds: float) -> None:
    """How the cost of each relay grows."""
    print(f"| {' | '.join(HEADINGS)} |\n{'|---' * len(HEADINGS)}|", flush=True)
    for start, steps in STEPS.items():
        with ExitStack() as stack:
            measuring = generator(stack)
            relay = start(stack, measuring.upstream)
            for count in steps:
                try:
                    measured = measure(measuring, relay, count, seconds)
                except GeneratorEnded:
                    print(
                        f"| {relay.name} | {count} | did not get going {'|' * (len(HEADINGS) - 2)}",
                        flush=True,
                    )
                    break
                print(row(relay.name, count, [measured]), flush=True)
                if measured.figures.up.p99 > OVERLOADED_MS:
                    break  # more would only take longer


def with_engine() -> None:
    """Server and engine on all cores, with users who speak and are answered."""
    print("\n| users | cores, server and engine | memory | answer p50 | largest | errors | late |")
    print("|---|---|---|---|---|---|---|", flush=True)
    with ExitStack() as stack:
        server = ours(stack, "engine", core=None)
        for users in ENGINE_USERS:
            print(_engine_row(users, _speak(server, users)), flush=True)


def _speak(server: Relay, users: int) -> Figures:
    username, password = server.account or ("", "")
    order = SwarmOrder(Plan(Account(server.url, username, password)))
    with tempfile.TemporaryDirectory() as directory:
        course = Course(users, spawn_rate=10, duration_s=ENGINE_S)
        controller = Controller(order, course, Watcher(), log=Path(directory, "load.log"))
        return asyncio.run(controller.run()).total


def _engine_row(users: int, figures: Figures) -> str:
    answer = figures.spreads.get("answer")
    median, largest = (answer.p50 or 0, answer.largest or 0) if answer else (0, 0)
    return (
        f"| {users} | {figures.cores or 0:.2f} | {figures.memory_mib or 0:.0f} MiB | {median:.0f} ms "
        f"| {largest:.0f} ms | {figures.failures} | {'**late**' if figures.late else ''} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--without-engine", action="store_true")
    arguments = parser.parse_args()
    relays(arguments.seconds)
    if not arguments.without_engine:
        with_engine()


if __name__ == "__main__":
    main()
