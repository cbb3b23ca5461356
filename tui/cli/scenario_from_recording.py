"""`salesmind run --record-from RUN FILE`: a scenario from a recorded conversation."""

from __future__ import annotations

from pathlib import Path

import click

from api_client.harmless import one_line
from relay.recording.reader import NoRecording
from scenarios.reading import SUFFIX
from scenarios.recorded import NothingSaid
from scenarios.recording import NoSound, write_scenario
from tui.cli.group import reject
from tui.cli.recorded_runs import cannot
from tui.cli.replay import recording_named
from tui.i18n import _


def write_from(run: str, given: tuple[str, ...]) -> None:
    """Write the one scenario of ``given`` from the recording ``run``. Raises ``Exit`` after reporting why not."""
    if len(given) != 1 or not given[0].endswith(SUFFIX):
        raise reject(
            _("--record-from needs the name of one new file: salesmind run --record-from RUN NEW.toml")
        )
    target = Path(given[0])
    _settings, entry = recording_named(run, {})
    try:
        proposal = write_scenario(entry.directory, target)
    except FileExistsError:
        sentence = _("{path} exists already. Choose another name.")
        raise reject(sentence.format(path=one_line(str(target)))) from None
    except NothingSaid:
        sentence = _("Nothing was said in the recording {run}, so there is nothing to repeat.")
        raise reject(sentence.format(run=one_line(entry.name))) from None
    except NoSound:
        sentence = _("The recording {run} has no sound of the salesperson.")
        raise reject(sentence.format(run=one_line(entry.name))) from None
    except NoRecording as error:
        raise cannot(_("The recording {run} cannot be read: {reason}"), entry.name, error) from None
    except OSError as error:
        sentence = _("The file {path} cannot be written: {reason}")
        path = one_line(str(error.filename or target))
        raise reject(sentence.format(path=path, reason=error.strerror)) from None
    sentence = _("Written: {path}, with {n} recordings. Read it, then run it: salesmind run {path}")
    click.echo(sentence.format(path=one_line(str(target)), n=len(proposal.cuts)), err=True)
