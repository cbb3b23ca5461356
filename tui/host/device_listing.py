"""``python -m tui.host.device_listing``: the sound devices as one JSON object on standard output.

Run by the console as a child process: PortAudio prints to file descriptor 2, on which Textual draws.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def listing() -> dict[str, Any]:
    """``inputs`` and ``outputs`` (lists of names), and ``error`` (code and params) or null."""
    from audio.devices import list_devices
    from audio.errors import AudioError

    try:
        devices = list_devices()
    except AudioError as error:
        return {"inputs": [], "outputs": [], "error": {"code": str(error.code), "params": error.params}}
    # The same hardware is listed once under each host API: a name is enough to choose by.
    return {
        "inputs": list(dict.fromkeys(device.name for device in devices if device.inputs)),
        "outputs": list(dict.fromkeys(device.name for device in devices if device.outputs)),
        "error": None,
    }


if __name__ == "__main__":
    json.dump(listing(), sys.stdout)
