"""The diagnostics bundle: everything for an investigation, in one zip, without secrets (ログ収集).

The only way into the bundle is ``_Bundle.add``, which removes secrets from everything. No audio and no
database goes in: only text.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sqlite3
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from acceptance.redaction import MARK, Redactor, is_telling, secrets_of
from acceptance.reports import as_json, markdown
from acceptance.results import RunResult
from acceptance.store import FILE_NAME, ResultsStore, StoreError
from relay.version import version

MOST_TEXT_BYTES = 4_000_000
"""Of a longer file only the end is taken, where the reason for collecting logs is."""
RUNS = 5
"""Number of latest results included, with the logs and events of their conversations."""
_ENVIRONMENT = ("SALESMIND_", "OPENAI_", "DJANGO_", "LANG", "LC_", "TERM", "COLORTERM", "TEXTUAL_", "PYTHON", "PULSE_",
                "ALSA_", "TMUX", "SSH_TTY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "VIRTUAL_ENV")  # fmt: skip
"""Prefixes of variables that affect the program; all others are left out."""

_README = """\
SalesMind Console: diagnostics bundle of {now}

versions.json      this program, Python, the operating system, the installed packages
environment.json   variables that change how the program behaves; secret ones as ***
config.toml        the configuration file
devices.json       microphones and loudspeakers
logs/              logs of the console, of conversations and of our own server
results/           the newest acceptance results, as JSON and as the document's table
runs/              logs and events of the conversations of those runs
manifest.json      every file with its size and SHA-256, and how many secrets were cut out of it

Tokens, passwords and API keys are cut out and shown as ***. No sound is in here. Transcripts are: events.jsonl
holds what was said. Read it through before you pass it on.
"""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the bundle is collected from. ``repr`` leaves the environment out: it holds secrets."""

    state_directory: Path
    config_path: Path | None
    environ: Mapping[str, str] = field(repr=False)
    devices: Mapping[str, Any]
    """The list of sound devices, or why there is none."""
    more_logs: Sequence[Path] = ()
    """Logs of our server that are kept elsewhere."""


@dataclass(frozen=True, slots=True)
class BundledFile:
    """One file of the bundle."""

    name: str
    size_bytes: int
    sha256: str
    cut_out: int
    """Number of removed secrets, here or by the file's writer."""
    truncated: bool = False


def write_bundle(path: Path, sources: Sources) -> tuple[BundledFile, ...]:
    """Write the bundle to ``path``, for its owner only, in one step. Raises ``OSError``.

    Unreadable files are noted in the bundle and stop nothing.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            bundle = _Bundle(archive, Redactor(secrets_of(sources.environ)))
            _collect(bundle, sources)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return tuple(bundle.files)


class _Bundle:
    def __init__(self, archive: zipfile.ZipFile, redactor: Redactor) -> None:
        self._archive = archive
        self._redactor = redactor
        self.files: list[BundledFile] = []

    def add(self, name: str, text: str, *, truncated: bool = False) -> None:
        """Add ``text`` without secrets; names may contain some too."""
        name = self._redactor.redact(name)
        shown = self._redactor.redact(text)
        data = shown.encode("utf-8", "replace")
        entry = zipfile.ZipInfo(name, datetime.now().timetuple()[:6])
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o600 << 16
        self._archive.writestr(entry, data)
        cut_out = shown.count(MARK)
        digest = hashlib.sha256(data).hexdigest()
        self.files.append(BundledFile(name, len(data), digest, cut_out, truncated))

    def without_secrets(self, result: RunResult) -> RunResult:
        """The result without secrets; removed first, as Markdown's escapes would hide a known one."""
        return msgspec.convert(self._redactor.within(msgspec.to_builtins(result)), RunResult)

    def add_json(self, name: str, data: object) -> None:
        self.add(name, json.dumps(data, indent=2, ensure_ascii=False, default=str) + "\n")

    def add_file(self, name: str, path: Path) -> None:
        """Add a text file, or a note on why it cannot be read."""
        try:
            text, truncated = _tail(path)
        except OSError as error:
            self.add(f"{name}.unreadable", f"{path}: {error.strerror}\n")
            return
        self.add(name, text, truncated=truncated)


def _tail(path: Path) -> tuple[str, bool]:
    """The end of a file from the start of a line on: half a token would not be recognised."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        start = max(0, size - MOST_TEXT_BYTES)
        file.seek(start)
        data = file.read()
    if start:
        data = data.partition(b"\n")[2]
    return data.decode("utf-8", "replace"), start > 0


def _collect(bundle: _Bundle, sources: Sources) -> None:
    bundle.add("README.txt", _README.format(now=datetime.now(UTC).isoformat(timespec="seconds")))
    bundle.add_json("versions.json", _versions())
    bundle.add_json("environment.json", _environment(sources.environ))
    bundle.add_json("devices.json", dict(sources.devices))
    if sources.config_path is not None and sources.config_path.is_file():
        bundle.add_file("config.toml", sources.config_path)
    for name, path in _logs(sources):
        bundle.add_file(f"logs/{name}", path)
    for result in _results(bundle, sources.state_directory):
        clean = bundle.without_secrets(result)
        bundle.add(f"results/{result.id}.json", as_json(clean))
        bundle.add(f"results/{result.id}.md", markdown(clean, "en"))
        for name, path in _conversations(result):
            bundle.add_file(f"runs/{result.id}/{name}", path)
    for name, path in _unfinished(sources.state_directory):
        bundle.add_file(f"runs/unfinished/{name}", path)
    listed = [msgspec.to_builtins(file) for file in bundle.files]
    bundle.add_json("manifest.json", listed)


def _logs(sources: Sources) -> Iterator[tuple[str, Path]]:
    """Our own logs, including rotated ones. Links are not followed: they may lead anywhere."""
    state = sources.state_directory
    for pattern in ("*.log*", "*/*.log*"):
        for path in sorted(state.glob(pattern)):
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(state).as_posix(), path
    for number, path in enumerate(sources.more_logs, 1):
        yield f"more/{number}-{path.name}", path


def _results(bundle: _Bundle, state_directory: Path) -> list[RunResult]:
    path = state_directory / FILE_NAME
    if not path.exists():
        return []
    found = []
    try:
        with ResultsStore(path) as store:
            runs = store.runs(RUNS)
            bundle.add_json("results/index.json", [msgspec.to_builtins(run) for run in runs])
            for run in runs:
                try:
                    found.append(store.get(run.id))
                except StoreError as error:
                    bundle.add(f"results/{run.id}.unreadable", f"{error}\n")
    except StoreError as error:
        bundle.add("results/unreadable.txt", f"{error}\n")
    return found


def _conversations(result: RunResult) -> Iterator[tuple[str, Path]]:
    """A run's logs and events, if still in its directory."""
    if result.directory is None:
        return
    directory = Path(result.directory)
    for record in result.conversations:
        events = None if record.directory is None else f"{record.directory}/events.jsonl"
        for name in filter(None, (record.log, events)):
            path = directory / name
            if path.is_file() and path.resolve().is_relative_to(directory.resolve()):
                yield name, path


def _unfinished(state_directory: Path) -> Iterator[tuple[str, Path]]:
    """Logs of the latest checks without a result, which may be what is being investigated."""
    kept: frozenset[str] = frozenset()
    results_file = state_directory / FILE_NAME
    if results_file.exists():
        with suppress(StoreError), ResultsStore(results_file) as store:  # it has been said why not
            kept = store.directories()
    checks = state_directory / "checks"
    directories = [
        path
        for path in sorted(checks.glob("*"))
        if path.is_dir() and not path.is_symlink() and str(path.resolve()) not in kept
    ]
    for directory in directories[-RUNS:]:
        for path in sorted(directory.glob("*.log")):
            if path.is_file() and not path.is_symlink():
                yield f"{directory.name}/{path.name}", path


def _versions() -> dict[str, Any]:
    packages = {
        str(distribution.metadata["Name"]): distribution.version
        for distribution in metadata.distributions()
        if distribution.metadata["Name"]
    }
    try:
        system = platform.freedesktop_os_release().get("PRETTY_NAME")
    except OSError:
        system = None
    return {
        "salesmind-console": version(),
        "python": sys.version,
        "executable": sys.executable,
        "platform": platform.platform(),
        "system": system,
        "libc": " ".join(platform.libc_ver()),
        "sqlite": sqlite3.sqlite_version,
        "cpus": os.cpu_count(),
        "packages": dict(sorted(packages.items(), key=lambda item: item[0].lower())),
    }


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name: MARK if is_telling(name) and value else value
        for name, value in sorted(environ.items())
        if name.upper().startswith(_ENVIRONMENT)
    }
