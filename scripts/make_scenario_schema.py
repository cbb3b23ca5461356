"""Write docs/scenario.schema.json: the format of a scenario, from scenarios/format.py.

python scripts/make_scenario_schema.py           writes the file
python scripts/make_scenario_schema.py --check   exits with 1 if the file is out of date
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from scenarios.format import json_schema

TARGET = Path(__file__).parents[1] / "docs" / "scenario.schema.json"


def main() -> int:
    """Write, or check."""
    text = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    if "--check" in sys.argv[1:]:
        if TARGET.exists() and TARGET.read_text(encoding="utf-8") == text:
            return 0
        sys.stderr.write(f"{TARGET.name} is out of date: run python scripts/make_scenario_schema.py\n")
        return 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
