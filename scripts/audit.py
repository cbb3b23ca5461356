"""Ask pip-audit about pinned requirements, and say how many of them it could answer for.

python scripts/audit.py PIP_AUDIT REQUIREMENTS

Exits with 1 if a vulnerability is known, and with 2 if nothing could be asked (offline, or an index without such data):
pip-audit itself calls that no known vulnerability.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any


def audited(program: str, requirements: str) -> list[dict[str, Any]] | None:
    """What pip-audit says of each package; None if it said nothing, with its last words on standard error."""
    command = [
        program,
        "--requirement",
        requirements,
        "--require-hashes",
        "--disable-pip",
        "--format",
        "json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return list(json.loads(done.stdout)["dependencies"])
    except (ValueError, KeyError):
        print((done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1], file=sys.stderr)
        return None


def main() -> int:
    """Print the finding; gives the exit code."""
    program, requirements = sys.argv[1:]
    packages = audited(program, requirements)
    asked = [package for package in packages or () if "skip_reason" not in package]
    if not packages or not asked:
        print(f"Nothing in {requirements} could be audited: offline, or the index has no such data.")
        return 2
    bad = [package for package in asked if package["vulns"]]
    for package in bad:
        for found in package["vulns"]:
            fixed = ", ".join(found["fix_versions"]) or "no version yet"
            print(f"{package['name']} {package['version']}: {found['id']}, fixed in {fixed}")
    print(f"{len(asked)} of {len(packages)} packages audited, {len(bad)} with known vulnerabilities.")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
