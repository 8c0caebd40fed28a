"""Exported rules as the calendars of browsers read them: by ical.js, which Thunderbird and Nextcloud use."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from random import Random

from playwright.sync_api import Browser

from launcher.assets import ICAL
from mailer.recurrence.days import Note
from mailer.recurrence.ical import Invitation, Subject, calendar, invitation, repeating
from mailer.recurrence.moments import Moment, moments
from mailer.recurrence.rfc5545 import recurrences
from mailer.recurrence.rule import Rule
from tests.conftest import ROOT
from tests.recurrence.walker import random_rule

MOST = 25  # moments of a rule
SUBJECT = Subject("rule", "golub.test", "Ё; a, b\\c", "https://golub.test/", datetime(2026, 1, 1, tzinfo=UTC), 1)
EXPAND = """([texts, most]) => texts.map((text) => {
  const calendar = new ICAL.Component(ICAL.parse(text));
  for (const zone of calendar.getAllSubcomponents("vtimezone")) {
    ICAL.TimezoneService.register(new ICAL.Timezone(zone));
  }
  const found = calendar.getAllSubcomponents("vevent").flatMap((component) => {
    const event = new ICAL.Event(component), times = event.iterator(), starts = [];
    for (let next; starts.length < most && (next = times.next()); ) starts.push(next.toUnixTime());
    return starts;
  });
  ICAL.TimezoneService.reset();
  return [...new Set(found)].sort((one, other) => one - other).slice(0, most);
})"""

READ = """(text) => {
  const calendar = new ICAL.Component(ICAL.parse(text)), component = calendar.getFirstSubcomponent("vevent");
  const event = new ICAL.Event(component), organizer = component.getFirstProperty("organizer");
  return [event.summary, event.location, event.description, event.startDate.toUnixTime(), event.endDate.toUnixTime(),
    event.organizer, organizer.getParameter("cn"), calendar.getFirstPropertyValue("method")];
}"""


def test_ical_js_reads_the_moments_that_will_be(chromium: Browser) -> None:
    rules = [rule for rule in map(random_rule, map(Random, range(140))) if is_exported(rule)]
    assert len(rules) > 50
    texts = [calendar("Rules", repeating(SUBJECT, rule, rule_start(rule))) for rule in rules]
    page = chromium.new_page()
    page.add_script_tag(content=(ROOT / ICAL).read_text("utf-8"))
    theirs = page.evaluate(EXPAND, [texts, MOST])
    page.close()
    for rule, text, found in zip(rules, texts, theirs, strict=True):
        ours = list(islice(moments(rule), MOST))
        if not any(map(is_skipped_by_the_clocks, ours)):  # ical.js passes such a time an hour early
            assert found == [int(moment.at.timestamp()) for moment in ours], (rule, text)


def test_ical_js_reads_an_invitation(chromium: Browser) -> None:
    words = "Дегустация; пироги, квас\\n\nВторая строка: " + "очень длинная " * 20
    starts, ends = datetime(2027, 3, 28, 1, 30, tzinfo=UTC), datetime(2027, 3, 28, 4, tzinfo=UTC)
    about = Invitation("1@golub.test", words, starts, ends, ("Пекарня «Колос»", "b@x.test"), starts, "Тула; 1", words)
    page = chromium.new_page()
    page.add_script_tag(content=(ROOT / ICAL).read_text("utf-8"))
    found = page.evaluate(READ, invitation(about))
    page.close()
    assert found == [
        words, "Тула; 1", words, starts.timestamp(), ends.timestamp(), "mailto:b@x.test", "Пекарня «Колос»", "PUBLISH",
    ]  # fmt: skip


def is_skipped_by_the_clocks(moment: Moment) -> bool:
    """Whether the wall clock never shows its time."""
    return Note.SPRING_GAP in moment.notes


def is_exported(rule: Rule) -> bool:
    """Whether it says itself in words, and in such as ical.js 2.2.1 understands: with an interval, it takes months that
    are named for months to count from."""
    is_understood = rule.every == 1 or not rule.months
    return is_understood and recurrences(rule) is not None and next(moments(rule), None) is not None


def rule_start(rule: Rule) -> datetime:
    """Before its first moment."""
    return rule.first.replace(tzinfo=UTC).replace(year=rule.first.year - 1, day=1)
