"""The certificate that a server of ours shows: read once, so that a mistake in it is said before anybody connects."""

from __future__ import annotations

import ssl
from pathlib import Path


class CertificateError(Exception):
    """A certificate or key that cannot be used; the message says which and what to do."""


def server_context(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """What serves TLS with ``certificate`` (PEM, with its chain) and its private ``key``; None without both.

    Raises ``CertificateError``. A key with a passphrase is refused: nobody is there to type it.
    """
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise CertificateError("--tls-cert and --tls-key go together: a certificate and its private key")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        for path in (certificate, key):
            path.read_bytes()
        context.load_cert_chain(certificate, key, password=_no_passphrase)
    except ssl.SSLError as error:
        raise CertificateError(_reason(error, certificate, key)) from error
    except OSError as error:
        raise CertificateError(f"{error.filename}: {error.strerror or error}") from error
    except ValueError as error:
        raise CertificateError(f"--tls-key {key}: {error}") from error
    return context


def _no_passphrase() -> str:
    raise ValueError("the key has a passphrase; give one without, readable by its owner only")


def _reason(error: ssl.SSLError, certificate: Path, key: Path) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"--tls-key {key} is not the key of --tls-cert {certificate}"
    return f"--tls-cert {certificate}, --tls-key {key}: one of them is no certificate or no key in PEM"
