"""Further addresses of a person are theirs once a link mailed to them is followed."""

from __future__ import annotations

import pytest

from mailer.auth.services.addresses import MAX_ADDRESSES
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.own_address import OwnAddress
from mailer.models.user import User
from tests.auth.conftest import Mailbox
from tests.conftest import Browser
from tests.factories import make_mailing, make_message, save


def own() -> list[str]:
    db.session.expire_all()
    return [row.email for row in db.session.query(OwnAddress)]


def test_an_address_is_added_by_the_link_only(mailbox: Mailbox, as_owner: Browser, web: Browser) -> None:
    assert as_owner.post("/profile/addresses", data={"email": "answers@shop.test"}).status_code == 200
    path = mailbox.fetch_path()
    assert web.get(path).status_code == 200 and own() == [], "scanners of mail open links"
    assert web.post(path).status_code == 200
    assert own() == ["answers@shop.test"]
    assert web.post(path).status_code == 404
    assert "answers@shop.test" in as_owner.get("/profile/addresses").text


@pytest.mark.parametrize("email", ["owner@golub.test", "OWNER@golub.test", "had@shop.test", "not an address", ""])
def test_what_cannot_be_added_is_said_beside_the_field(as_owner: Browser, owner: User, email: str) -> None:
    save(OwnAddress(owner_id=owner.id, email="had@shop.test"))
    answer = as_owner.post("/profile/addresses", data={"email": email})
    assert answer.status_code == 422 and 'id="email-error"' in answer.text


def test_there_is_an_end_to_them(mailbox: Mailbox, as_owner: Browser, owner: User) -> None:
    for number in range(MAX_ADDRESSES):
        save(OwnAddress(owner_id=owner.id, email=f"a{number}@shop.test"))
    assert as_owner.post("/profile/addresses", data={"email": "more@shop.test"}).status_code == 422
    assert mailbox.fetch() == []


def test_one_in_use_stays(as_owner: Browser, owner: User) -> None:
    address = save(OwnAddress(owner_id=owner.id, email="answers@shop.test"))
    mailing = make_mailing(owner, name="Weekly", reply_to_id=address.id)
    page = as_owner.post(f"/profile/addresses/{address.id}/remove", follow_redirects=True).text
    assert "Weekly" in page and own() == ["answers@shop.test"]
    as_owner.post(f"/mailings/{mailing.id}/delete")
    as_owner.post(f"/profile/addresses/{address.id}/remove")
    assert own() == []


def test_a_test_mail_goes_to_any_of_them_and_nowhere_else(
    mailbox: Mailbox, as_owner: Browser, owner: User, stranger: User
) -> None:
    message = make_message(owner)
    address = save(OwnAddress(owner_id=owner.id, email="answers@shop.test"))
    foreign = save(OwnAddress(owner_id=stranger.id, email="victim@bank.test"))
    assert as_owner.post(f"/messages/{message.id}/test", data={"to": address.id}).status_code == 303
    for value in (foreign.id, "x", "victim@bank.test", str(2**63)):
        assert as_owner.post(f"/messages/{message.id}/test", data={"to": value}).status_code == 404
    assert db.session.query(AccountEmail).one().to_email == "answers@shop.test"
