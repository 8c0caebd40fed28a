"""Words for what a series does and for where people are in it."""

from __future__ import annotations

from datetime import time

from flask_babel import format_time, ngettext, pgettext
from flask_babel import gettext as _

from mailer.models.series import DelayKind, EnrolmentState, Entry, Held, LeftReason


def standings() -> dict[str, str]:
    """What a series is doing (`Series.standing`)."""
    return {
        "draft": pgettext("series", "draft"),
        "active": pgettext("series", "active"),
        "paused": pgettext("series", "paused"),
        "disabled": pgettext("series", "switched off"),
        "stopped": pgettext("series", "stopped"),
    }


def entries() -> dict[Entry, str]:
    """What makes people enter."""
    return {
        Entry.HAND: _("only people you add by hand"),
        Entry.SIGN_UP: _("people who sign up through one of your forms"),
        Entry.TAG: _("people who get a tag"),
        Entry.SEGMENT: _("people who come into a segment"),
        Entry.DATE: _("people whose date has come: a birthday, the end of a contract"),
    }


def entered_by(how: Entry) -> str:
    """What made one person enter."""
    return {
        Entry.HAND: _("by hand"),
        Entry.SIGN_UP: _("signed up"),
        Entry.TAG: _("got the tag"),
        Entry.SEGMENT: _("came into the segment"),
        Entry.DATE: _("the date came"),
    }[how]


def delay_kinds() -> dict[DelayKind, str]:
    """What a step counts."""
    return {
        DelayKind.HOURS: pgettext("delay", "hours"),
        DelayKind.DAYS: pgettext("delay", "days, at a time"),
        DelayKind.WORKING_DAYS: pgettext("delay", "working days, at a time"),
    }


def delay_text(kind: DelayKind, count: int, at: time | None) -> str:
    """How long a step waits, in words."""
    if kind is DelayKind.HOURS or at is None:
        return ngettext("after %(num)s hour", "after %(num)s hours", count) if count else _("at once")
    clock = format_time(at, "HH:mm")
    if count == 0:
        if kind is DelayKind.DAYS:
            return _("at the next %(time)s", time=clock)
        return _("at the next %(time)s of a working day", time=clock)
    if kind is DelayKind.DAYS:
        return ngettext("after %(num)s day, at %(time)s", "after %(num)s days, at %(time)s", count, time=clock)
    return ngettext(
        "after %(num)s working day, at %(time)s", "after %(num)s working days, at %(time)s", count, time=clock
    )


def enrolment_states() -> dict[EnrolmentState, str]:
    """Where a person is."""
    return {
        EnrolmentState.WAITING: pgettext("person in a series", "on the way"),
        EnrolmentState.FINISHED: pgettext("person in a series", "went through"),
        EnrolmentState.LEFT: pgettext("person in a series", "left"),
        EnrolmentState.PASSED_BY: pgettext("person in a series", "not included at the start"),
    }


def left_reasons() -> dict[LeftReason, str]:
    """Why a person left."""
    return {
        LeftReason.UNSUBSCRIBED: _("unsubscribed"),
        LeftReason.SUPPRESSED: _("on the list of addresses not to write to"),
        LeftReason.DELETED: _("deleted from the clients"),
        LeftReason.REFUSED: _("the mail server refused the address"),
        LeftReason.SEGMENT: _("left the segment"),
        LeftReason.GOAL: _("reached the goal"),
        LeftReason.OWNER: _("removed by the owner"),
        LeftReason.STOPPED: _("the series was stopped"),
        LeftReason.MERGED: _("merged with another client who is or was in it"),
    }


def held_reasons() -> dict[Held, str]:
    """Why people due in a step wait."""
    return {
        Held.LIMIT: _("Your limit of emails in 24 hours is used up. They will get it as soon as there is room."),
        Held.UNAPPROVED: _("This step needs a manager’s approval before it is sent."),
        Held.NO_CATCHER: _(
            "This is a sample account: its mailings go only to the mail catcher, and there is none here."
        ),
        Held.MESSAGE: _("The message of this step was deleted. Choose another one."),
    }
