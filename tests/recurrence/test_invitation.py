"""An invitation as calendar programs read it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar

from mailer.recurrence.ical import Invitation, invitation

MOSCOW = ZoneInfo("Europe/Moscow")


def test_an_invitation_says_what_was_typed() -> None:
    words = "Дегустация; пироги, квас\\n и «Ё»\nВторая строка: " + "очень длинная " * 20
    about = Invitation(
        "1@golub.test",
        words,
        datetime(2027, 3, 28, 1, 30, tzinfo=MOSCOW),
        datetime(2027, 3, 28, 4, tzinfo=MOSCOW),
        ('Пекарня "Колос"\r\nX: y', "baker@example.com"),
        datetime(2026, 11, 30, tzinfo=MOSCOW),
        "Тула; ул. Мира, 1",
        words,
    )
    text = invitation(about)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n")) and "\n" not in text.replace("\r\n", "")
    calendar: Any = Calendar.from_ical(text)
    assert calendar["METHOD"] == "PUBLISH" and not calendar.errors
    (event,) = calendar.walk("VEVENT")
    assert (event["SUMMARY"], event["LOCATION"], event["DESCRIPTION"]) == (words, "Тула; ул. Мира, 1", words)
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (about.starts, about.ends)
    assert event["ORGANIZER"] == "mailto:baker@example.com" and event["ORGANIZER"].params["CN"] == "Пекарня КолосX: y"
