"""``python -m tui.host.device_listing``: the sound devices as one JSON object on standard output.

A process of its own, because PortAudio and what it loads print to the terminal, may wait for ever for a sound server,
and may abort.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from typing import Any


def listing() -> dict[str, Any]:
    """``devices`` (list of ``audio.devices.Device``) and ``error`` (code and params, or null)."""
    from audio.devices import list_devices
    from audio.errors import AudioError

    try:
        devices = list_devices()
    except AudioError as error:
        return {"devices": [], "error": {"code": str(error.code), "params": error.params}}
    return {"devices": [asdict(device) for device in devices], "error": None}


def main() -> None:
    """Print the listing. What native libraries print to standard output goes where their errors go."""
    output = os.dup(1)
    os.dup2(2, 1)
    data = json.dumps(listing()).encode()
    with os.fdopen(output, "wb") as file:
        file.write(data)
    sys.stdout.flush()
    os._exit(0)  # a library that hangs at its clean-up has nothing more to say


if __name__ == "__main__":
    main()
