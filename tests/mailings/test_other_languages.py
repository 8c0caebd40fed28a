"""People who read another language than the message: pointed out before it leaves."""

from __future__ import annotations

import re
from datetime import timedelta

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.letters.document import ShownTo, added
from mailer.letters.kinds import TextBlock
from mailer.letters.starters import starter
from mailer.messages import letter_desk
from mailer.models.client import ClientFilter, Suppression
from mailer.models.user import User
from tests.conftest import Browser
from tests.factories import make_client, make_mailing, make_message, save
from tests.mailings.form_reader import fields_of


def told(page: str) -> str:
    """What the page says of languages, and where its link leads."""
    found = re.search(r"<p>([^<]*язык не тот[^<]*) <a href=\"([^\"]*)\"", page.replace("\xa0", " "))
    return " ".join(found.groups()) if found else ""


def test_who_reads_another_language_is_counted_and_a_segment_is_a_click_away(as_owner: Browser, owner: User) -> None:
    for code, count in (("ru", 2), ("en", 3), ("de", 1), ("", 4)):
        for number in range(count):
            make_client(owner, f"{code}{number}@example.test", language=code)
    save(Suppression(owner_id=owner.id, email_key="en0@example.test", reason="manual"))
    mailing = make_mailing(owner, message=make_message(owner, language="ru"))
    ask = f"/mailings/{mailing.id}/send-now"
    assert told(as_owner.get(ask).text) == (
        "У 3 получателей язык не тот, на котором написано сообщение (русский): английский — 2, немецкий — 1. "
        "/clients/segments/new?language=ru"
    )
    page = as_owner.get("/clients/segments/new?language=ru").text
    assert re.search(r'value="ru" checked', page) and "<summary>русский" in " ".join(page.split())
    assert 'name="c.0-what"' in as_owner.get("/clients/segments/new?language=tlh").text
    mailing.message.language = "en"
    db.session.commit()
    assert "русский — 2, немецкий — 1" in told(as_owner.get(ask).text)


def test_a_planned_mailing_says_so_when_it_is_saved(as_owner: Browser, owner: User) -> None:
    make_client(owner, language="en")
    later = (utcnow() + timedelta(days=9)).replace(tzinfo=None)
    mailing = make_mailing(owner, message=make_message(owner, language="ru"), starts_local=later)
    path = f"/mailings/{mailing.id}/edit"
    saved = as_owner.post(path, data=fields_of(as_owner.get(path).text, "mailing-form"), follow_redirects=True)
    assert (
        "У 1 получателя язык не тот" in saved.text.replace("\xa0", " ")
        and "/clients/segments/new?language=ru" in saved.text
    )


def test_a_letter_that_speaks_several_languages_needs_no_word(as_owner: Browser, owner: User) -> None:
    tree = {"v": 1, "any": [{"not": {"field": "language", "op": "is", "value": "en"}}]}
    others = save(ClientFilter(owner_id=owner.id, name="Not English", tree=tree))
    letter, _id = added(starter("personal", "ru"), TextBlock(html="<p>Скидки</p>"), None, ShownTo("in", others.id))
    make_client(owner, language="en")
    mailing = make_mailing(owner, message=letter_desk.begin(owner, letter))
    assert told(as_owner.get(f"/mailings/{mailing.id}/send-now").text) == ""
