from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from mailer.accounts import former_links
from mailer.accounts.erasing import erase_some
from mailer.auth.services import erase_account
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.client import Client, Suppression, SuppressionReason
from mailer.models.delivery import Delivery
from mailer.models.former_link import FormerLink
from mailer.models.run import Run
from mailer.models.user import User
from tests.conftest import Browser
from tests.factories import PASSWORD, make_client, make_mailing, save
from tests.mailings.builders import close, make_run

FORGED = "5f0c6d3e-9f2b-4d7a-8a51-3c1f0f9e2b44"

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def client(owner: User) -> Client:
    return make_client(owner, "ivan@xn--e1afmkfd.test")


def reasons(owner: User) -> dict[str, SuppressionReason]:
    found = db.session.scalars(select(Suppression).filter_by(owner_id=owner.id))
    return {suppression.email_key: suppression.reason for suppression in found}


def state_on(page: str) -> str:
    return re.findall(r'data-state="(\w+)"', page)[0]


def test_opening_the_link_changes_nothing(web: Browser, client: Client, owner: User) -> None:
    for method in (web.get, web.head):
        assert method(f"/u/{client.token}").status_code == 200
    assert reasons(owner) == {}


def test_the_page_does_not_give_the_address_away(web: Browser, client: Client) -> None:
    page = web.get(f"/u/{client.token}").text
    assert "ivan" not in page
    assert "i•••@пример.test" in page


def test_the_button_unsubscribes_and_offers_to_take_it_back(web: Browser, client: Client, owner: User) -> None:
    page = f"/u/{client.token}"
    answer = web.post(page)
    assert (answer.status_code, answer.location) == (303, page)
    assert reasons(owner) == {client.email_key: SuppressionReason.UNSUBSCRIBED}
    assert state_on(web.get(page).text) == "unsubscribed"

    web.post(f"{page}/again")
    assert reasons(owner) == {}
    assert state_on(web.get(page).text) == "subscribed"


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_one_click_needs_neither_cookie_nor_form_token(
    app: Flask, client: Client, owner: User, content_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    program = app.test_client(use_cookies=False)
    for _time in range(2):
        answer = program.post(f"/u/{client.token}", data=ONE_CLICK, content_type=content_type)
        assert answer.status_code == 200
    assert reasons(owner) == {client.email_key: SuppressionReason.UNSUBSCRIBED}


def test_subscribing_again_needs_the_form_token(
    app: Flask, web: Browser, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    assert web.post(f"/u/{client.token}/again").status_code == 400


@pytest.mark.parametrize("path", [f"/u/{FORGED}", "/u/1", "/u/", f"/u/{FORGED}/again"])
def test_forged_links_lead_nowhere(web: Browser, client: Client, path: str) -> None:
    assert web.post(path).status_code == 404


def test_a_deleted_client_can_still_unsubscribe(web: Browser, client: Client, owner: User) -> None:
    client.deleted_at = utcnow()
    db.session.commit()
    assert web.post(f"/u/{client.token}", data=ONE_CLICK).status_code == 200
    assert reasons(owner) == {client.email_key: SuppressionReason.UNSUBSCRIBED}


def test_the_persons_word_outweighs_a_bad_address_but_lifts_only_itself(
    web: Browser, client: Client, owner: User
) -> None:
    db.session.add(Suppression(owner_id=owner.id, email_key=client.email_key, reason=SuppressionReason.BAD_ADDRESS))
    db.session.commit()
    web.post(f"/u/{client.token}/again")
    assert reasons(owner) == {client.email_key: SuppressionReason.BAD_ADDRESS}
    web.post(f"/u/{client.token}")
    assert reasons(owner) == {client.email_key: SuppressionReason.UNSUBSCRIBED}


def test_other_owners_may_go_on_writing(web: Browser, client: Client, stranger: User) -> None:
    make_client(stranger, client.email)
    web.post(f"/u/{client.token}")
    assert reasons(stranger) == {}


@pytest.mark.parametrize(("accepted", "language"), [("en-GB,en;q=0.9", "en"), ("ru", "ru"), ("de", "ru"), ("", "ru")])
def test_speaks_the_readers_language(web: Browser, client: Client, accepted: str, language: str) -> None:
    page = web.get(f"/u/{client.token}", headers={"Accept-Language": accepted}).text
    assert f'<html lang="{language}"' in page


def sent(owner: User, client: Client) -> Run:
    """A closed run that wrote to the client."""
    run = make_run(make_mailing(owner, [client]))
    save(Delivery(run_id=run.id, position=1, client_id=client.id, email=client.email, email_key=client.email_key,
                  state="accepted", attempt_count=1))  # fmt: skip
    return close(run)


def left(run: Run) -> int:
    db.session.refresh(run)
    return run.unsubscribed_count


def test_who_leaves_is_counted_with_the_run_whose_link_was_used(web: Browser, client: Client, owner: User) -> None:
    first, second = sent(owner, client), sent(owner, client)
    page = f"/u/{client.token}/{first.link_code}"
    assert web.get(page).status_code == 200
    assert (left(first), left(second)) == (0, 0)
    for _time in range(2):  # however often it is asked
        assert web.post(page, data=ONE_CLICK).status_code == 200
    web.post(f"/u/{client.token}/{second.link_code}")
    assert (left(first), left(second)) == (1, 0)
    assert db.session.get_one(Suppression, (owner.id, client.email_key)).run_id == first.id

    answer = web.post(f"{page}/again")
    assert (answer.status_code, answer.location) == (303, page)
    assert left(first) == 0


def test_a_code_of_another_run_counts_for_nobody_and_the_wish_all_the_same(
    web: Browser, client: Client, owner: User
) -> None:
    other = sent(owner, make_client(owner))
    for code in (other.link_code, "00000000", "zzzzzzzz", "%25%25%25%25%25%25%25%25"):
        web.post(f"/u/{client.token}/again")
        assert web.post(f"/u/{client.token}/{code}", data=ONE_CLICK).status_code == 200, code
        assert reasons(owner) == {client.email_key: SuppressionReason.UNSUBSCRIBED}
    assert left(other) == 0


def test_the_runs_page_shows_who_left_by_its_link(web: Browser, as_owner: Browser, client: Client, owner: User) -> None:
    run = sent(owner, client)
    page = f"/mailings/{run.mailing_id}/runs/{run.id}"
    assert 'data-figure="left">0<' in as_owner.get(page).text
    web.post(f"/u/{client.token}/{run.link_code}", data=ONE_CLICK)
    assert f'{page}?outcome=left#people">1</a>' in as_owner.get(page).text
    assert 'data-position="1"' in as_owner.get(f"{page}?outcome=left").text
    web.post(f"/u/{client.token}/again")
    assert 'data-position="1"' not in as_owner.get(f"{page}?outcome=left").text


def test_the_link_of_a_deleted_account_says_that_its_sender_writes_no_more(
    web: Browser, client: Client, owner: User
) -> None:
    path = f"/u/{client.token}"
    erase_account(owner, PASSWORD)
    assert state_on(web.get(path).text) == "gone", "at once"
    erase_some(60)
    assert db.session.query(Client).count() == 0
    for address in (path, f"{path}/01234567"):
        page = web.get(address)
        assert page.status_code == 200 and state_on(page.text) == "gone"
        assert "deleted.invalid" not in page.text and "ivan" not in page.text
        assert web.post(address, data=ONE_CLICK).status_code == 200
    assert web.post(f"{path}/again").status_code == 200
    assert web.get(f"/u/{FORGED}").status_code == 404


def test_a_wish_is_recorded_after_client_message_and_mailing_are_deleted(
    as_owner: Browser, web: Browser, client: Client, owner: User
) -> None:
    mailing = make_mailing(owner, [client])
    for path in (f"/mailings/{mailing.id}", f"/messages/{mailing.message_id}", f"/clients/{client.id}"):
        assert as_owner.post(f"{path}/delete").status_code == 303
    assert state_on(web.get(f"/u/{client.token}").text) == "subscribed"
    assert web.post(f"/u/{client.token}", data=ONE_CLICK).status_code == 200
    assert reasons(owner) == {client.email_key: SuppressionReason.UNSUBSCRIBED}


def test_former_links_end_after_two_years(app: Flask, web: Browser) -> None:
    now, tokens = utcnow(), [uuid.uuid4(), uuid.uuid4()]
    for token, days in zip(tokens, [729, 731], strict=True):
        save(FormerLink(token_hash=FormerLink.hash_of(token), gone_at=now - timedelta(days=days)))
    assert former_links.forget_old(now) == 1
    assert [web.get(f"/u/{token}").status_code for token in tokens] == [200, 404]
