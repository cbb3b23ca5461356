"""The result as JSON, and the schema that is published for it (``docs/result.schema.json``)."""

from __future__ import annotations

from typing import Any

import msgspec

from acceptance.redaction import redact_within
from acceptance.results import RunResult


def as_json(result: RunResult) -> str:
    """The result, indented, with a newline at its end; ``acceptance.results.decode`` reads it."""
    plain = redact_within(msgspec.to_builtins(result))
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode() + "\n"


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of ``as_json``, made from the types. Readers ignore what they do not know."""
    (schema,), components = msgspec.json.schema_components([RunResult], ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Result of a SalesMind acceptance run",
        **schema,
        "$defs": components,
    }
