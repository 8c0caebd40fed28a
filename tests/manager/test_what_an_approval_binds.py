"""An approval holds for what the manager could see: no more people, no other sender, no other values in the text."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mailer.extensions import db
from mailer.models.approval import Approval
from mailer.models.client import Client
from mailer.models.mailing import Audience, Mailing
from mailer.models.message import Message
from mailer.models.own_address import OwnAddress
from mailer.models.user import User
from tests.conftest import Browser
from tests.factories import make_client, make_mailing, make_message, save
from tests.manager.test_limits_and_approvals import ask, permit_on, press_send


@pytest.fixture
def approved(as_owner: Browser, as_manager: Browser, owner: User) -> Mailing:
    """A mailing to a tag, approved for its two people with their own fields."""
    owner.needs_approval = True
    for number, city in enumerate(("Тверь", "Псков")):
        values = {"body": "Осень пришла", "link": "https://shop.test/", "город": city}
        make_client(owner, tags=["one"], first_name=f"Anna {number}", last_name="B", comment="x", attributes=values)
    message = make_message(
        owner,
        subject="News from {{ город }}",
        text_body="Hello, {{ first_name }}! {{ body }}",
        html_body='<p>{{ body }} <a href="{{ link }}">go</a> <a href="https://shop.test/{{ last_name }}">on</a></p>',
    )
    mailing = make_mailing(owner, message=message, audience=Audience.TAGS, tags=["one"])
    as_manager.post(f"/manager/approvals/{ask(as_owner, mailing).id}/approve")
    return mailing


def set_of_all(name: str, value: str) -> Callable[[User, Mailing], None]:
    def change(owner: User, _mailing: Mailing) -> None:
        for client in db.session.query(Client):
            client.attributes = dict(client.attributes) | {name: value}

    return change


def one_more(**values: str) -> Callable[[User, Mailing], None]:
    """Somebody goes, somebody else comes: as many people as before."""

    def change(owner: User, _mailing: Mailing) -> None:
        client = db.session.get_one(Client, 1)
        client.email = client.email_key = "another@example.test"
        for name, value in values.items():
            if name == "attributes":
                client.attributes = dict(client.attributes) | {"body": value}
            else:
                setattr(client, name, value)

    return change


def sender_name(_owner: User, mailing: Mailing) -> None:
    mailing.sender_name = "Банк"


def name_of_profile(owner: User, _mailing: Mailing) -> None:
    owner.name = "Банк"


def reply_to(owner: User, mailing: Mailing) -> None:
    address = OwnAddress(owner_id=owner.id, email="other@shop.test")
    db.session.add(address)
    db.session.flush()
    mailing.reply_to_id = address.id


def language(_owner: User, mailing: Mailing) -> None:
    db.session.get_one(Message, mailing.message_id).language = "de"


def third_person(owner: User, _mailing: Mailing) -> None:
    values = {"body": "Осень пришла", "link": "https://shop.test/", "город": "Тверь"}
    db.session.add(Client(owner_id=owner.id, email="c@x.test", email_key="c@x.test", tags=["one"], attributes=values))


VOID = {
    "body": set_of_all("body", "Ваша карта заблокирована"),
    "link": set_of_all("link", "https://evil.test/"),
    "subject": set_of_all("город", "банка"),
    "another value of one person": one_more(attributes="Ваша карта заблокирована"),
    "a link for a name": one_more(first_name="Скидка на evil.test"),
    "a number for a name": one_more(first_name="Звоните 8 (900) 123-45-67"),
    "words for a name": one_more(
        first_name="ваша карта заблокирована, пришлите код из сообщения в ответ на это письмо"
    ),
    "sender name": sender_name,
    "name of the profile": name_of_profile,
    "reply-to": reply_to,
    "language": language,
    "one person more": third_person,
}


@pytest.mark.parametrize("change", VOID.values(), ids=VOID.keys())
def test_what_was_not_seen_is_not_sent(
    as_owner: Browser, owner: User, approved: Mailing, change: Callable[[User, Mailing], None]
) -> None:
    change(owner, approved)
    db.session.commit()
    assert permit_on(as_owner.get(f"/mailings/{approved.id}").text) == "missing"
    assert press_send(as_owner, approved) == 409


@pytest.mark.parametrize(
    "change", [one_more(first_name="А.С.Пётр", last_name="Иванов-Ср., мл."), one_more(comment="new")]
)
def test_people_may_come_and_go_under_it(
    as_owner: Browser, owner: User, approved: Mailing, change: Callable[[User, Mailing], None]
) -> None:
    change(owner, approved)
    db.session.commit()
    assert permit_on(as_owner.get(f"/mailings/{approved.id}").text) == "approved"
    assert press_send(as_owner, approved) == 303


def test_the_manager_sees_what_it_binds(as_owner: Browser, as_manager: Browser, approved: Mailing) -> None:
    page = as_manager.get("/manager/approvals/1").text
    for seen in ("Осень пришла", "https://shop.test/", "Тверь", "Псков", "news@golub.localhost", "owner@golub.test"):
        assert seen in page, seen


def test_more_people_can_be_asked_for_again(
    as_owner: Browser, as_manager: Browser, owner: User, approved: Mailing
) -> None:
    third_person(owner, approved)
    db.session.commit()
    approval = ask(as_owner, approved)
    assert db.session.query(Approval).count() == 1 and approval.recipient_count == 3
    assert permit_on(as_owner.get(f"/mailings/{approved.id}").text) == "asked"
    assert as_manager.post(f"/manager/approvals/{approval.id}/approve").status_code == 303
    assert press_send(as_owner, approved) == 303


def test_a_question_does_not_grow_while_it_waits(as_owner: Browser, as_manager: Browser, owner: User) -> None:
    owner.needs_approval = True
    make_client(owner)
    mailing = make_mailing(owner)
    approval = ask(as_owner, mailing)
    save(Client(owner_id=owner.id, email="b@x.test", email_key="b@x.test"))
    assert as_manager.post(f"/manager/approvals/{approval.id}/approve").status_code == 409


def test_a_tag_by_another_name_is_still_approved_and_a_merged_one_is_not(
    as_owner: Browser, owner: User, approved: Mailing
) -> None:
    answer = as_owner.post("/clients/tags/rename", data={"tag": "one", "name": "first"})
    assert answer.status_code == 303
    db.session.expire_all()
    assert approved.tags == ["first"]
    assert permit_on(as_owner.get(f"/mailings/{approved.id}").text) == "approved"
    make_client(owner, tags=["two"], deleted_at=approved.created_at)
    asked = as_owner.post("/clients/tags/rename", data={"tag": "first", "name": "two"})
    assert asked.status_code == 409
    as_owner.post("/clients/tags/rename", data={"tag": "first", "name": "two", "confirmed": "2-0-0"})
    db.session.expire_all()
    assert approved.tags == ["two"]
    assert permit_on(as_owner.get(f"/mailings/{approved.id}").text) != "approved"
    assert press_send(as_owner, approved) == 409
