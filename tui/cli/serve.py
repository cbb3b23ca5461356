"""``salesmind serve``: the command line of the embedded server."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import click

from tui.cli.group import reject
from tui.cli.mind_options import mind_arguments, mind_options
from tui.cli.server_extra import require_server
from tui.exit_codes import ExitCode
from tui.i18n import N_, _

PROGRESS = {
    "migrating": N_("Preparing the database ..."),
    "demo_account": N_("Demo account: {username} / {password}"),
    "engine_starting": N_("Starting the offline engine ..."),
    "engine_ready": N_("The offline engine is ready."),
    "model_retiring": N_(
        "Warning: OpenAI has announced the end of model {model}. Choose another one with --model."
    ),
    "ready": N_("SalesMind is ready: {url}"),
    "stopping": N_("Stopping ..."),
}
FAILURES = {
    "openai_key_missing": N_("--upstream openai needs the environment variable OPENAI_API_KEY."),
    "upstream_invalid": N_("--upstream must be engine, openai, or a URL that begins with ws:// or wss://."),
    "port_unavailable": N_(
        "{host} port {port} cannot be used: {cause}. Stop the program that uses it, or choose another --port."
    ),
    "host_unknown": N_("There is no address for the host name {host}."),
    "log_unwritable": N_("The log file {path} cannot be written."),
    "directory_unwritable": N_(
        "The directory {path} cannot be created: {cause}. Choose another one with --data-dir."
    ),
    "database_newer": N_(
        "The database comes from a newer version of SalesMind Console (it has {migration}). Update this one, or "
        "choose another database with --database."
    ),
    "database_unusable": N_("The database cannot be used: {cause}. Choose another one with --database."),
    "database_server_unusable": N_(
        "The database server cannot be used: {cause}. Check SALESMIND_DATABASE_URL."
    ),
    "no_account": N_(
        "The database has no accounts yet. Create the administrator's with --admin-password-env NAME."
    ),
    "demo_password_exposed": N_(
        "The demo password admin123 still works, so the server accepts connections from this machine "
        "only. Change the administrator's password first: --admin-password-env NAME."
    ),
    "password_too_weak": N_(
        "The environment variable {variable} must contain a password of at least 8 characters, not the "
        "demo password."
    ),
    "box_secret_unwritable": N_("The secret of the box cannot be written to {path}: {cause}"),
    "tls_unusable": N_("TLS cannot be used: {cause}"),
    "configuration_invalid": N_("The configuration is not valid: {cause}"),
}


def report_progress(code: str, values: dict[str, str]) -> None:
    """Report the server's progress on stderr."""
    click.echo(_(PROGRESS[code]).format(**values), err=True)


def _stop_on_eof() -> None:
    """Stop when the process that started us has gone, however it ended."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


@click.command(help=_("Run the SalesMind server that comes with the console."))
@click.option("--host", default="127.0.0.1", show_default=True, help=_("Address to listen on."))
@click.option(
    "--port",
    metavar="N",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help=_("Port to listen on; 0 picks a free one."),
)
@click.option(
    "--upstream",
    default="engine",
    show_default=True,
    help=_("engine, openai, or the URL of a Realtime endpoint."),
)
@mind_options
@click.option("--model", help=_("Realtime model to request from the upstream."))
@click.option(
    "--database",
    type=click.Path(path_type=Path, dir_okay=False),
    help=_("SQLite file; created if it does not exist."),
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help=_("Directory of the database and lock files."),
)
@click.option(
    "--log",
    type=click.Path(path_type=Path, dir_okay=False),
    help=_("Log file. Default: standard error."),
)
@click.option(
    "--admin-password-env",
    metavar="NAME",
    help=_("Environment variable that holds a new password for the account admin."),
)
@click.option(
    "--tls-cert",
    type=click.Path(path_type=Path, dir_okay=False),
    help=_("Serve https:// with this certificate and its chain (PEM)."),
)
@click.option(
    "--tls-key",
    type=click.Path(path_type=Path, dir_okay=False),
    help=_("Private key of --tls-cert (PEM, without a passphrase)."),
)
@click.option(
    "--box-secret-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help=_(
        "Make this the server of a demo box: whoever knows the secret in this file may let visitors in. Created "
        "if it does not exist."
    ),
)
@click.option(
    "--visitors",
    metavar="N",
    type=click.IntRange(1, 1000),
    help=_("Visitors that the demo box takes at the same time; more have to wait. Default: 3."),
)
@click.option("--stop-on-eof", is_flag=True, help=_("Stop when standard input is closed."))
def command(
    host: str,
    port: int,
    upstream: str,
    mind: str | None,
    mind_model: str | None,
    mind_key_file: Path | None,
    mind_timeout: float,
    model: str | None,
    database: Path | None,
    data_dir: Path | None,
    log: Path | None,
    admin_password_env: str | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    box_secret_file: Path | None,
    visitors: int | None,
    stop_on_eof: bool,
) -> None:
    """Serve until told to stop; the first line on stdout is ``{"url": ...}``."""
    require_server()
    from backend.engine.options import OptionsError, read_mind
    from backend.serve import ServeError, ServeOptions, run

    try:
        read_mind(mind, mind_model, mind_key_file, mind_timeout)
    except OptionsError as error:
        raise reject(str(error)) from None
    if mind is not None and upstream != "engine":
        raise reject(_("--mind works with the offline engine only: leave out --upstream."))
    if visitors is not None and box_secret_file is None:
        raise reject(_("--visitors is for a demo box: add --box-secret-file."))
    if stop_on_eof:
        threading.Thread(target=_stop_on_eof, daemon=True).start()
    options = ServeOptions(
        host=host,
        port=port,
        upstream=upstream,
        engine_arguments=mind_arguments(mind, mind_model, mind_key_file, mind_timeout),
        model=model,
        database=database,
        data_directory=data_dir,
        log=log,
        admin_password_variable=admin_password_env,
        tls_certificate=tls_cert,
        tls_key=tls_key,
        box_secret_file=box_secret_file,
        visitors=visitors,
    )
    try:
        exit_code = run(options, report_progress)
    except ServeError as failure:
        words = (
            _(FAILURES[failure.code]).format(**failure.params) if failure.code in FAILURES else str(failure)
        )
        raise reject(words, ExitCode.USAGE) from None
    raise SystemExit(exit_code)
