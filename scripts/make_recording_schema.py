"""Make docs/recording.schema.json from the types of the recording.

    python scripts/make_recording_schema.py [--check]

``--check`` writes nothing and exits 1 when the file is not what the code says.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from relay.recording.manifest import Manifest
from relay.recording.wire import WireMessage

TARGET = Path(__file__).parents[1] / "docs" / "recording.schema.json"


def schema() -> bytes:
    """JSON Schema 2020-12: ``#/$defs/Manifest``, and ``#/$defs/WireMessage`` for a line of wire.jsonl."""
    _, components = msgspec.json.schema_components([Manifest, WireMessage], ref_template="#/$defs/{name}")
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "SalesMind Console: manifest.json and wire.jsonl of a recording",
        "$ref": "#/$defs/Manifest",
        "$defs": components,
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n"


def main() -> int:
    """Write or check; 1 when it is out of step."""
    if "--check" in sys.argv[1:]:
        return 0 if TARGET.read_bytes() == schema() else 1
    TARGET.write_bytes(schema())
    return 0


if __name__ == "__main__":
    sys.exit(main())
