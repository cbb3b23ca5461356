"""The page in a real browser: headless Chromium from Debian."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from acceptance import reports
from tests.acceptance.made_results import made_result

pytestmark = pytest.mark.system
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip

Browse = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def browse(tmp_path: Path) -> Browse:
    """``browse(page, *flags)`` opens the page with an empty profile."""
    if CHROMIUM is None:
        pytest.skip("needs chromium (apt-get install chromium)")

    def run(page: Path, *flags: str) -> subprocess.CompletedProcess[str]:
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        command = [str(CHROMIUM), *QUIET, profile, "--enable-logging=stderr", *flags, page.as_uri()]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)

    return run


@pytest.fixture
def page(run_directory: Path) -> Path:
    """A report with a failure and a recorded conversation."""
    path = run_directory / "report.html"
    result = made_result(
        verdicts_by_id={"t3.killed": "fail"}, message="<script>document.title='broken'</script>"
    )
    path.write_text(reports.html(result, "ja", run_directory), encoding="utf-8")
    return path


def test_the_browser_sees_what_we_wrote(browse: Browse, page: Path) -> None:
    seen = browse(page, "--dump-dom")
    assert "受け入れテスト結果" in seen.stdout
    assert "<title>broken" not in seen.stdout
    assert seen.stdout.count("<svg") == 5
    assert seen.stdout.count("<details") == page.read_text(encoding="utf-8").count("<details")
    # The page's own policy would complain here about anything that it was about to fetch or run.
    complaints = [line for line in seen.stderr.splitlines() if "CONSOLE" in line]
    assert complaints == []


@pytest.mark.parametrize(("scheme", "is_light"), [("1", True), ("0", False)])
def test_light_and_dark_are_both_drawn(
    browse: Browse, page: Path, tmp_path: Path, scheme: str, is_light: bool
) -> None:
    shot = tmp_path / "shot.png"
    browse(
        page,
        f"--screenshot={shot}",
        "--window-size=700,600",
        f"--blink-settings=preferredColorScheme={scheme}",
    )
    pixels = colours(shot)
    ground = max(pixels, key=lambda colour: pixels[colour])
    assert (sum(ground) > 3 * 200) is is_light
    assert len(pixels) > 50


def test_it_fits_a_phone(browse: Browse, page: Path, tmp_path: Path) -> None:
    """With a long remark in the table, nothing is wider than the screen and no column is squeezed."""
    measure = (
        "<script>document.title = document.documentElement.scrollWidth + ' ' + "
        "document.querySelector('.record').offsetHeight</script>"
    )
    copy = tmp_path / "phone.html"
    html = re.sub('<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text(encoding="utf-8"))
    copy.write_text(html.replace("</body>", f"{measure}</body>"), encoding="utf-8")
    seen = browse(copy, "--dump-dom", "--window-size=420,900")
    measured = re.search(r"<title>(\d+) (\d+)</title>", seen.stdout)
    assert measured is not None
    width, table_height = map(int, measured.groups())
    assert width <= 500  # the narrowest window that some versions make
    assert table_height < 600


def test_it_prints_with_its_evidence(browse: Browse, page: Path, tmp_path: Path) -> None:
    printed = tmp_path / "report.pdf"
    browse(page, f"--print-to-pdf={printed}", "--no-pdf-header-footer")
    data = printed.read_bytes()
    assert data.startswith(b"%PDF")
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", data)) <= 30


def colours(path: Path) -> dict[tuple[int, int, int], int]:
    """How often each colour occurs in every fourth row of a PNG with 8 bits per channel."""
    data = path.read_bytes()
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    assert depth == 8 and kind in (2, 6)
    size = 3 if kind == 2 else 4
    packed, position = b"", 8
    while position < len(data):
        (length,) = struct.unpack(">I", data[position : position + 4])
        if data[position + 4 : position + 8] == b"IDAT":
            packed += data[position + 8 : position + 8 + length]
        position += 12 + length
    raw, stride = zlib.decompress(packed), width * size
    found: dict[tuple[int, int, int], int] = {}
    above = bytes(stride)
    for y in range(height):
        start = y * (stride + 1)
        above = unfiltered(raw[start], raw[start + 1 : start + 1 + stride], above, size)
        if y % 4 == 0:
            for x in range(0, stride, size * 2):
                colour = (above[x], above[x + 1], above[x + 2])
                found[colour] = found.get(colour, 0) + 1
    return found


def unfiltered(kind: int, row: bytes, above: bytes, size: int) -> bytes:
    """One row of a PNG without its filter (PNG specification, section 9)."""
    if kind == 0:
        return row
    if kind == 2:
        return bytes((a + b) & 255 for a, b in zip(row, above, strict=True))
    out = bytearray(row)
    for n in range(len(out)):
        left, up, corner = (
            out[n - size] if n >= size else 0,
            above[n],
            above[n - size] if n >= size else 0,
        )
        if kind == 1:
            guess = left
        elif kind == 3:
            guess = (left + up) // 2
        else:
            distances = (
                (abs(up - corner), left),
                (abs(left - corner), up),
                (abs(left + up - 2 * corner), corner),
            )
            guess = min(distances, key=lambda pair: pair[0])[1]
        out[n] = (out[n] + guess) & 255
    return bytes(out)
