"""Size limits of one binary audio message, in bytes of PCM16."""

from __future__ import annotations

SMALLEST_CHUNK_BYTES = 96
LARGEST_CHUNK_BYTES = 262_144
DEFAULT_CHUNK_BYTES = 1_920
"""40 ms: between the 20 ms of OpenAI's example and the 100 ms of other clients."""
