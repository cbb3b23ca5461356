"""A real nginx around one site of ``deploy/``, all of it in a directory of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path


def find_nginx() -> str | None:
    """Debian has it in /usr/sbin, which is not on everybody's path."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def substitute(text: str, **replacements: tuple[str, str]) -> str:
    """``text`` with each pair replaced; every left side must be there, or the file has changed under us."""
    for name, (old, new) in replacements.items():
        assert old in text, f"{name}: {old!r} is not in the file any more"
        text = text.replace(old, new)
    return text


def make_certificate(directory: Path) -> tuple[Path, Path]:
    certificate, key = directory / "salesmind.pem", directory / "salesmind.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


def whole_configuration(directory: Path, site: str) -> str:
    """``site`` with what nginx wants around it."""
    temporary = "\n".join(
        f"{kind}_temp_path {directory / kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    return (
        f"{user}\ndaemon off;\nmaster_process off;\npid {directory / 'nginx.pid'};\n"
        f"events {{}}\nhttp {{\n{temporary}\n{site}\n}}\n"
    )
