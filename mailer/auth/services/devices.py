"""Telling people of a sign-in from a browser they never used."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask_babel import force_locale, format_datetime

from mailer.accounts import known_devices, letters
from mailer.auth.devices import device_name
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.user import User
from mailer.web import absolute_url, zone_words


def welcome(user: User, mark: str | None, ip: str, user_agent: str) -> str:
    """The mark for this browser to keep; somebody who has others and signs in from a new one gets a mail."""
    now = utcnow()
    is_known = known_devices.is_known(user.id, mark)
    has_others = known_devices.has_some(user.id)
    mark = known_devices.remember(user.id, mark)
    letter = None
    if has_others and not is_known:
        with force_locale(user.language):
            local = now.astimezone(ZoneInfo(user.timezone)).replace(tzinfo=None)
            when = f"{format_datetime(local, 'd MMMM y, HH:mm', rebase=False)} ({zone_words(user.timezone)})"
        letter = letters.write(
            user, "new-device", device=device_name(user_agent), ip=ip, when=when, link=absolute_url("auth.sessions")
        )
    db.session.commit()
    if letter is not None:
        letters.send(letter)
    return mark
