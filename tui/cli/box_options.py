"""What the commands of a demo box have in common: where its server is, and the secret."""

from __future__ import annotations

import os
from pathlib import Path

import click

from tui.i18n import _

BOX_SECRET = "box.secret"  # noqa: S105 (a file's name; the server's ``backend.private_files`` has the same)
SECRET_VARIABLE = "SALESMIND_BOX_SECRET_FILE"  # noqa: S105 (a name)


def secret_file_option() -> click.Option:
    """``--box-secret-file``."""
    return click.Option(
        ["--box-secret-file"],
        type=click.Path(path_type=Path, dir_okay=False),
        envvar=SECRET_VARIABLE,
        show_envvar=True,
        help=_("File with the secret of the box, as given to its server."),
    )


def read_secret(path: Path | None) -> str:
    """The secret in ``path``. Raises ``click.UsageError``."""
    if path is None:
        raise click.UsageError(_("The secret of the box is missing: give --box-secret-file."))
    try:
        secret = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or _("not a secret")
        sentence = _("The secret of the box cannot be read from {path}: {reason}")
        raise click.UsageError(sentence.format(path=path, reason=reason)) from None
    if not secret or not secret.isprintable() or " " in secret:
        raise click.UsageError(_("{path} does not hold the secret of a box.").format(path=path))
    return secret


def is_web() -> bool:
    """Whether a web page is in the place of the terminal: textual-serve says so in the environment."""
    return os.environ.get("TEXTUAL_DRIVER", "").endswith("WebDriver")
