"""The words of a load run: its measures, its table, its verdict, its page."""

from __future__ import annotations

from collections.abc import Sequence

from load.figures import LATE_P99_MS, Figures, Spread
from load.lines import Measure
from load.report import Words
from load.result import Ending, Result, StepResult
from tui import i18n
from tui.i18n import N_, _

MEASURES: dict[Measure, str] = {
    "session": N_("Session created"),
    "connect": N_("Connected"),
    "gate": N_("Ready for audio"),
    "answer": N_("End of speech to first audio"),
    "gap": N_("Gap in an answer"),
    "lateness": N_("Own lateness"),
}
ENDINGS: dict[Ending, str] = {
    "duration": N_("The time was up."),
    "limit": N_("A limit was passed."),
    "knee": N_("The limit was found."),
    "late": N_("The search ended because this machine could not keep up itself."),
    "most_users": N_("The most users allowed were reached before any limit. Allow more with --most-users."),
    "interrupted": N_("The run was interrupted; these are the figures until then."),
    "failed": N_("The run broke off; the log says why."),
}
_FAILURES = {
    "load_port_unavailable": N_("The port for workers cannot be used. Choose another one with --bind."),
    "load_master_unreachable": N_(
        "No master answers there. Check the address, and that it runs with --master."
    ),
    "load_crowd_ended": N_("The process with the conversations ended. Its log says why: load.log."),
}
NONE = Spread(0, None, None, None, None)
HEADINGS = (N_("Measure"), N_("Number"), "p50", "p95", "p99", N_("Largest"))


def failure(code: str) -> str | None:
    """The sentence for a code of our own; None for those of other rooms."""
    return _(_FAILURES[code]) if code in _FAILURES else None


def ms(value: float | None) -> str:
    """Milliseconds, or a dash for a percentile that there are too few values for."""
    return "-" if value is None else f"{value:.0f} ms"


def measure_rows(figures: Figures) -> list[tuple[str, ...]]:
    """A table of the measures, with headings."""
    rows = [tuple(_(heading) for heading in HEADINGS)]
    for measure, words in MEASURES.items():
        spread = figures.spreads.get(measure, NONE)
        values = (spread.p50, spread.p95, spread.p99, spread.largest)
        rows.append((_(words), str(spread.n), *map(ms, values)))
    return rows


def fact_rows(figures: Figures) -> list[tuple[str, str]]:
    """What is not a latency: each as its name and its value."""
    counts = figures.counts
    right = counts.get("mode_true", 0) + counts.get("mode_false", 0)
    wrong = counts.get("mode_not_true", 0) + counts.get("mode_not_false", 0)
    errors = ", ".join(f"{code} x{count}" for code, count in sorted(figures.errors.items()))
    facts = [
        (_("Most conversations at a time"), str(figures.users)),
        (
            _("Turns spoken, transcribed, answered"),
            " / ".join(str(counts.get(what, 0)) for what in ("turns", "transcripts", "answers")),
        ),
        (_("realtime_mode right, wrong"), f"{right} / {wrong}"),
        (_("Errors"), errors or "0"),
    ]
    if figures.cores is not None:
        facts.append((_("CPU of the server"), _("{cores:.2f} cores").format(cores=figures.cores)))
    if figures.memory_mib is not None:
        facts.append((_("Memory of the server"), f"{figures.memory_mib:.0f} MiB"))
    return facts


def progress(seconds: float, wanted: int, figures: Figures) -> str:
    """One line of progress, for a stderr that is no terminal."""
    answer = figures.spreads.get("answer")
    return _(
        "{seconds:.0f} s: {users} of {wanted} users, answer p50 {p50}, p95 {p95}, {errors} errors"
    ).format(
        seconds=seconds,
        users=figures.users,
        wanted=wanted,
        p50=ms(answer.p50 if answer else None),
        p95=ms(answer.p95 if answer else None),
        errors=figures.failures,
    )


def step(result: StepResult) -> str:
    """What a step of the search came to, as one line."""
    return _("{users} users: {outcome}").format(users=result.users, outcome=outcome(result))


def outcome(result: StepResult) -> str:
    """Whether a step was held, and if not, why."""
    if result.figures.late:
        return _("this machine sent too late to tell")
    if result.held:
        return _("held")
    reasons = ", ".join(f"{each.limit.name} {each.value:.0f} > {each.limit.most:g}" for each in result.passed)
    return _("too many ({reasons})").format(reasons=reasons)


def step_rows(steps: Sequence[StepResult]) -> list[tuple[str, ...]]:
    """A table of the search for the limit, with headings; empty without steps."""
    if not steps:
        return []
    head = (_("Users"), _("Answer p50"), "p95", _("Ready p95"), _("Errors"), _("Server (cores)"), _("Result"))
    rows: list[tuple[str, ...]] = [head]
    for each in steps:
        answer, gate = (each.figures.spreads.get(measure, NONE) for measure in ("answer", "gate"))
        cores = "-" if each.figures.cores is None else f"{each.figures.cores:.2f}"
        rows.append(
            (
                str(each.users), ms(answer.p50), ms(answer.p95), ms(gate.p95), str(each.figures.failures), cores,
                outcome(each),
            )
        )  # fmt: skip
    return rows


def verdict(result: Result) -> list[str]:
    """The sentences that sum a run up."""
    sentences = [_(ENDINGS[result.ending])]
    sentences += [f"{each.limit.name}: {each.value:.0f} > {each.limit.most:g}" for each in result.passed]
    held = max((each.users for each in result.steps if each.held), default=0)
    if result.ending == "knee":
        sentences.append(_("The server carries {users} users within the limits.").format(users=held))
    elif held:
        sentences.append(_("The server carries at least {users} users within the limits.").format(users=held))
    if not result.valid:
        sentences.append(
            _(
                "Invalid: this machine sent its own audio more than {limit:.0f} ms late at p99, so the figures say "
                "more about it than about the server. Use fewer users, or more machines (--master, --worker)."
            ).format(limit=LATE_P99_MS)
        )
    return sentences


def page_words() -> Words:
    """What the HTML page is made of."""
    return Words(
        language=i18n.language(),
        title=_("Load on a SalesMind server"),
        users=_("Users in a conversation"),
        latency=_("End of speech to first audio, each second"),
        errors=_("Errors per second"),
        server=_("CPU of the server (cores)"),
        seconds=_("s"),
    )
