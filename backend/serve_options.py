"""The options of ``salesmind serve``: checked, and turned into settings and a socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from backend import private_files, tls
from backend.spin import accounts

Step = Literal[
    "migrating", "demo_account", "engine_starting", "engine_ready", "model_retiring", "ready", "stopping"
]
Progress = Callable[[Step, dict[str, str]], None]
"""Called with the server's progress and the values for its message."""


class ServeError(Exception):
    """The server cannot start. ``code`` is stable; the message says in English what to do."""

    def __init__(self, code: str, message: str, **params: str) -> None:
        super().__init__(message)
        self.code = code
        self.params = params


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """The options of ``salesmind serve``."""

    host: str = "127.0.0.1"
    port: int = 8000
    """0: a free one."""
    upstream: str = "engine"
    """``engine``, ``openai`` or the URL of a Realtime endpoint."""
    engine_arguments: tuple[str, ...] = ()
    """Extra arguments for the engine, if it is the upstream."""
    model: str | None = None
    database: Path | None = None
    data_directory: Path | None = None
    log: Path | None = None
    admin_password_variable: str | None = None
    """Name of the environment variable that holds a new password for the administrator."""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    """PEM files; with both the server speaks ``https://`` and ``wss://`` only."""
    box_secret_file: Path | None = None
    """Makes this the server of a demo box; created if it does not exist."""
    visitors: int | None = None
    """How many visitors the box has places for."""


def new_admin_password(options: ServeOptions) -> str | None:
    """The password that ``--admin-password-env`` points to. Raises ``ServeError`` for a weak one."""
    name = options.admin_password_variable
    if name is None:
        return None
    password = os.environ.get(name, "")
    if len(password) < 8 or password == accounts.DEMO_PASSWORD:
        raise ServeError(
            "password_too_weak",
            f"The environment variable {name} must contain a password of at least 8 characters, not the demo password.",
            variable=name,
        )
    return password


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the server. Raises ``ServeError`` for an unknown name."""
    try:
        return accounts.is_loopback(host)
    except OSError:
        raise ServeError(
            "host_unknown", f"There is no address for the host name {host}.", host=host
        ) from None


def check_tls(options: ServeOptions) -> None:
    """Raise ``ServeError`` for a certificate or key that cannot be used."""
    try:
        tls.server_context(options.tls_certificate, options.tls_key)
    except tls.CertificateError as failure:
        raise ServeError("tls_unusable", f"TLS cannot be used: {failure}", cause=str(failure)) from None


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; early clients wait until the server is ready. Raises ``ServeError``."""
    family, _kind, _protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    # With the protocol named, asyncio switches Nagle's delay off on accepted sockets; with 0 it does not.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # With SO_REUSEADDR a second server could bind as long as nobody listens.
        listener.listen(128)
    except OSError as failure:
        listener.close()
        raise ServeError(
            "port_unavailable",
            f"{host} port {port} cannot be used: {failure.strerror}. Stop the program that uses it, or choose "
            "another --port.",
            host=host,
            port=str(port),
            cause=failure.strerror or "",
        ) from None
    return listener


def _upstream_settings(options: ServeOptions) -> dict[str, str]:
    """The environment that an ``--upstream`` means. Raises ``ServeError``."""
    if options.upstream == "engine":
        return {}
    if options.upstream == "openai":
        if not os.environ.get("OPENAI_API_KEY"):
            raise ServeError(
                "openai_key_missing", "--upstream openai needs the environment variable OPENAI_API_KEY."
            )
        return {"SALESMIND_REALTIME_URL": "wss://api.openai.com/v1/realtime"}
    if not _is_websocket_url(options.upstream):
        raise ServeError(
            "upstream_invalid",
            "--upstream must be engine, openai, or a URL that begins with ws:// or wss://.",
        )
    return {"SALESMIND_REALTIME_URL": options.upstream}


def _is_websocket_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"ws", "wss"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, or half a bracket
        return False


def _make_box_secret(path: Path) -> None:
    """Raises ``ServeError``."""
    try:
        private_files.make_secret(path)
    except OSError as failure:
        raise ServeError(
            "box_secret_unwritable",
            f"The secret of the box cannot be written to {path}: {failure.strerror}.",
            path=str(path),
            cause=failure.strerror or "",
        ) from None


def configure(options: ServeOptions, loopback: bool) -> None:
    """Turn the options into the environment that ``backend.settings`` reads."""
    environment = _upstream_settings(options)
    if options.model:
        environment["SALESMIND_REALTIME_MODEL"] = options.model
    if options.data_directory:
        environment["SALESMIND_DATA_DIR"] = str(options.data_directory)
    if options.box_secret_file:
        _make_box_secret(options.box_secret_file)
        environment["SALESMIND_BOX_SECRET_FILE"] = str(options.box_secret_file)
    if options.visitors:
        environment["SALESMIND_VISITORS"] = str(options.visitors)
    if options.database:
        environment["SALESMIND_DATABASE"] = str(options.database)
        os.environ.pop("SALESMIND_DATABASE_URL", None)  # what was typed goes before what was exported
    if not loopback and "SALESMIND_ALLOWED_HOSTS" not in os.environ:
        # Whoever listens on all addresses cannot be expected to list every name they have.
        environment["SALESMIND_ALLOWED_HOSTS"] = "*"
    os.environ.update(environment)
    os.environ["DJANGO_SETTINGS_MODULE"] = "backend.settings"
