"""From the form to the first log-in."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from mailer.auth.queries import find_user
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.account_token import AccountToken
from mailer.models.user import User
from mailer.queue import ACCOUNTS, queue
from tests.auth.conftest import Mailbox, fresh, path_in, seen, text_of
from tests.conftest import Browser
from tests.factories import PASSWORD, make_user
from tests.narrowing import one

NEW = {"email": "new@golub.test", "consent": "y"}
CHOSEN = {"password": PASSWORD}


def register(web: Browser, **changes: str) -> TestResponse:
    return web.post("/register", data=NEW | changes)


def test_a_new_person_registers_confirms_and_logs_in(web: Browser, mailbox: Mailbox) -> None:
    assert web.get("/register").status_code == 200
    assert register(web).status_code == 200

    path = mailbox.fetch_path()
    page = web.get(path)
    assert page.status_code == 200
    assert "new@golub.test" in page.text
    assert one(find_user("new@golub.test")).confirmed_at is None, "opening the link changes nothing"

    assert web.post(path, data=CHOSEN).location == "/login"
    assert web.post("/login", data=NEW | CHOSEN).status_code == 303
    assert web.get("/profile").status_code == 200
    assert one(find_user("new@golub.test")).last_login_at is not None


def test_the_mail_is_whole_and_points_to_the_configured_site(web: Browser, mailbox: Mailbox) -> None:
    web.post("/register", data=NEW, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    mail = mailbox.fetch_one()
    assert mail["To"] == "new@golub.test"
    assert mail["From"].addresses[0].domain == "golub.localhost"
    assert mail["Subject"] and mail["Date"] and mail["Message-ID"].endswith("@golub.test>")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] is None
    assert path_in(mail) in text_of(mail, "html")
    assert "evil" not in text_of(mail) + text_of(mail, "html")


def test_the_mail_is_written_in_the_language_of_the_page(web: Browser, mailbox: Mailbox) -> None:
    with web.session_transaction() as session:
        session["language"] = "en"
    register(web)
    assert one(find_user("new@golub.test")).language == "en"
    mail = mailbox.fetch_one()
    assert '<html lang="en">' in text_of(mail, "html")
    assert mail["Subject"] == "Confirm your address"


def test_the_worker_is_woken_after_the_commit(web: Browser) -> None:
    register(web)
    row = db.session.scalars(select(AccountEmail)).one()
    (job,) = queue(ACCOUNTS).jobs
    assert (job.func_name, list(job.args)) == ("mailer.jobs.tasks.send_account_email", [row.id])


def test_secrets_are_kept_as_hashes_only(web: Browser, mailbox: Mailbox) -> None:
    register(web)
    secret = mailbox.fetch_path().rsplit("/", 1)[1]
    token = db.session.scalars(select(AccountToken)).one()
    assert len(token.token_hash) == 64 and token.token_hash not in secret
    assert db.session.scalars(select(AccountEmail)).one().context == {}, "the outbox forgets the link once it is sent"
    user = one(find_user("new@golub.test"))
    assert user.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    web.post(f"/confirm/{secret}", data=CHOSEN)
    assert PASSWORD not in fresh(user).password_hash


@pytest.mark.parametrize("known", ["person@golub.test", "Person@GOLUB.test"])
def test_a_known_address_sees_the_same_page_and_gets_another_mail(
    web: Browser, mailbox: Mailbox, person: User, known: str
) -> None:
    other = "other@golub.test"
    assert seen(register(web, email=known), known) == seen(register(web, email=other), other)
    assert db.session.scalar(select(func.count(User.id))) == 2
    to_known, _to_new = mailbox.fetch()
    assert to_known["To"] == "person@golub.test"
    assert "/login" in text_of(to_known) and "/forgot" in text_of(to_known)


def test_an_unconfirmed_address_that_registers_again_gets_its_link_again(web: Browser, mailbox: Mailbox) -> None:
    register(web)
    register(web)
    paths = [path_in(mail) for mail in mailbox.fetch()]
    assert len(set(paths)) == 2
    assert all(path.startswith("/confirm/") for path in paths)
    assert web.post(paths[0], data=CHOSEN).status_code == 303, "the first mail may come late and still works"
    assert web.post(paths[1], data={"password": "of a second reader"}).status_code == 404, "and is the last that does"


def test_an_address_is_kept_in_its_normal_form(web: Browser) -> None:
    register(web, email="  Ivan.Petrov+golub@ПРИМЕР.рф ")
    assert db.session.scalars(select(User)).one().email == "Ivan.Petrov+golub@xn--e1afmkfd.xn--p1ai"


@pytest.mark.parametrize(
    "bad",
    ["", "a@b", "a..b@golub.test", '"q"@golub.test', "a@[127.0.0.1]", "Name <a@golub.test>", "иван@golub.test",
     "a@b.test>\r\nRCPT TO:<x@y.test", "a@golub.test\nBcc: x@y.test", "a\x00@golub.test", "a" * 65 + "@golub.test",
     "a@" + "b" * 260 + ".test", "-oQx", "a@golub.test;b@golub.test"],
)  # fmt: skip
def test_what_is_no_address_is_refused_beside_the_field(web: Browser, bad: str) -> None:
    answer = register(web, email=bad)
    assert answer.status_code == 422
    assert 'id="email-error"' in answer.text
    assert db.session.scalar(select(func.count(User.id))) == 0


def test_without_consent_there_is_no_account(web: Browser) -> None:
    answer = web.post("/register", data={"email": NEW["email"]})
    assert answer.status_code == 422
    assert 'id="consent-error"' in answer.text
    assert "new@golub.test" in answer.text, "what was typed stays"
    assert db.session.scalar(select(func.count(User.id))) == 0


def test_nobody_registers_themselves_a_role_or_a_confirmation(web: Browser) -> None:
    register(web, role="admin", confirmed_at="2026-01-01", id="99")
    user = db.session.scalars(select(User)).one()
    assert (user.role, user.confirmed_at, user.id) == ("user", None, 1)


def test_a_confirmation_link_works_once(web: Browser, mailbox: Mailbox) -> None:
    register(web)
    path = mailbox.fetch_path()
    assert web.post(path, data=CHOSEN).status_code == 303
    assert web.post(path, data=CHOSEN).status_code == web.get(path).status_code == 404


def test_a_confirmation_link_works_for_a_day(web: Browser, mailbox: Mailbox) -> None:
    with time_machine.travel(utcnow(), tick=False) as clock:
        register(web)
        path = mailbox.fetch_path()
        clock.shift(timedelta(hours=24, seconds=1))
        late = web.get(path)
        assert late.status_code == web.post(path, data=CHOSEN).status_code == 404
        clock.shift(timedelta(seconds=-2))
        assert web.post(path, data=CHOSEN).status_code == 303


def test_a_changed_link_shows_the_one_page_for_bad_links(web: Browser, mailbox: Mailbox) -> None:
    register(web)
    path = mailbox.fetch_path()
    bad_paths = [path[:-1] + ("A" if path[-1] != "A" else "B"), path + "x", path[:-4], "/confirm/x", "/confirm/a.b.c"]
    flipped = [f"{path[:spot]}{chr(ord(path[spot]) ^ 1)}{path[spot + 1 :]}" for spot in range(len("/confirm/") + 3, 40)]
    pages = {
        seen(web.post(bad, data=CHOSEN), "")
        for bad in bad_paths + [one for one in flipped if one.isascii() and "/" not in one[9:]]
    }
    assert len(pages) == 1
    assert one(find_user("new@golub.test")).confirmed_at is None


def test_a_link_of_one_purpose_serves_no_other(web: Browser, mailbox: Mailbox, person: User) -> None:
    register(web)
    web.post("/forgot", data={"email": person.email})
    confirm, reset = sorted(path_in(mail) for mail in mailbox.fetch())
    assert web.post(confirm.replace("/confirm/", "/reset/"), data={"password": "new words here"}).status_code == 404
    assert web.post(reset.replace("/reset/", "/confirm/"), data=CHOSEN).status_code == 404
    assert web.post(reset.replace("/reset/", "/confirm-email/"), data=CHOSEN).status_code == 404


def test_a_link_sent_to_an_address_left_since_is_worthless(web: Browser, mailbox: Mailbox) -> None:
    register(web)
    path = mailbox.fetch_path()
    user = one(find_user("new@golub.test"))
    user.email = "elsewhere@golub.test"
    db.session.commit()
    assert web.post(path, data=CHOSEN).status_code == 404
    assert fresh(user).confirmed_at is None


def test_the_link_can_be_sent_again_to_those_who_need_it(web: Browser, mailbox: Mailbox, person: User) -> None:
    make_user(email="waiting@golub.test", confirmed=False)
    pages = set()
    for address in ("waiting@golub.test", person.email, "nobody@golub.test"):
        pages.add(seen(web.post("/confirm/resend", data={"email": address}), address))
    assert len(pages) == 1
    assert mailbox.fetch_one()["To"] == "waiting@golub.test"


def test_strangers_cannot_flood_a_mailbox(web: Browser, mailbox: Mailbox, person: User) -> None:
    pages = {seen(web.post("/forgot", data={"email": person.email}), person.email) for _try in range(6)}
    assert len(pages) == 1, "the page does not tell that no more is sent"
    assert len(mailbox.fetch()) == 2, "the third of an hour is kept for when no link works any more"
    with time_machine.travel(utcnow() + timedelta(hours=1, seconds=1)):
        web.post("/forgot", data={"email": person.email})
        assert len(mailbox.fetch()) == 1
