"""Somebody puts themselves on a list: by a page or a snippet, confirmed by a link, with the evidence of it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta

from flask import Flask

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.client import Client, Suppression, SuppressionReason
from mailer.models.series import Enrolment, Entry, Series
from mailer.models.sign_up import SignUp, SignUpForm
from mailer.models.user import User
from mailer.signup import asking, upkeep
from tests.auth.conftest import Mailbox, text_of
from tests.conftest import Browser, browser_of
from tests.factories import make_client, save
from tests.signup.conftest import FORM, Visitor, fields_in, solved


def test_from_the_page_to_the_list(
    visitor: Visitor,
    form: SignUpForm,
    mailbox: Mailbox,
    owner: User,
    as_owner: Browser,
    make_series: Callable[..., Series],
) -> None:
    make_series(0, 24, entry=Entry.SIGN_UP)
    answer = visitor.sign_up("Anna@Example.test", first_name="Анна", consent_mail="", consent_data="1")
    assert answer.status_code == 422 and "Tick this box" in answer.text
    answer = visitor.sign_up("Anna@Example.test", first_name="Анна")
    assert answer.status_code == 200 and 'data-state="sent"' in answer.text
    assert "Set-Cookie" not in answer.headers
    assert not db.session.scalars(db.select(Client)).all(), "nobody is on the list yet"
    mail = mailbox.fetch_one()
    assert mail["Subject"] == f"Confirm: {owner.display_name}" and mail["Auto-Submitted"]
    assert "Анна" not in mail.as_string(), "nothing that a visitor typed is mailed to a stranger"
    assert "golub.test/s/confirm/" in text_of(mail, "html") and "News of the shop" in text_of(mail)
    done = visitor.press(text_of(mail))
    assert "See you on Monday." in done.text and "Set-Cookie" not in done.headers
    visitor.press(text_of(mail))
    client = db.session.scalars(db.select(Client)).one()
    assert db.session.scalars(db.select(Enrolment.client_id)).all() == [client.id], "the series begins, once"
    assert (client.email_key, client.first_name, client.tags) == ("anna@example.test", "Анна", ["shop"])
    evidence = as_owner.get(f"/clients/{client.id}").text
    assert all(word in evidence for word in ("I want the letters.", "Process my data.", "127.0.0.1", "On the site"))


def test_a_snippet_of_another_site_asks_for_one_more_button(
    visitor: Visitor, form: SignUpForm, mailbox: Mailbox, as_owner: Browser
) -> None:
    page = as_owner.get(f"/clients/forms/{form.id}").text
    code = page[page.index("&lt;form action=") : page.index("&lt;/form&gt;")]
    assert "consent_mail" in code and "script" not in code
    snippet = fields_in(visitor.web.get(visitor.path).text)
    typed = {name: snippet[name] for name in ("consent_mail", "consent_data")} | {"email": "b@example.test"}
    step = visitor.web.post(visitor.path, data=typed, headers={"Referer": "https://shop.example/about"})
    assert "Yes, sign up" in step.text and mailbox.fetch() == []
    again = fields_in(step.text)
    assert visitor.web.post(visitor.path, data=again).text.count("Yes, sign up"), "not at once without work"
    visitor.clock.shift(timedelta(seconds=11))
    assert 'data-state="sent"' in visitor.web.post(visitor.path, data=again).text, "who has no scripts waits"
    assert "Yes, sign up" in visitor.web.post(visitor.path, data=again).text, "a challenge serves once"
    assert len(mailbox.fetch()) == 1
    assert db.session.scalars(db.select(SignUp.page)).all() == ["https://shop.example/about"]


def test_robots_and_forgeries_cause_no_mail(visitor: Visitor, mailbox: Mailbox) -> None:
    assert 'data-state="sent"' in visitor.sign_up("a@example.test", website="x").text
    typed = fields_in(visitor.web.get(visitor.path).text) | {"email": "a@example.test"}
    quick = typed | {"proof": solved(typed["challenge"])}
    assert "Yes, sign up" in visitor.web.post(visitor.path, data=quick).text, "faster than anybody types"
    for challenge in ("", "x", "1.2.3", typed["challenge"][:-1] + "A", "9" * 90, "\ud800"[:0] + "я.я.я"):
        answer = visitor.web.post(visitor.path, data=typed | {"challenge": challenge, "proof": "1.2", "step": "1"})
        assert "Yes, sign up" in answer.text, challenge
    visitor.clock.shift(timedelta(hours=3))
    assert "Yes, sign up" in visitor.web.post(visitor.path, data=quick).text, "too old"
    assert mailbox.fetch() == []


def test_nobody_learns_who_is_on_the_list_and_nobody_is_bombed(visitor: Visitor, mailbox: Mailbox, owner: User) -> None:
    make_client(owner, "known@example.test")
    make_client(owner, "angry@example.test")
    save(Suppression(owner_id=owner.id, email_key="angry@example.test", reason=SuppressionReason.COMPLAINED))
    answers = {
        email: seen_page(visitor.sign_up(email).text)
        for email in ("new@example.test", "known@example.test", "angry@example.test")
    }
    assert len(set(answers.values())) == 1
    mails = {mail["To"]: mail for mail in mailbox.fetch()}
    assert set(mails) == {"new@example.test", "known@example.test"}
    assert "already" in mails["known@example.test"]["Subject"]
    page = visitor.sign_up("new@example.test")
    assert len(mailbox.fetch()) == 1, "once more"
    again = visitor.web.post(f"{visitor.path}/again", data=fields_in(page.text))
    assert again.status_code == 200 and mailbox.fetch() == []
    assert visitor.web.post(f"{visitor.path}/again", data={"ticket": "forged"}).status_code == 410


def test_who_was_left_out_comes_back_by_their_own_word_and_by_nothing_else(
    visitor: Visitor, mailbox: Mailbox, owner: User, as_owner: Browser
) -> None:
    for reason in SuppressionReason:
        email = f"{reason.value}@example.test"
        client = make_client(owner, email, first_name="Old", tags=["vip"])
        complained = reason is SuppressionReason.COMPLAINED
        first = SuppressionReason.MANUAL if complained else reason
        row = save(Suppression(owner_id=owner.id, email_key=email, reason=first))
        visitor.sign_up(email, first_name="Other")
        assert db.session.get(Suppression, (owner.id, email)) is not None, "asking lifts nothing"
        row.reason = reason  # a complaint comes between the mail and the button
        db.session.commit()
        status = visitor.press(text_of(mailbox.fetch_one())).status_code
        db.session.expire_all()
        is_back = db.session.get(Suppression, (owner.id, email)) is None
        assert (status, is_back) == ((409, False) if complained else (200, True)), reason
        if is_back:
            assert (client.first_name, client.tags) == ("Old", ["vip", "shop"]), "what is known stays"
            assert "по этой ссылке; до того:" in as_owner.get(f"/clients/{client.id}").text


def test_links_end_and_forms_close(
    visitor: Visitor, form: SignUpForm, mailbox: Mailbox, as_owner: Browser, owner: User, app: Flask
) -> None:
    for path, status in (("close", 410), ("open", 200)):
        as_owner.post(f"/clients/forms/{form.id}/{path}")
        assert visitor.web.get(visitor.path).status_code == status
    visitor.sign_up("late@example.test")
    mail = text_of(mailbox.fetch_one())
    link = re.search(r"/s/confirm/\S+", mail)
    assert link
    visitor.clock.shift(asking.LINK_LIFE + timedelta(seconds=1))
    assert visitor.web.post(link[0]).status_code == 410
    assert visitor.web.get(f"{link[0]}x").status_code == 410
    assert upkeep.forget_expired(utcnow()) == 1
    db.session.expire_all()
    assert (form.expired_count, db.session.scalar(db.select(db.func.count()).select_from(SignUp))) == (1, 0)
    again = browser_of(app).login(owner)
    assert again.post(f"/clients/forms/{form.id}/delete").location == "/clients/forms/"


def test_the_owner_is_told_at_once_and_then_once_an_hour(
    visitor: Visitor, form: SignUpForm, mailbox: Mailbox, owner: User
) -> None:
    form.is_owner_told = True
    db.session.commit()
    for name in ("a", "b", "c"):
        visitor.sign_up(f"{name}@example.test")
        visitor.press(text_of(mailbox.fetch_one()) if name == "a" else text_of(mailbox.fetch()[-1]))
    told = [mail for mail in mailbox.fetch() if mail["To"] == owner.email]
    visitor.clock.shift(timedelta(hours=2))
    upkeep.tell_owners(utcnow())
    upkeep.tell_owners(utcnow())
    told += [mail for mail in mailbox.fetch() if mail["To"] == owner.email]
    assert [mail["Subject"][0] for mail in told][-1] == "2"
    assert f"/clients/forms/{form.id}" in text_of(told[-1])


def test_a_form_is_changed_and_what_was_agreed_to_stays(as_owner: Browser, form: SignUpForm, visitor: Visitor) -> None:
    old = fields_in(visitor.web.get(visitor.path).text)["consent_mail"]
    broken = FORM | {"mail_text": "{{ first_name }}", "required": ["last_name"]}
    answer = as_owner.post(f"/clients/forms/{form.id}/edit", data=broken)
    assert answer.status_code == 422 and "здесь нет" in answer.text and "не спрашивает" in answer.text
    for name in ("asked", "required"):
        for forged in ([""], ["", "nothing"], ["first_name", ""]):
            assert as_owner.post(f"/clients/forms/{form.id}/edit", data=FORM | {name: forged}).status_code == 422, (
                forged
            )
    assert as_owner.post(f"/clients/forms/{form.id}/edit", data=FORM | {"consent_mail": "Another."}).status_code == 303
    assert fields_in(visitor.web.get(visitor.path).text)["consent_mail"] != old
    assert "I want the letters." in visitor.web.get(f"{visitor.path}/consent/{old}").text
    assert "Another." not in visitor.web.get(f"{visitor.path}/consent/{old}").text
    step = visitor.web.post(visitor.path, data={"email": "c@example.test", "consent_mail": old, "consent_data": "2"})
    assert fields_in(step.text)["consent_mail"] == old, "an old snippet is an old text"
    assert as_owner.post("/clients/forms/new", data=FORM).status_code == 422, "a name means one form"


def seen_page(page: str) -> str:
    """What a visitor can tell one answer from another by."""
    return re.sub(r'name="ticket" value="[^"]+"', "", page)


def test_the_language_of_the_form_and_the_zone_of_the_browser_are_kept(
    visitor: Visitor, mailbox: Mailbox, owner: User, as_owner: Browser
) -> None:
    make_client(owner, "known@example.test", language="de", timezone="Europe/Berlin")
    said = {
        "new": "Asia/Calcutta",
        "known": "Asia/Omsk",
        "silent": "",
        "hiding": "UTC",
        "fixed": "Etc/GMT-3",
        "forged": "Mars/Olympus\x00",
        "long": "Europe/" + "x" * 10_000,
    }
    for name, zone in said.items():
        sent = visitor.sign_up(f"{name}@example.test", zone=zone)
        assert 'data-state="sent"' in sent.text, name
        assert visitor.press(text_of(mailbox.fetch_one())).status_code == 200, name
    clients = db.session.scalars(db.select(Client).execution_options(populate_existing=True))
    found = {client.email.partition("@")[0]: (client.language, client.timezone) for client in clients}
    assert found == {
        "new": ("en", "Asia/Kolkata"),
        "known": ("de", "Europe/Berlin"),  # the form may have been filled in by somebody else
        **dict.fromkeys(("silent", "hiding", "fixed", "forged", "long"), ("en", "")),
    }
    client = db.session.scalars(db.select(Client).filter_by(email="new@example.test")).one()
    page = as_owner.get(f"/clients/{client.id}").text
    assert "Пояс по данным браузера" in page and "Калькутта" in page


def test_the_zone_survives_the_button_that_a_snippet_asks_for(
    visitor: Visitor, form: SignUpForm, as_owner: Browser
) -> None:
    snippet = fields_in(html.unescape(as_owner.get(f"/clients/forms/{form.id}").text))
    typed = {name: snippet[name] for name in ("consent_mail", "consent_data")} | {"email": "b@example.test"}
    step = visitor.web.post(visitor.path, data=typed | {"zone": "Asia/Omsk"})
    assert fields_in(step.text)["zone"] == "Asia/Omsk"
