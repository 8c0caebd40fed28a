"""Companies whose mail a great provider takes share its pace, its ceilings and its line of the figures."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select, text

from mailer import queue
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.jobs.ticking import wake_exchangers
from mailer.models.attempt import Attempt
from mailer.models.client import Client
from mailer.models.delivery import Delivery, Reason
from mailer.models.domain_day import DomainDay
from mailer.models.mail_exchanger import MailExchanger
from mailer.models.mail_report import Door
from mailer.models.recipient_pace import RecipientPace
from mailer.models.run import Run, RunState
from mailer.models.user import Role, User
from mailer.models.warm_up import WarmUp, WarmUpDay
from mailer.operations import paces, warm_ups
from mailer.queue import LOOK_AT_EXCHANGERS
from mailer.recipient_domains import group_of_host
from mailer.returns.taking import take
from mailer.sending import mx_looks, warm_up_standing
from mailer.sending.database_connections import connector
from mailer.sending.runs import domain_days
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.warm_up_plan import Plan
from mailer.sending.worker.group_commit import Writer
from mailer.sending.worker.ledger import Ledger
from mailer.sending.worker.warm_up_gate import WarmUpGate
from mailer.smtp.testserver import Lab
from tests.bounces import shapes
from tests.conftest import Browser, browser_of
from tests.domains.conftest import asked_dns, dns, one_name_server  # noqa: F401 - fixtures
from tests.domains.name_server import NameServer
from tests.factories import make_client, make_user, save
from tests.returns.conftest import address_of, path  # noqa: F401 - fixture
from tests.sending.conftest import finish, let_time_pass, states

DOMAIN, ZONE = "golub.localhost", "Europe/Moscow"
HOSTS = {
    "aspmx.l.google.com": "gmail", "alt1.aspmx.l.google.com": "gmail", "smtp.google.com": "gmail",
    "aspmx2.googlemail.com": "gmail", "mx.yandex.net": "yandex", "emx.mail.ru": "mailru",
    "firm-ru.mail.protection.outlook.com": "outlook", "firm-ru.o-v1.mx.microsoft": "outlook",
    "mx01.mail.icloud.com": "icloud", "mail.protonmail.ch": "proton",
    "mx.firm.ru": None, "notgoogle.com": None, "google.com.firm.ru": None, "com": None, ".": None, "": None,
}  # fmt: skip


def exchangers() -> dict[str, MailExchanger]:
    db.session.expire_all()
    return {row.domain: row for row in db.session.scalars(select(MailExchanger))}


def groups() -> dict[str, str | None]:
    return {domain: row.group_name for domain, row in exchangers().items()}


def keep(**groups: str) -> None:
    """As if the DNS had said so of `name.ru`."""
    for name, group in groups.items():
        save(MailExchanger(domain=f"{name}.ru", group_name=group, seen_at=utcnow(), look_due_at=utcnow()))


def all_due() -> None:
    db.session.execute(text("UPDATE mail_exchangers SET look_due_at = now()"))
    db.session.commit()


def test_hosts_are_told_by_their_names() -> None:
    assert {host: group_of_host(host) for host in HOSTS} == HOSTS


def test_domains_of_clients_are_looked_up_and_stay_known_while_the_dns_is_away(
    asked_dns: NameServer,  # noqa: F811
    owner: User,
) -> None:
    asked_dns.put("firm.ru", "MX", "ASPMX.L.Google.com.")
    asked_dns.put("own.ru", "MX", "127.0.0.1.own.ru")
    asked_dns.put("bare.ru", "A", "10.0.0.1")
    asked_dns.broken.add("broken.ru")
    domains = ("firm.ru", "own.ru", "bare.ru", "nowhere.ru", "broken.ru", "gmail.com", "firm.test", "a..b")
    for domain in domains:
        make_client(owner, f"a@{domain}")
    gone = make_client(owner, "a@gone.ru", deleted_at=utcnow())
    wake_exchangers()
    assert queue.waiting(LOOK_AT_EXCHANGERS) == {0: 1}
    mx_looks.look_at_some()
    assert groups() == {
        "firm.ru": "gmail", "own.ru": None, "bare.ru": None, "nowhere.ru": None, "broken.ru": None,
    }  # fmt: skip
    known = exchangers()
    assert [domain for domain, row in known.items() if row.answered_at is None] == ["broken.ru"]
    assert (known["firm.ru"].host, known["own.ru"].host) == ("aspmx.l.google.com", "127.0.0.1.own.ru")
    assert 6 <= (known["firm.ru"].look_due_at - utcnow()).days <= 7
    assert (known["broken.ru"].look_due_at - utcnow()).days == 0
    assert not mx_looks.is_any_due()

    asked_dns.asked.clear()
    make_client(owner, "b@late.ru")
    assert mx_looks.is_any_due()
    mx_looks.look_at_some()
    assert asked_dns.asked == ["MX late.ru"]

    all_due()
    asked_dns.broken.add("*")
    mx_looks.look_at_some()
    assert groups()["firm.ru"] == "gmail"
    all_due()
    assert not mx_looks.is_any_due()  # nobody answers: not asked again at once
    queue.connection().delete(mx_looks.IS_AWAY)
    asked_dns.broken.clear()
    asked_dns.put("firm.ru", "MX", "mx.yandex.net")
    mx_looks.look_at_some()
    assert groups()["firm.ru"] == "yandex"
    assert gone.email not in groups()


def test_domains_without_clients_are_forgotten_and_all_are_passed_daily(app: Flask, owner: User) -> None:
    app.config["DNS_SERVER"] = ("127.0.0.1", 9)
    make_client(owner, "a@firm.ru")
    keep(firm="gmail", left="yandex")
    db.session.execute(text("UPDATE mail_exchangers SET seen_at = now() - interval '31 days'"))
    db.session.execute(text("UPDATE mail_exchangers SET look_due_at = now() + interval '1 day'"))
    db.session.commit()
    mx_looks.look_at_some()
    mx_looks.forget_old(utcnow())
    assert groups() == {"firm.ru": "gmail"}
    # An import that ends after another has lower numbers: they are met on the next round.
    queue.connection().delete(mx_looks.WAS_PASSED)
    db.session.execute(text("DELETE FROM mail_exchangers"))
    db.session.commit()
    mx_looks.look_at_some()
    assert list(groups()) == ["firm.ru"]


def test_a_look_is_bounded(asked_dns: NameServer, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(mx_looks, "DOMAINS_AT_ONCE", 5)
    monkeypatch.setattr(mx_looks, "PEOPLE_AT_ONCE", 4)
    for number in range(10):
        make_client(owner, f"a@d{number}.ru")
    counts = []
    for _ in range(3):
        mx_looks.look_at_some()
        counts.append((len(groups()), len(asked_dns.asked)))
    assert counts == [(4, 4), (8, 8), (10, 10)]
    all_due()
    mx_looks.look_at_some()
    assert len(asked_dns.asked) == 15
    assert mx_looks.is_any_due()


def test_a_rule_holds_for_companies_too_unless_they_have_their_own(
    lab: Lab, owner: User, make_run: Callable[..., Run]
) -> None:
    keep(firm="gmail", own="gmail", ya="yandex")
    paces.set_rule("gmail", 1)
    paces.set_rule("own.ru", 100)
    run = finish(make_run("a@gmail.com", "b@firm.ru", "c@own.ru", "d@ya.ru", "e@alone.ru"))
    assert states(run) == {
        "a@gmail.com": "accepted", "b@firm.ru": "waiting", "c@own.ru": "accepted", "d@ya.ru": "accepted",
        "e@alone.ru": "accepted",
    }  # fmt: skip
    held = db.session.scalars(select(Delivery).where(Delivery.reason == Reason.PACED)).all()
    assert [each.email for each in held] == ["b@firm.ru"]


def test_words_about_a_company_rest_its_provider(lab: Lab, owner: User, make_run: Callable[..., Run]) -> None:
    keep(firm="gmail", own="gmail")
    paces.set_rule("own.ru", 100)
    lab.obey("DOT x1 -> 421 4.7.28 Gmail has detected an unusual rate of mail")
    finish(make_run("a@firm.ru"))
    resting = select(RecipientPace.name).where(RecipientPace.rests_until > utcnow())
    assert db.session.scalars(resting).all() == ["gmail"]
    let_time_pass()
    assert states(finish(make_run("b@googlemail.com", "c@own.ru"))) == {
        "b@googlemail.com": "waiting", "c@own.ru": "accepted",
    }  # fmt: skip
    let_time_pass()
    lab.obey("DOT x1 -> 421 4.7.28 Gmail has detected an unusual rate of mail")
    finish(make_run("d@own.ru"))
    assert set(db.session.scalars(resting)) == {"gmail", "own.ru"}  # the pace that it has is the one that rests


@pytest.fixture
def warm_up(app: Flask) -> WarmUp:
    """Ten a day at first, for Gmail and for all others."""
    return warm_ups.start(DOMAIN, Plan(10, 50, 20), ["gmail", ""])


def used() -> dict[str, int]:
    db.session.expire_all()
    return {day.name: day.used_count for day in db.session.scalars(select(WarmUpDay))}


def test_companies_share_the_ceiling_of_their_provider(
    lab: Lab, warm_up: WarmUp, owner: User, make_run: Callable[..., Run]
) -> None:
    keep(firm="gmail")
    run = make_run(*(f"a{number}@firm.ru" for number in range(8)), *(f"b{number}@gmail.com" for number in range(8)))
    (day,) = warm_up_standing.shortfalls(DOMAIN, select(Client))
    assert (day.name, day.count, day.today_count) == ("gmail", 16, 10)
    assert finish(run).accepted_count == 10
    assert used() == {"gmail": 10, "": 0}


def test_places_go_back_to_where_they_came_from(
    app: Flask, lab: Lab, warm_up: WarmUp, make_run: Callable[..., Run]
) -> None:
    """A worker dies, one of its mails has left, and the DNS says meanwhile that the provider is another one."""
    keep(firm="gmail")
    run = make_run("a@firm.ru", "b@firm.ru", "c@alone.ru")
    write_recipient_list(run.id)
    with closing(Ledger(connector(), Writer(run.id, "dead", None, 0), WarmUpGate(DOMAIN, ZONE))) as ledger:
        assert ledger.claim() is not None
    assert used() == {"gmail": 2, "": 1}
    now = datetime.now(UTC)
    sent = {"outcome": "accepted", "phase": "data", "response": "", "started_at": now, "finished_at": now}
    save(Attempt(run_id=run.id, position=1, number=1, worker="dead", transport="", **sent))
    db.session.execute(text("UPDATE slices SET marked = '000'"))  # its mark was taken back with that
    db.session.execute(text("UPDATE mail_exchangers SET group_name = NULL"))
    db.session.commit()
    run = finish(run)
    assert (run.state, run.accepted_count) == (RunState.COMPLETE, 3)
    assert used() == {"gmail": 1, "": 2}


def test_figures_count_companies_with_their_provider(
    app: Flask,
    owner: User,
    make_run: Callable[..., Run],
    path: str,  # noqa: F811
) -> None:
    keep(firm="gmail")
    with Lab() as server:
        app.config["MAILINGS_SMTP_URL"] = f"smtp://127.0.0.1:{server.port}?connections=2"
        run = finish(make_run("a@gmail.com", "b@firm.ru", "c@alone.ru"))
    assert domain_days.count_closed_runs() == 1
    take(shapes.complaint(address_of(run, 2)), Door.RECEIVER)
    db.session.expire_all()
    rows = {(row.domain, row.figure.value): row.count for row in db.session.scalars(select(DomainDay))}
    assert rows == {("gmail", "accepted"): 2, ("alone.ru", "accepted"): 1, ("gmail", "complained"): 1}


def test_staff_sees_whose_companies_are_known(app: Flask) -> None:
    admin: Browser = browser_of(app).login(make_user(role=Role.ADMIN, language="en"))
    assert "None is known yet" in admin.get("/operations/paces").text
    keep(**{f"firm{number}": "gmail" for number in range(7)}, ya="yandex")
    page = admin.get("/operations/paces").text
    assert "firm0.ru, firm1.ru, firm2.ru, firm3.ru, firm4.ru …" in page
    assert page.index('data-key="gmail"') < page.index('data-key="yandex"')
