"""What became of a run and of each recipient, said in plain words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _

from mailer.mailings.labels import stop_reasons
from mailer.mailings.runs.queries import CAME_BACK, CLICKED, LEFT
from mailer.models.run import PauseReason, Run, RunState, StopReason


@dataclass(frozen=True, slots=True)
class Verdict:
    """A sentence, what is missing and why, and how it looks (`good`, `warn`, `bad`, `accent`, `neutral`)."""

    tone: str
    text: str
    missing: list[str] = field(default_factory=list)


def verdict(run: Run) -> Verdict:
    """The sentence over a run's figures; never "done" over a gap."""
    if run.is_stopping:
        return _stopping(run)
    speak = {
        RunState.PLANNED: _planned,
        RunState.COMPLETE: _complete,
        RunState.COMPLETE_WITH_REFUSALS: _complete_with_refusals,
        RunState.INCOMPLETE: _incomplete,
        RunState.STOPPED: _stopped,
        RunState.EXPIRED: _stopped,
        RunState.SKIPPED: _skipped,
    }.get(run.state, _open)
    said = speak(run)
    if run.closed_at is not None and run.came_back_count:
        return replace(said, missing=[*said.missing, came_back_text(run)])
    return said


def _stopping(run: Run) -> Verdict:
    """No figure of those left out yet: it moves until the last answers are in."""
    assert run.stop_reason is not None
    why = stop_reasons()[run.stop_reason]
    return Verdict(
        "warn",
        _("Stopping (%(reason)s): no more emails are being sent.", reason=why),
        [_("Emails being handed to the mail server right now will be finished; then the figures are final.")],
    )


def _planned(run: Run) -> Verdict:
    return Verdict("accent", _("The list of recipients is being prepared; the first emails go out in a moment."))


def _open(run: Run) -> Verdict:
    done = run.planned_count - run.waiting_count
    counts = {"done": format_decimal(done), "planned": format_decimal(run.chosen_count)}
    if run.waits_for_pictures:
        text = _(
            "%(done)s of %(planned)s are done. The storage of the pictures inside the email is unavailable.", **counts
        )
        return Verdict("warn", text, [_("Nobody is lost and no attempt is used up: we will try again automatically.")])
    if run.state is RunState.WAITING_FOR_SERVER:
        text = _("%(done)s of %(planned)s are done. The mail server is not accepting emails at the moment.", **counts)
        return Verdict("warn", text, [_("Nobody is lost and no attempt is used up: we will try again automatically.")])
    if run.state is RunState.PAUSED and run.pause_reason is PauseReason.REFUSALS:
        return _paused_by_refusals(run, counts)
    if run.state is RunState.PAUSED and run.pause_reason is PauseReason.BOUNCES:
        text = _(
            "Paused automatically: too many of the first emails came back. %(done)s of %(planned)s are done.", **counts
        )
        return Verdict("bad", text, [came_back_text(run), _("Check what came back before sending the rest.")])
    if run.state is RunState.PAUSED and run.pause_reason is PauseReason.RESTORED:
        text = _("Paused: the data were restored from a backup made while this run was in progress.")
        known = _("By then %(done)s of %(planned)s were done. Who got the email afterwards is unknown.", **counts)
        return Verdict("bad", text, [known, _("Anyone who has received it since then would get it a second time.")])
    if run.state is RunState.PAUSED:
        return Verdict("warn", _("Paused: %(done)s of %(planned)s are done, the others wait for you.", **counts))
    if run.state is RunState.WAITING_FOR_WINDOW:
        return Verdict(
            "neutral", _("%(done)s of %(planned)s are done, the others wait for the sending hours.", **counts)
        )
    return Verdict("accent", _("%(done)s of %(planned)s are done.", **counts))


def _paused_by_refusals(run: Run, counts: dict[str, str]) -> Verdict:
    if not run.refused_count and not run.accepted_count:
        text = _("Paused automatically: the mail server accepted no emails and gave the same answer for everybody.")
        return Verdict(
            "bad",
            text,
            [_("Nobody is lost and no attempt is used up: everyone is waiting for you to look at the answer.")],
        )
    text = _("Paused automatically: too many emails were refused. %(done)s of %(planned)s are done.", **counts)
    why = ngettext(
        "%(count)s of %(attempts)s attempts was refused for good. Check the answers before sending the rest.",
        "%(count)s of %(attempts)s attempts were refused for good. Check the answers before sending the rest.",
        run.refused_count,
        count=format_decimal(run.refused_count),
        attempts=format_decimal(run.successful_attempt_count + run.failed_attempt_count),
    )
    return Verdict("bad", text, [why])


def _complete(run: Run) -> Verdict:
    if not run.accepted_count:
        return Verdict("warn", _("Nothing was sent: everyone chosen was left out."), _left_out(run))
    text = ngettext(
        "The mail server accepted the one email there was to send.",
        "The mail server accepted all %(count)s emails.",
        run.accepted_count,
        count=format_decimal(run.accepted_count),
    )
    return Verdict("good", text, _left_out(run))


def _complete_with_refusals(run: Run) -> Verdict:
    text = _(
        "Everyone has a final answer: %(accepted)s accepted, %(refused)s refused.",
        accepted=format_decimal(run.accepted_count),
        refused=format_decimal(run.refused_count),
    )
    return Verdict("warn", text, [_refused_text(run), *_left_out(run)])


def _incomplete(run: Run) -> Verdict:
    text = _(
        "Not complete: %(accepted)s of %(planned)s are accepted for certain.",
        accepted=format_decimal(run.accepted_count),
        planned=format_decimal(run.planned_count),
    )
    refused = [_refused_text(run)] if run.refused_count else []
    return Verdict("bad", text, [_uncertain_text(run), *refused, *_left_out(run)])


def _stopped(run: Run) -> Verdict:
    uncertain = [_uncertain_text(run)] if run.uncertain_count else []
    refused = [_refused_text(run)] if run.refused_count else []
    sent = _(
        "%(accepted)s of %(planned)s had been accepted before.",
        accepted=format_decimal(run.accepted_count),
        planned=format_decimal(run.planned_count),
    )
    tone = "neutral" if run.state is RunState.EXPIRED else "bad"
    return Verdict(tone, _stop_text(run), [sent, *uncertain, *refused, *_left_out(run)])


def _skipped(run: Run) -> Verdict:
    if run.stop_reason is StopReason.OVERLAP:
        return Verdict("neutral", _("Left out: the previous run was still in progress at that moment."))
    if run.stop_reason is StopReason.MISSED:
        return Verdict(
            "warn",
            _("Left out: at that moment nothing could be sent, and afterwards it was too late by this mailing’s rule."),
        )
    if run.stop_reason is StopReason.LIMIT:
        return Verdict("bad", _("Nothing was sent: it would have exceeded the account’s limit for 24 hours."))
    if run.stop_reason is StopReason.UNAPPROVED:
        return Verdict("bad", _("Nothing was sent: no manager had approved the mailing as it stood."))
    if run.stop_reason is StopReason.SEGMENT:
        return Verdict(
            "bad", _("Nothing was sent: a segment refers to a field or segment that no longer exists. Correct it.")
        )
    if run.stop_reason is StopReason.HELD:
        return Verdict(
            "neutral", _("Left out: at that moment sending was held back, and missed runs are not made up for.")
        )
    if run.stop_reason is StopReason.OWNER:
        return Verdict("neutral", _("Left out by the owner."))
    if run.stop_reason is StopReason.CHANGED:
        return Verdict("neutral", _("Left out: the calendar was changed after that moment, before the run had begun."))
    if run.stop_reason is StopReason.NO_CATCHER:
        return Verdict(
            "neutral", _("Nothing was sent: a sample account writes to the mail catcher only, and there was none.")
        )
    return Verdict("neutral", _("Nothing was sent: there was nobody on the list."))


def _stop_text(run: Run) -> str:
    counts = {"count": format_decimal(run.stopped_count)}
    if run.stop_reason is StopReason.DISABLED:
        return _("A manager switched the mailing off: %(count)s did not get it.", **counts)
    if run.stop_reason is StopReason.MANAGER:
        return _("A manager stopped this run: %(count)s did not get it.", **counts)
    if run.stop_reason is StopReason.BLOCKED:
        return _("The account was blocked: %(count)s did not get it.", **counts)
    if run.stop_reason is StopReason.DELETED:
        return _("The mailing was deleted: %(count)s did not get it.", **counts)
    if run.stop_reason is StopReason.ENDED:
        return _("The mailing reached its end first: %(count)s did not get it.", **counts)
    if run.stop_reason is StopReason.NO_CATCHER:
        return _("There is no mail catcher for this sample account: %(count)s did not get it.", **counts)
    return _("Stopped by the owner: %(count)s did not get it.", **counts)


def _refused_text(run: Run) -> str:
    return ngettext(
        "%(count)s was refused for good; the server’s answer is in the list.",
        "%(count)s were refused for good; the server’s answers are in the list.",
        run.refused_count,
        count=format_decimal(run.refused_count),
    )


def _uncertain_text(run: Run) -> str:
    return ngettext(
        "%(count)s is uncertain: the connection broke after the text had been sent, so the server may have it.",
        "%(count)s are uncertain: the connection broke after the text had been sent, so the server may have them.",
        run.uncertain_count,
        count=format_decimal(run.uncertain_count),
    )


def came_back_text(run: Run) -> str:
    """How many of the accepted emails came back, and how many of them were called spam."""
    text = ngettext(
        "%(count)s of the accepted emails came back.",
        "%(count)s of the accepted emails came back.",
        run.came_back_count,
        count=format_decimal(run.came_back_count),
    )
    if not run.complained_count:
        return text
    return f"{text} " + ngettext(
        "%(count)s of them was marked as spam by its reader.",
        "%(count)s of them were marked as spam by their readers.",
        run.complained_count,
        count=format_decimal(run.complained_count),
    )


def _left_out(run: Run) -> list[str]:
    if not run.excluded_count:
        return []
    return [
        ngettext(
            "%(count)s was left out: unsubscribed, suppressed, over the limit of emails to one person, or "
            "without a usable address.",
            "%(count)s were left out: unsubscribed, suppressed, over the limit of emails to one person, or "
            "without a usable address.",
            run.excluded_count,
            count=format_decimal(run.excluded_count),
        )
    ]


def outcome_choices(run: Run) -> dict[str, str]:
    """What the people of a run can be filtered by, and how many are of each: "refused: 12"."""
    words = {
        "accepted": _("accepted"), "refused": _("refused"), "excluded": _("excluded"), "stopped": _("stopped"),
        "uncertain": _("uncertain"), "waiting": _("waiting"), CAME_BACK: _("accepted, then came back"),
        LEFT: _("unsubscribed through its link"),
    }  # fmt: skip
    counts = {**run.counts, CAME_BACK: run.came_back_count, LEFT: run.unsubscribed_count}
    if run.is_tracked and run.snapshot["tracking"]["clicks"] and run.reactions_ended_at is None:
        words[CLICKED], counts[CLICKED] = _("clicked a link"), run.clicked_count
    return {name: f"{said}: {format_decimal(counts[name])}" for name, said in words.items()}
