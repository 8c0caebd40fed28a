"""What the walk takes for broken, for a refusal, and for an odd value well dealt: it must be able to fail."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.walkabout.forms import refusal
from tests.walkabout.logs import complaints
from tests.walkabout.oddities import Target, deal
from tests.walkabout.pages import Page
from tests.walkabout.person import Answer, broken

OURS = {"content-security-policy": "x"}


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (500, OURS, b"<html></html>"),
        (200, {}, b"<html></html>"),
        (200, OURS | {"content-type": "text/html; charset=utf-8"}, b"<html><p>cut"),
        (200, OURS | {"content-type": "text/csv"}, "\ufeffa;b\r\n1\r\n".encode()),
        (200, OURS | {"content-type": "application/zip"}, b"PK"),
        (200, OURS | {"content-type": "application/json"}, b"{"),
        (200, OURS | {"content-type": "application/xml"}, b"<a>"),
        (200, OURS | {"content-type": "text/calendar"}, b"BEGIN:VCALENDAR"),
    ],
)
def test_what_is_broken(status: int, headers: dict[str, str], body: bytes) -> None:
    assert broken(Answer("GET", "/x", status, headers, body))


def test_what_is_whole() -> None:
    html = OURS | {"content-type": "text/html"}
    assert not broken(Answer("GET", "/x", 200, html, b"<html></html>"))
    assert not broken(Answer("GET", "/x", 404, html, b"<html></html>"))


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        ((422, {}), b""),
        ((303, {"location": "/login?next=/x"}), b""),
        ((303, {"location": "/x"}), b'<div class="flash flash-danger" role="alert"><div class="flash-text">No.</div>'),
    ],
)
def test_what_was_refused(answer: tuple[int, dict[str, Any]], end: bytes) -> None:
    led_to = Answer("GET", "/x", 200, OURS | {"content-type": "text/html"}, end)
    assert refusal(Answer("POST", "/x", *answer, b""), led_to)
    assert not refusal(Answer("POST", "/x", 303, {"location": "/x"}, b""), Answer("GET", "/x", 200, {}, b""))


def test_the_logs_tell(tmp_path: Path) -> None:
    (tmp_path / "web-1.log").write_text("fine\nTraceback (most recent call last)\n  File x\nValueError\n")
    (tmp_path / "postgres.log").write_text("LOG:  fine\n2030 ERROR:  bigint out of range\n")
    assert len(list(complaints(tmp_path))) == 2


def test_each_value_meets_each_group_and_each_field_something() -> None:
    targets = [Target(None, "/x", f"{group}{number}", group) for group in "ab" for number in range(5)]  # type: ignore[arg-type]
    few = deal(targets, tuple("123456789"), Random(1), 0, True)
    assert {(target.group, value) for target, value in few} == {
        (group, value) for group in "ab" for value in "123456789"
    }
    assert few == deal(targets, tuple("123456789"), Random(1), 0, True)
    assert {target.name for target, _ in deal(targets, ("1",), Random(1), 1, False)} == {each.name for each in targets}


def test_a_page_shows_what_can_be_sent() -> None:
    page = Page(
        '<form method="post" action="/a"><input name="x" value="1"><button>Go</button>'
        '<button formaction="/b" name="how" value="other">Else</button></form><a href="/c">C</a>'
        '<input readonly value="http://site.test/feed.ics">'
        '<form data-draft="/d"><textarea name="t">\nText</textarea></form>'
    )
    assert page.links == ["/c", "http://site.test/feed.ics"]
    sent = {(form.method, form.action): {field.name: field.values for field in form.fields} for form in page.forms}
    assert sent["post", "/a"] == {"x": ["1"]}
    assert sent["post", "/b"] == {"x": ["1"], "how": ["other"]}
    assert sent["post", "/drafts"] == {"t": ["Text"], "draft_path": ["/d"]}
