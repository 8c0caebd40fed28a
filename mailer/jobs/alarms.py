"""Mail about late and missed runs, to their owners and to the administrators: one mail a person, not one a run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import current_app
from flask_babel import force_locale, format_datetime, ngettext
from flask_babel import gettext as _

from mailer.account_mail import outbox
from mailer.accounts.admins import able_admins
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.http import zone_label
from mailer.models.user import User
from mailer.sending.runs import overdue
from mailer.sending.runs.overdue import Alarm

MOST_LINES = 20


def raise_alarms(now: datetime | None = None) -> int:
    """Write and wake the mails about everything not said yet; how many mails."""
    now = now or utcnow()
    found = overdue.alarms(now)
    if not found:
        db.session.rollback()
        return 0
    admins = able_admins()
    by_person: dict[User, list[Alarm]] = {admin: list(found) for admin in admins}
    for alarm in found:
        owner = alarm.mailing.owner
        if owner.is_active and owner not in admins:
            by_person.setdefault(owner, []).append(alarm)
    mails = [_post(person, alarms) for person, alarms in by_person.items()]
    db.session.commit()
    outbox.wake(*mails)
    return len(mails)


def _post(person: User, alarms: Sequence[Alarm]):  # type: ignore[no-untyped-def]
    with force_locale(person.language):
        lines = [_line(alarm, person) for alarm in alarms[:MOST_LINES]]
        if len(alarms) > MOST_LINES:
            lines.append(ngettext("and %(num)s more", "and %(num)s more", len(alarms) - MOST_LINES))
    link = f"{current_app.config['SITE_URL'].rstrip('/')}/calendar/punctuality"
    return outbox.add_for(person, "overdue", lines="\n".join(lines), link=link)


def _line(alarm: Alarm, person: User) -> str:
    words = []
    if alarm.late_since is not None:
        moment = _moment(alarm.late_since, person)
        words.append(_("a run is late, it should have begun at %(moment)s", moment=moment))
    if alarm.late_wave is not None:
        zone, since = alarm.late_wave
        words.append(
            _(
                "a wave of a run is late (%(zone)s), it should have begun at %(moment)s",
                zone=zone_label(zone),
                moment=_moment(since, person),
            )
        )
    if alarm.missed_count:
        words.append(ngettext("%(num)s run was missed", "%(num)s runs were missed", alarm.missed_count))
    if count := alarm.missed_wave_count:
        words.append(ngettext("%(num)s wave was left out: too late", "%(num)s waves were left out: too late", count))
    return f"{alarm.mailing.name}: {', '.join(words)}"


def _moment(at: datetime, person: User) -> str:
    """On the reader's own clock."""
    local = at.astimezone(ZoneInfo(person.timezone)).replace(tzinfo=None)
    return str(format_datetime(local, "d MMMM, HH:mm", rebase=False))
