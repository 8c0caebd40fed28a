"""A delay is taken from the words of a server only when it really names one."""

from datetime import timedelta

import pytest

from mailer.smtp.delays import named_delay


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("4.7.1 Greylisted, please try again in 300 seconds", 300),
        ("4.7.1 <a@b.test>: Recipient address rejected: Greylisted, see http://postgrey/help/b.test.html", None),
        ("4.2.0 Greylisting in action, please come back in 00:04:59", 299),
        ("Greylisted. Come back in 04:59", 299),
        ("Please retry after 5 minutes", 300),
        ("retry after 5min", 300),
        ("try again in 1 hour", 3600),
        ("Throttled: retry in 2 minutes and 30 seconds", 150),
        ("4.7.0 Deferred, Retry-After: 120", 120),
        ("4.7.1 Try again in 90s", 90),
        ("4.7.1 Повторите попытку через 5 минут", 300),
        ("4.7.1 Серый список: повторите через 10 мин.", 600),
        ("Попробуйте позже, через 1 час", 3600),
        ("Подождите 120 секунд", 120),
        ("4.7.1 Bitte versuchen Sie es in 15 Minuten erneut", 900),
        ("Graylisting aktiv, erneut versuchen in 300 Sekunden", 300),
        ("Bitte in 2 Stunden wieder versuchen", 7200),
        ("try again in 3 seconds", 60),  # never sooner than a minute
        ("try again in 3 days or 90000 seconds", 6 * 3600),  # never later than six hours
        ("try again later", None),
        ("4.2.2 Mailbox full", None),
        ("4.3.1 Message of 300 seconds", None),  # about no coming back
        ("Too many connections from 10.0.0.5, try again later", None),
        ("4.7.0 Try again later. 20 m12-2002si1h.7 - gsmtp", None),
        ("again " * 160, None),
    ],
)
def test_what_the_server_asks_for(text: str, seconds: int | None) -> None:
    assert named_delay(text) == (None if seconds is None else timedelta(seconds=seconds))
