"""Ports for the microphones of a box's visitors."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from tui.host.voice_ports import NoPortsFree, PortRange, claim


def free_range(pairs: int) -> PortRange:
    """Ports next to each other that nobody listens on."""
    for first in range(31_000, 60_000, 2 * pairs):
        ports = PortRange(first, first + 2 * pairs - 1)
        try:
            for port in range(ports.first, ports.last + 1):
                with socket.create_server(("127.0.0.1", port)):
                    pass
        except OSError:
            continue
        return ports
    raise AssertionError


def test_no_two_visitors_have_the_same() -> None:
    ports = free_range(4)
    claims = [claim(ports) for _ in range(4)]
    assert sorted(one.microphone for one in claims) == list(ports.pairs())
    assert all(one.loudspeaker == one.microphone + 1 for one in claims)
    with pytest.raises(NoPortsFree):
        claim(ports)
    claims[2].release()
    assert claim(ports).microphone == claims[2].microphone


def test_a_port_that_somebody_listens_on_is_nobodys() -> None:
    ports = free_range(2)
    with socket.create_server(("127.0.0.1", ports.first + 1)):
        assert claim(ports).microphone == ports.first + 2
        with pytest.raises(NoPortsFree):
            one = claim(ports)
            claim(ports)
            one.release()


def test_a_claim_ends_with_its_process() -> None:
    ports = free_range(1)
    script = (
        "from tui.host.voice_ports import PortRange, claim\n"
        f"held = claim(PortRange({ports.first}, {ports.last}))\nprint('claimed', flush=True)\ninput()"
    )
    holder = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"claimed\n"
    with pytest.raises(NoPortsFree):
        claim(ports)
    holder.kill()
    holder.wait()
    claim(ports).release()


@pytest.mark.parametrize(
    "text", ["", "20000", "20001-20000", "80-90", "20000-70000", "-", "a-b", "20000-20001 "]
)
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(ValueError, match=text or "^$"):
        PortRange.parse(text)


def test_a_range() -> None:
    assert list(PortRange.parse("20000-20005").pairs()) == [20_000, 20_002, 20_004]
    assert list(PortRange.parse("20000-20004").pairs()) == [20_000, 20_002]
