"""What a visitor types on the laptop: one command for the sound, one for the tunnel.

``socat`` starts the recorder when the console connects. A recorder that runs before has sound in its buffers that is
seconds old by then, and stays late.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from tui.i18n import N_

MICROPHONE_PORT, LOUDSPEAKER_PORT = 7700, 7701
"""On the laptop."""
FROM_PROGRAM, TO_PROGRAM = "-U", "-u"
"""Of socat: one direction only."""
_LISTEN = "TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork"
_SOX = "-q -t raw -r 24000 -e signed -b 16 -c 1 -"
_PULSE = "--raw --format=s16le --rate=24000 --channels=1 --latency-msec=40"


@dataclass(frozen=True, slots=True)
class System:
    """A kind of laptop. ``sound``: commands, each in a window of its own; ``needs``: what to install."""

    name: str
    needs: str
    sound: tuple[str, ...]
    tunnel: str | None
    """The second step; None where the first one does it too."""


def _socat(port: int, program: str, direction: str) -> str:
    return f"socat {direction} {_LISTEN.format(port=port)} EXEC:'{program}'"


def _ncat(port: int, program: str) -> str:
    return f'ncat -lk 127.0.0.1 {port} -e "{program}"'


def systems(target: str, microphone: int, loudspeaker: int) -> tuple[System, ...]:
    """The kinds, the simplest first. ``target``: the box, for ssh; the ports are the visitor's on the box."""
    through = tunnel(target, microphone, loudspeaker)
    return (
        System(N_("SalesMind Console installed"), "", (f"salesmind mic {target} {microphone}",), None),
        System(
            N_("Linux"),
            "socat, pulseaudio-utils",
            (
                _socat(MICROPHONE_PORT, f"parec {_PULSE}", FROM_PROGRAM),
                _socat(LOUDSPEAKER_PORT, f"pacat --playback {_PULSE}", TO_PROGRAM),
            ),
            through,
        ),
        System(
            N_("macOS"),
            "brew install socat sox",
            (
                _socat(MICROPHONE_PORT, f"rec {_SOX}", FROM_PROGRAM),
                _socat(LOUDSPEAKER_PORT, f"play {_SOX}", TO_PROGRAM),
            ),
            through,
        ),
        System(
            N_("Windows"),
            "winget install ffmpeg nmap",
            (
                _ncat(
                    MICROPHONE_PORT,
                    "ffmpeg -loglevel error -f dshow -audio_buffer_size 40 -i audio=Microphone "
                    "-ar 24000 -ac 1 -f s16le -",
                ),
                _ncat(
                    LOUDSPEAKER_PORT,
                    "ffplay -loglevel error -nodisp -fflags nobuffer -f s16le -ar 24000 -ac 1 -",
                ),
            ),
            through,
        ),
    )


def tunnel(target: str, microphone: int, loudspeaker: int) -> str:
    """The ssh command that brings both ports of the box to the laptop. ``target``: ``demo@box`` and options."""
    return (
        f"ssh -N -o ExitOnForwardFailure=yes -R {microphone}:127.0.0.1:{MICROPHONE_PORT} "
        f"-R {loudspeaker}:127.0.0.1:{LOUDSPEAKER_PORT} {target}"
    )


def ssh_target(environment: Mapping[str, str] | None = None) -> str:
    """How the visitor came: ``demo@ADDRESS``, or ``ssh://demo@ADDRESS:PORT`` if the port is not 22.

    ``SALESMIND_SSH_TARGET`` names it better than the address in ``SSH_CONNECTION``, behind NAT for instance.
    """
    environment = os.environ if environment is None else environment
    named = environment.get("SALESMIND_SSH_TARGET")
    if named:
        return shlex.quote(named)
    parts = environment.get("SSH_CONNECTION", "").split()
    if len(parts) != 4 or not re.fullmatch(r"[0-9A-Fa-f.:]+", parts[2]) or not parts[3].isdigit():
        return "demo@..."
    user = environment.get("USER", "demo")
    user = user if re.fullmatch(r"[a-z_][a-z0-9_-]*", user) else "demo"
    if parts[3] == "22":
        return f"{user}@{parts[2]}"
    address = f"[{parts[2]}]" if ":" in parts[2] else parts[2]
    return f"ssh://{user}@{address}:{parts[3]}"
