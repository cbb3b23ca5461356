"""``python -m tui.host.device_listing``: the sound devices as one JSON object on standard output.

A separate process, because PortAudio and its libraries print to the terminal, may wait forever for a sound server,
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
    """Print the listing. Native libraries' output on standard output is redirected to standard error."""
    output = os.dup(1)
    os.dup2(2, 1)
    data = json.dumps(listing()).encode()
    with os.fdopen(output, "wb") as file:
        file.write(data)
    sys.stdout.flush()
    os._exit(0)  # a library that hangs at its clean-up has nothing more to say


if __name__ == "__main__":
    main()
