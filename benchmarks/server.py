"""What a conversation costs the server, beside a plain Channels + uvicorn relay: CPU, latency added, memory.

    python benchmarks/server.py [--conversations 50 200] [--seconds 10] [--rounds 2]

The relay is pinned to one core, the generator with both ends of all conversations (``many_conversations.py``) to
another. Rounds alternate between the relays, so that whatever else the machine does strikes them alike; the
table has the median of the rounds. ``direct`` is the generator talking to itself: what of the latency is its own.
"""

from __future__ import annotations

import argparse
import statistics
from contextlib import ExitStack

from benchmarks.many_conversations import Latency
from benchmarks.relays import Relay, Round, generator, measure, ours, plain

LATE_MS = 20
"""A generator that sends later than this at p99 measures itself."""
HEADINGS = (
    "relay", "conversations", "CPU ms per conversation and second", "up p50 / p99 ms", "down p50 / p99 ms",
    "KiB each", "generator late p99 ms",
)  # fmt: skip


def row(name: str, count: int, rounds: list[Round]) -> str:
    """One line of the table: the medians of the rounds."""

    def both(latencies: list[Latency]) -> str:
        p50 = statistics.median(latency.p50 for latency in latencies)
        return f"{p50:.1f} / {statistics.median(latency.p99 for latency in latencies):.1f}"

    late = statistics.median(each.figures.lateness.p99 for each in rounds)
    cells = [
        name,
        f"{count}",
        f"{statistics.median(each.cpu_ms for each in rounds):.2f}",
        both([each.figures.up for each in rounds]),
        both([each.figures.down for each in rounds]),
        f"{statistics.median(each.memory_kib for each in rounds):.0f}",
        f"{late:.1f}" + (" **late**" if late > LATE_MS else ""),
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--conversations", type=int, nargs="+", default=[50, 200])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--ws", nargs="*", default=[], help="also the plain relay with these --ws of uvicorn")
    parser.add_argument("--only", nargs="*", help="'direct', 'plain', 'ours, uvicorn'")
    arguments = parser.parse_args()
    print(f"| {' | '.join(HEADINGS)} |\n{'|---' * len(HEADINGS)}|", flush=True)
    for count in arguments.conversations:
        with ExitStack() as stack:
            measuring = generator(stack)
            relays = [
                Relay("direct", None, measuring.upstream),
                plain(stack, measuring.upstream),
                *(plain(stack, measuring.upstream, implementation) for implementation in arguments.ws),
                ours(stack, measuring.upstream),
            ]
            relays = [relay for relay in relays if not arguments.only or relay.name in arguments.only]
            rounds: dict[str, list[Round]] = {relay.name: [] for relay in relays}
            for _ in range(arguments.rounds):
                for relay in relays:
                    rounds[relay.name].append(measure(measuring, relay, count, arguments.seconds))
        for name, measured in rounds.items():
            print(row(name, count, measured), flush=True)


if __name__ == "__main__":
    main()
