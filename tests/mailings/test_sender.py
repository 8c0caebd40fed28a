"""Each mailing says who writes and where answers go; nobody can pass for somebody else."""

from __future__ import annotations

import re

import pytest

from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.own_address import OwnAddress
from mailer.models.user import User
from mailer.sending.runs.run_rows import snapshot_of
from tests.conftest import Browser
from tests.factories import make_mailing, make_message, save
from tests.mailings.builders import form_of


def test_sender_and_answers_are_kept_and_shown(as_owner: Browser, owner: User, mailing: Mailing) -> None:
    address = save(OwnAddress(owner_id=owner.id, email="answers@shop.test"))
    data = form_of(mailing, sender_name="Пекарня «Колос»", reply_to=address.id)
    assert as_owner.post(f"/mailings/{mailing.id}/edit", data=data).status_code == 303
    page = as_owner.get(f"/mailings/{mailing.id}").text
    assert "Пекарня «Колос» &lt;news@golub.localhost&gt;" in page and "answers@shop.test" in page
    kept = snapshot_of(db.session.get_one(Mailing, mailing.id, populate_existing=True))
    assert (kept["from_name"], kept["reply_to"]) == ("Пекарня «Колос»", "answers@shop.test")
    form = as_owner.get(f"/mailings/{mailing.id}/edit").text
    assert 'value="Пекарня «Колос»"' in form and f'<option selected value="{address.id}">' in form


@pytest.mark.parametrize("name", ["owner@shop.ru", "Golub", "Служба поддержки «Голубь»", "two\nlines", "x" * 101])
def test_a_name_that_deceives_is_refused_beside_its_field(as_owner: Browser, mailing: Mailing, name: str) -> None:
    answer = as_owner.post(f"/mailings/{mailing.id}/edit", data=form_of(mailing, sender_name=name))
    assert answer.status_code == 422 and 'id="sender_name-error"' in answer.text


def test_answers_go_to_confirmed_addresses_of_ones_own_only(
    as_owner: Browser, stranger: User, mailing: Mailing
) -> None:
    foreign = save(OwnAddress(owner_id=stranger.id, email="victim@bank.test"))
    for value, status in ((foreign.id, 404), ("999", 404), ("victim@bank.test", 422), (2**63, 422)):
        answer = as_owner.post(f"/mailings/{mailing.id}/edit", data=form_of(mailing, reply_to=value))
        assert answer.status_code == status, value
    assert snapshot_of(mailing)["reply_to"] == "owner@golub.test"


@pytest.mark.parametrize(("name", "seen"), [("Анна", "Анна"), ("", ""), ("a@bank.ru", ""), ("Golub Support", "")])
def test_without_a_name_of_its_own_a_mailing_takes_that_of_the_profile_and_never_an_address(
    owner: User, mailing: Mailing, name: str, seen: str
) -> None:
    owner.name = name
    db.session.commit()
    assert snapshot_of(mailing)["from_name"] == seen


def test_the_language_of_a_mail_is_that_of_its_message(as_owner: Browser, owner: User) -> None:
    mailing = make_mailing(owner, message=make_message(owner, language="de"))
    as_owner.post("/language", data={"language": "en"})
    db.session.expire_all()
    assert snapshot_of(mailing)["language"] == "de"


def test_the_profile_refuses_such_names_too(as_owner: Browser) -> None:
    data = {"name": "Голубь, поддержка", "timezone": "UTC", "language": "ru", "country": "", "phone": ""}
    answer = as_owner.post("/profile", data=data)
    assert answer.status_code == 422 and 'id="name-error"' in answer.text


def test_what_is_counted_is_chosen_in_the_form_and_copied_by_the_run(
    as_owner: Browser, owner: User, mailing: Mailing
) -> None:
    assert "tracking" not in snapshot_of(mailing), "nothing unless it is asked for"
    message = make_message(
        owner, html_body='<a href="https://a.example/?x=1&amp;y=2">A</a> {{ view_url }}', text_body=""
    )
    data = form_of(mailing, message_id=message.id, counts_clicks="y")
    assert as_owner.post(f"/mailings/{mailing.id}/edit", data=data).status_code == 303
    kept = snapshot_of(db.session.get_one(Mailing, mailing.id, populate_existing=True))
    assert kept["tracking"] == {"clicks": True, "opens": False, "links": ["https://a.example/?x=1&y=2"]}
    form = as_owner.get(f"/mailings/{mailing.id}/edit").text
    checked = re.findall(r'<input(?=[^>]* checked)[^>]* name="(counts_\w+)"', form)
    assert checked == ["counts_clicks"]
