"""What is wrong with the file of a scenario: file, line and field, in the user's language."""

from __future__ import annotations

from collections.abc import Mapping

from api_client.harmless import one_line
from scenarios.fields import KeyPath, Mistake, MistakeCode
from scenarios.reading import ScenarioInvalid, ScenarioUnreadable
from tui.i18n import N_, _
from tui.settings.toml_lines import line_of, syntax_error_line

_SENTENCES: Mapping[MistakeCode, str] = {
    MistakeCode.UNKNOWN_FIELD: N_("unknown field. Fields: {fields}."),
    MistakeCode.MISSING: N_("{field} is missing."),
    MistakeCode.NOT_TEXT: N_("must be a text that is not empty."),
    MistakeCode.NOT_TEXTS: N_("must be a text or a list of texts."),
    MistakeCode.NOT_A_CHOICE: N_("must be one of {choices}."),
    MistakeCode.NOT_NUMBER: N_("must be a number."),
    MistakeCode.NOT_INTEGER: N_("must be a whole number."),
    MistakeCode.NOT_EVEN: N_("must be an even number."),
    MistakeCode.OUT_OF_RANGE: N_("must be between {low} and {high}."),
    MistakeCode.NOT_FLAG: N_("must be true or false."),
    MistakeCode.NOT_TABLE: N_("must be a table."),
    MistakeCode.NOT_TABLES: N_("must be tables: [[turns]]."),
    MistakeCode.ONE_ACTION: N_("a turn does exactly one of these: {actions}."),
    MistakeCode.NOTHING_TO_INTERRUPT: N_("the first turn has no answer before it to wait for."),
    MistakeCode.ONE_WAY_TO_INTERRUPT: N_("give either speak or say."),
    MistakeCode.NEEDS: N_("means nothing without {other}."),
    MistakeCode.NOTHING_EXPECTED: N_("nothing is expected of this scenario. Add an expect table or [end]."),
    MistakeCode.BAD_PATTERN: N_("not a regular expression: {reason}"),
    MistakeCode.NO_SUCH_FILE: N_("there is no file {file}."),
    MistakeCode.NO_SUCH_SAMPLE: N_("there is no sample {name}. Samples: {samples}."),
}
_CLOSE: Mapping[MistakeCode, str] = {
    MistakeCode.UNKNOWN_FIELD: N_("unknown field. Did you mean {close}?"),
    MistakeCode.NO_SUCH_SAMPLE: N_("there is no sample {name}. Did you mean {close}?"),
}


def sentences(error: ScenarioUnreadable | ScenarioInvalid) -> list[str]:
    """One line for each mistake, by line of the file."""
    if isinstance(error, ScenarioUnreadable):
        return [_unreadable(error)]
    placed = sorted(
        ((line_of(error.text, mistake.path), mistake) for mistake in error.mistakes),
        key=lambda pair: pair[0] or 0,
    )
    return [_sentence(error, line, mistake) for line, mistake in placed]


def _sentence(error: ScenarioInvalid, line: int | None, mistake: Mistake) -> str:
    what = _SENTENCES[mistake.code]
    if mistake.params.get("close"):
        what = _CLOSE[mistake.code]
    words = _(what).format_map({name: one_line(value) for name, value in mistake.params.items()})
    field = one_line(field_name(mistake.path))
    path = one_line(str(error.path))
    if not field:
        return f"{path}: {words}"
    if line is None:
        return f"{path}: {field}: {words}"
    return _("{path}, line {n}: {key}: {what}").format(path=path, n=line, key=field, what=words)


def field_name(path: KeyPath) -> str:
    """``turns[2].expect.audible``; counted from 1, as reports count turns."""
    name = ""
    for part in path:
        if isinstance(part, int):
            name += f"[{part + 1}]"
        else:
            name += f".{part}" if name else part
    return name


def _unreadable(error: ScenarioUnreadable) -> str:
    path, failure = one_line(str(error.path)), error.error
    if isinstance(failure, OSError):
        why = failure.strerror or str(failure)
        return _("{path}: cannot be read: {why}").format(path=path, why=why)
    if isinstance(failure, UnicodeDecodeError):
        line = failure.object.count(b"\n", 0, failure.start) + 1
        return _("{path}, line {n}: not UTF-8. Save the file as UTF-8.").format(path=path, n=line)
    why = one_line(str(failure))
    line_number = syntax_error_line(failure, error.text)
    if line_number is None or "at line" in why:
        return _("{path}: not valid TOML: {why}").format(path=path, why=why)
    return _("{path}, line {n}: not valid TOML: {why}").format(path=path, n=line_number, why=why)
