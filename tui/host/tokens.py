"""Login tokens that are remembered on this computer, only when the operator asks; passwords never.

In the system's keyring, through the `keyring` package (the ``[keyring]`` extra), else in ``tokens.json`` in the state
directory, readable by its owner only. That file also lists what is in the keyring, which cannot be asked. A keyring
that does not answer is treated as none: some ask for a password on a screen that nobody sees.
"""

from __future__ import annotations

import json
import os
import queue
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Literal

from tui.host.memory import private_directory

SERVICE = "salesmind-console"
LIMIT_S = 5.0
"""Time for the keyring to answer."""
FILE = "tokens.json"

Place = Literal["keyring", "file"]


class TokenStore:
    """The tokens of this operator. Every method may take up to ``LIMIT_S``; ``repr`` shows none."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE

    def get(self, server_url: str, username: str) -> str | None:
        """The remembered token, if there is one. Never raises."""
        name = _name(server_url, username)
        listed = self._read()
        if name not in listed:
            return None
        return listed[name] or _ask(lambda keyring: keyring.get_password(SERVICE, name))

    def has(self, server_url: str, username: str) -> bool:
        """Whether one is remembered, without asking the keyring. Never raises."""
        return _name(server_url, username) in self._read()

    def keep(self, server_url: str, username: str, token: str) -> Place:
        """Remember it; says where. Raises ``OSError``."""
        name = _name(server_url, username)

        def store(keyring: Any) -> bool:
            keyring.set_password(SERVICE, name, token)
            return bool(keyring.get_password(SERVICE, name) == token)

        in_keyring = _ask(store) is True
        self._write(self._read() | {name: "" if in_keyring else token})
        return "keyring" if in_keyring else "file"

    def forget(self, server_url: str | None = None, username: str | None = None) -> int:
        """Forget the tokens of that server and account (None: of any); how many. Raises ``OSError``."""
        listed = self._read()
        gone = [name for name in listed if _matches(name, server_url, username)]
        for name in gone:
            if not listed.pop(name):
                _ask(partial(_delete, name))
        if gone:
            self._write(listed)
        return len(gone)

    def _read(self) -> dict[str, str]:
        """Tokens by name; an empty one is in the keyring."""
        try:
            raw = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(raw, dict):
            return {}
        return {str(name): token for name, token in raw.items() if isinstance(token, str)}

    def _write(self, listed: dict[str, str]) -> None:
        private_directory(self._path.parent)
        if not listed:
            self._path.unlink(missing_ok=True)
            return
        handle, name = tempfile.mkstemp(
            dir=self._path.parent, prefix="tokens.", suffix=".tmp"
        )  # mkstemp: 0600
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(listed, file, ensure_ascii=False, indent=1)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise


def _name(server_url: str, username: str) -> str:
    return f"{username} {server_url.rstrip('/')}"


def _matches(name: str, server_url: str | None, username: str | None) -> bool:
    user, _, server = name.rpartition(" ")
    return username in (None, user) and (server_url is None or server_url.rstrip("/") == server)


def _delete(name: str, keyring: Any) -> None:
    keyring.delete_password(SERVICE, name)


def _ask(what: Callable[[Any], Any]) -> Any:
    """What the keyring says, None if there is none, it fails or does not answer in time."""
    try:
        import keyring
    except ImportError:
        return None
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def ask() -> None:
        # Backends raise whatever their system raises, and nothing of it is worth stopping for.
        try:
            answers.put(what(keyring))
        except Exception:  # noqa: BLE001
            answers.put(None)

    threading.Thread(target=ask, name="keyring", daemon=True).start()
    try:
        return answers.get(timeout=LIMIT_S)
    except queue.Empty:
        return None
