"""Take the pictures of docs/reports.md: the HTML page of a finished run, in headless Chromium.

    python scripts/make_report_pictures.py DIRECTORY ja      (DIRECTORY: given to `salesmind check --out`)

Needs Chromium (`make system-packages`). Two pictures: the top of the page in light colours, and a conversation in
dark ones.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from acceptance import results
from acceptance.reports import html

IMAGES = Path(__file__).parents[1] / "docs" / "images"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
ONLY_THE_LAST_CONVERSATION = (
    "<style>header, main > section:not(:nth-of-type(4)), main h2, article:not(#conversation-t4)"
    "{display:none} main{padding-top:14px}</style></head>"
)


def take(page: str, name: str, size: str, *, dark: bool) -> None:
    """Save one picture. Raises ``subprocess.CalledProcessError``."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "report.html"
        path.write_text(page, encoding="utf-8")
        colours = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
        own = (
            f"--user-data-dir={directory}/profile",
            f"--screenshot={IMAGES / name}",
            f"--window-size={size}",
        )
        subprocess.run(["chromium", *FLAGS, *own, colours, path.as_uri()], check=True, capture_output=True)


def main() -> None:
    """Both pictures of one run."""
    directory, language = Path(sys.argv[1]).resolve(), "ja" if sys.argv[2] == "ja" else "en"
    result = results.decode((directory / "result.json").read_bytes())
    page = html(result, "ja" if language == "ja" else "en", directory)
    take(page, f"report-{language}.png", "1000,1180", dark=False)
    conversation = re.sub("</head>", ONLY_THE_LAST_CONVERSATION, page, count=1)
    take(conversation, f"report-conversation-{language}.png", "1000,1010", dark=True)


if __name__ == "__main__":
    main()
