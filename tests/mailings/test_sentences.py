"""Sentences that become rules: Russian and English (docs/calendar.md has them too), and what is refused."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

import pytest
from flask import Flask
from flask_babel import force_locale

from mailer.extensions import db
from mailer.mailings.calendar_labels import calendar_text
from mailer.mailings.calendar_plan import FormRefusal
from mailer.mailings.form.preview import PRESETS
from mailer.mailings.form.spoken import spoken_calendar
from mailer.models.mailing import Mailing
from mailer.models.user import User
from mailer.recurrence.moments import moments
from tests.conftest import ROOT, Browser
from tests.factories import make_message
from tests.mailings.form_reader import fields_of

NOW = datetime(2026, 11, 30, 12)  # a Monday
RUSSIAN = [
    ("каждый день в 9:00", "каждый день в 09:00", "12-01 12-02"),
    (
        "каждый день в 10:00 в часовом поясе каждого клиента",
        "каждый день в 10:00, по часовому поясу каждого клиента",
        "12-01 12-02",
    ),
    (
        "по местному времени клиента по будням в 9",
        "по будням в 09:00, по часовому поясу каждого клиента",
        "12-01 12-02 12-03 12-04 12-07",
    ),
    ("с понедельника по пятницу в 9", "по будням в 09:00", "12-01 12-02 12-03 12-04 12-07"),
    ("каждое утро в 9.30", "каждый день в 09:30", "12-01 12-02"),
    (
        "в последний день квартала в 18:00",
        "в последний день каждого месяца в 18:00, только в марте, июне, сентябре и декабре",
        "12-31 03-31",
    ),
    ("в эту пятницу в 18:00", "один раз: пт, 4 декабря 2026, 18:00", "12-04"),
    ("по четвергам в 10 до нового года", "по четвергам в 10:00, по 31 декабря 2026 включительно", "12-03 12-10"),
    ("по будням в 9", "по будням в 09:00", "12-01 12-02 12-03 12-04 12-07"),
    ("каждый рабочий день в 10:00", "каждый рабочий день в 10:00, кроме праздников (Россия)", "12-01 12-02"),
    ("каждый понедельник в 9 утра", "по понедельникам в 09:00", "12-07 12-14"),
    ("по вторникам и четвергам в 18:30", "по вторникам и четвергам в 18:30", "12-01 12-03 12-08"),
    ("раз в две недели по пятницам в 9:00", "раз в две недели по пятницам в 09:00", "12-04 12-18"),
    ("раз в три дня в полдень", "раз в три дня в 12:00", "12-01 12-04"),
    ("через день в 8 вечера", "раз в два дня в 20:00", "11-30 12-02"),
    ("1-го и 15-го числа каждого месяца в 10:00", "1-го и 15-го числа каждого месяца в 10:00", "12-01 12-15 01-01"),
    (
        "15-го и в последний день месяца в 9:00",
        "15-го числа и в последний день каждого месяца в 09:00",
        "12-15 12-31 01-15",
    ),
    (
        "первый и третий вторник каждого месяца в 9:00",
        "в первый и третий вторник каждого месяца в 09:00",
        "12-01 12-15 01-05",
    ),
    (
        "каждый последний рабочий день в 9:00, кроме праздников, до июня",
        "в последний рабочий день каждого месяца в 09:00, кроме праздников (Россия), по 31 мая 2027 включительно",
        "12-30 01-29 02-26 03-31",
    ),
    (
        "предпоследний рабочий день месяца в 17:00",
        "в предпоследний рабочий день каждого месяца в 17:00, кроме праздников (Россия)",
        "12-29 01-28",
    ),
    ("каждый год 8 марта в 9:00", "каждый год 8 марта в 09:00", "03-08 2028-03-08"),
    (
        "последняя пятница февраля в 12:00",
        "каждый год в последнюю пятницу февраля в 12:00",
        "02-26 2028-02-25",
    ),
    (
        "29 февраля каждого года в 9:00 только в високосные годы",
        "каждый год 29 февраля (только в високосные годы) в 09:00",
        "2028-02-29 2032-02-29",
    ),
    (
        "15-го числа в 9:00, если выходной — накануне",
        "15-го числа каждого месяца в 09:00, если это выходной — накануне, в рабочий день",
        "12-15 01-15 02-15 03-15 04-15 05-14",
    ),
    (
        "каждые два часа с 9 до 19 по будням",
        "по будням, каждые два часа с 09:00 до 19:00",
        "11-30T13 11-30T15 11-30T17 11-30T19 12-01T09",
    ),
    (
        "по понедельникам в 9:00 только в марте и сентябре",
        "по понедельникам в 09:00, только в марте и сентябре",
        "03-01 03-08",
    ),
    (
        "1 марта в 9:00, 5 апреля в 12:00 и 7 мая в 10:00",
        "по датам: 1 марта 2027, 09:00; 5 апреля 2027, 12:00; 7 мая 2027, 10:00",
        "03-01T09 04-05T12 05-07T10",
    ),
]
ENGLISH = [
    ("every day at 9:00", "every day at 09:00", "12-01 12-02"),
    (
        "every Monday at 10:00 in each client's own time zone",
        "on Mondays at 10:00, in each client’s own time zone",
        "12-07 12-14",
    ),
    ("at 9 am at their local time every day", "every day at 09:00, in each client’s own time zone", "12-01 12-02"),
    ("on weekdays at 9 am", "on weekdays at 09:00", "12-01 12-02 12-03 12-04 12-07"),
    ("every working day at 10:00", "every working day at 10:00, except holidays (Russia)", "12-01 12-02"),
    ("every Monday at 9am", "on Mondays at 09:00", "12-07 12-14"),
    ("on Tuesdays and Thursdays at 18:30", "on Tuesdays and Thursdays at 18:30", "12-01 12-03 12-08"),
    ("every two weeks on Friday at 9:00", "every two weeks on Fridays at 09:00", "12-04 12-18"),
    ("every other Friday at 9:00", "every two weeks on Fridays at 09:00", "12-04 12-18"),
    ("every 3 days at noon", "every three days at 12:00", "12-01 12-04"),
    ("on the 1st and 15th at 10:00", "on the 1st and 15th of every month at 10:00", "12-01 12-15 01-01"),
    (
        "on the 15th and on the last day of the month at 9:00",
        "on the 15th and on the last day of every month at 09:00",
        "12-15 12-31 01-15",
    ),
    (
        "the first and third Tuesday of every month at 9:00",
        "on the first and third Tuesday of every month at 09:00",
        "12-01 12-15 01-05",
    ),
    (
        "every last working day at 9:00 except holidays until June",
        "on the last working day of every month at 09:00, except holidays (Russia), through 31 May 2027",
        "12-30 01-29 02-26 03-31",
    ),
    ("the third working day of the month at 17:00", "on the third working day of every month at 17:00, except holidays "
     "(Russia)", "12-03 01-13"),
    ("every year on March 8 at 9:00", "every year on 8 March at 09:00", "03-08 2028-03-08"),
    (
        "the last Friday of February at 12:00",
        "every year on the last Friday of February at 12:00",
        "02-26 2028-02-25",
    ),
    (
        "on the 15th at 9:00 or the Friday before",
        "on the 15th of every month at 09:00, on the working day before if it is a weekend",
        "12-15 01-15 02-15 03-15 04-15 05-14",
    ),
    (
        "every two hours from 9 to 19 on weekdays",
        "on weekdays, every two hours from 09:00 to 19:00",
        "11-30T13 11-30T15 11-30T17 11-30T19 12-01T09",
    ),
    (
        "on Mondays at 9:00 only in March and September",
        "on Mondays at 09:00, only in March and September",
        "03-01 03-08",
    ),
    ("Monday to Friday at 9am", "on weekdays at 09:00", "12-01 12-02 12-03 12-04 12-07"),
    ("every day at 9 except Mon-Thu", "on Fridays, Saturdays and Sundays at 09:00", "12-04 12-05 12-06"),
    ("Fri-Mon at 9.30 and 18.30", "on Mondays, Fridays, Saturdays and Sundays at 09:30 and 18:30", "11-30T18 12-04T09"),
    (
        "on the 1st of each quarter at 10am",
        "on the 1st of every month at 10:00, only in January, April, July and October",
        "01-01 04-01",
    ),
    ("this Friday at 6:30 p.m.", "once, Fri, 4 December 2026, 18:30", "12-04T18"),
    ("once a week on Wednesday at 9:30pm", "on Wednesdays at 21:30", "12-02T21 12-09"),
    ("fortnightly on Thursdays at noon", "every two weeks on Thursdays at 12:00", "12-03 12-17"),
    ("every 1st of January at 10:00", "every year on 1 January at 10:00", "01-01"),
    (
        "every day but Sunday at 10",
        "on Mondays, Tuesdays, Wednesdays, Thursdays, Fridays and Saturdays at 10:00",
        "12-01 12-02 12-03 12-04 12-05 12-07",
    ),
    ("the fifth Friday of the month at 9:00", "on the fifth Friday of every month at 09:00", "01-29 04-30"),
    (
        "every day at 9:00 and 18:00 from tomorrow through 15 December",
        "every day at 09:00 and 18:00, through 15 December 2026",
        "12-01T09 12-01T18 12-02T09",
    ),
]  # fmt: skip


@pytest.mark.parametrize("language", ["ru", "en"])
def test_sentences_come_out_right(app: Flask, language: str) -> None:
    wrong = []
    for text, said, expected in RUSSIAN if language == "ru" else ENGLISH:
        with app.test_request_context(), force_locale(language):
            calendar = spoken_calendar(text, NOW, "Europe/Moscow", "RU")
            wanted = expected.split()
            found = [moment.key for moment in islice(moments(calendar.rule()), len(wanted))]
            if calendar_text(calendar) != said or any(
                not key.startswith(day if len(day) == 10 and day[4] == "-" else f"{key[:5]}{day}")
                for key, day in zip(found, wanted, strict=True)
            ):
                wrong.append((text, calendar_text(calendar), found))
    assert wrong == []


def test_the_document_lists_them() -> None:
    document = (ROOT / "docs" / "calendar.md").read_text()
    assert [text for text, _said, _days in [*RUSSIAN, *ENGLISH] if text not in document] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("каждый понедельник в 9:00, когда рак на горе свистнет", "«когда», «рак», «горе», «свистнет»"),
        ("every blue moon at 9:00", "Не понято: «blue», «moon»."),
        ("daily at 24 pm", "«24», «pm»"),
        ("daily at 13 am", "«13», «am»"),
        ("каждый день в 12 вечера", "«12», «вечера»"),
        ("daily at 9:75", "«9:75»"),
        ("15.03 в 9:00", "«15.03»"),
        ("next Friday at 9", "«next»"),
        ("the fifth Monday of the quarter at 9", "не сочетаются"),
        ("каждую вторую пятницу в 9:00", "раз в две недели"),
        ("по понедельникам 15-го числа в 9:00", "не сочетаются"),
        ("раз в две недели каждый день в 9:00", "не сочетаются"),
        ("каждый день в 9:00 раз в две недели", "не сочетаются"),
        ("31 февраля в 9:00", "31.02"),
        ("в 9:00", "Как часто"),
        ("в 25:00 каждый день", "«25:00»"),
        ("каждый день " * 40, "300"),
        ("", "Напишите"),
    ],
)
def test_what_is_not_understood_is_said(app: Flask, text: str, expected: str) -> None:
    with app.test_request_context(), force_locale("ru"), pytest.raises(FormRefusal) as refusal:
        spoken_calendar(text, NOW, "Europe/Moscow", "RU")
    assert expected in refusal.value.reasons["sentence"]


FORM = {
    "name": "Letter",
    "audience": "everyone",
    "in_doubt_rule": "hold",
    "timezone": "Europe/Moscow",
    "period": "once",
}


def test_a_sentence_is_shown_back_before_it_is_saved(as_owner: Browser, owner: User) -> None:
    """Without a script: one press reads the sentence, the next one saves what the fields then say."""
    sentence = "1-го и 15-го числа каждого месяца в 10:00"
    typed = FORM | {
        "message_id": make_message(owner).id,
        "sentence": sentence,
        "window_opens": "08:00",
        "window_closes": "20:00",
    }
    shown = as_owner.post("/mailings/new", data=typed)
    assert (shown.status_code, db.session.query(Mailing).count()) == (200, 0)
    assert "1-го и 15-го числа каждого месяца в 10:00, письма уходят с 08:00 до 20:00." in shown.text
    assert as_owner.post("/mailings/new", data=fields_of(shown.text, "mailing-form")).status_code == 303
    saved = db.session.query(Mailing).one()
    assert (saved.period, saved.month_days, saved.starts_local.hour) == ("monthly", [1, 15], 10)

    refused = as_owner.post("/mailings/new", data=typed | {"sentence": "по чётным в 9:00"})
    assert refused.status_code == 422
    assert "Не понято: «четным»." in refused.text
    assert 'value="по чётным в 9:00"' in refused.text


def test_every_preset_is_understood(as_owner: Browser, owner: User) -> None:
    for language in ("ru", "en"):
        owner.language = language
        db.session.commit()
        with force_locale(language):
            presets = [str(preset) for preset in PRESETS]
        for preset in presets:
            answer = as_owner.get("/mailings/sentence", query_string={"preset": preset, "timezone": "Europe/Moscow"})
            assert (answer.status_code, 'class="agenda-words"' in answer.text) == (200, True), preset
            assert f'value="{preset}"' in answer.text
    assert "Bayern" in as_owner.get("/mailings/moments?part=subdivision&holiday_country=DE").text
