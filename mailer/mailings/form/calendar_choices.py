"""What can be chosen in the calendar's form."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from mailer.recurrence.holidays import HolidayRule
from mailer.recurrence.rule import LAST, MonthlyOn, Period, ShortMonth

PERIODS = [
    (Period.ONCE.value, _l("Once")),
    (Period.DAILY.value, _l("Every day")),
    (Period.WEEKLY.value, _l("Every week")),
    (Period.MONTHLY.value, _l("Every month")),
    (Period.YEARLY.value, _l("Every year")),
    (Period.DATES.value, _l("On chosen dates")),
]
WEEKDAYS = [
    (1, _l("Mon")), (2, _l("Tue")), (3, _l("Wed")), (4, _l("Thu")), (5, _l("Fri")), (6, _l("Sat")), (7, _l("Sun")),
]  # fmt: skip
MONTHS = [
    (1, _l("Jan")), (2, _l("Feb")), (3, _l("Mar")), (4, _l("Apr")), (5, _l("May")), (6, _l("Jun")), (7, _l("Jul")),
    (8, _l("Aug")), (9, _l("Sep")), (10, _l("Oct")), (11, _l("Nov")), (12, _l("Dec")),
]  # fmt: skip
MONTHLY_ON = [
    (MonthlyOn.DAY.value, _l("days of the month")),
    (MonthlyOn.WEEKDAY.value, _l("weekdays of the month")),
    (MonthlyOn.WORKING_DAY.value, _l("working days of the month")),
]
MONTH_WEEKS = [
    (1, _l("the first")),
    (2, _l("the second")),
    (3, _l("the third")),
    (4, _l("the fourth")),
    (5, _l("the fifth")),
    (-2, _l("the last but one")),
    (LAST, _l("the last")),
]
SHORT_MONTHS = [
    (ShortMonth.LAST.value, _l("On its last day")),
    (ShortMonth.SKIP.value, _l("Not in that month")),
]
HOLIDAY_RULES = [
    (HolidayRule.IGNORE.value, _l("Send on holidays too")),
    (HolidayRule.SKIP.value, _l("Leave the run out")),
    (HolidayRule.BEFORE.value, _l("Send on the working day before")),
    (HolidayRule.AFTER.value, _l("Send on the working day after")),
]
LATE_LIMITS = [
    ("", _l("As usual: up to half the time to the next run, 12 hours at most")),
    ("0", _l("Never: leave the run out")),
    ("15", _l("Up to 15 minutes late")),
    ("60", _l("Up to an hour late")),
    ("360", _l("Up to 6 hours late")),
    ("1440", _l("Up to a day late")),
    ("10080", _l("Up to a week late")),
]
