"""Clients who may be one person: who is proposed, and what becomes of everything when they are merged."""

from __future__ import annotations

import re
from datetime import date, timedelta

from sqlalchemy import select
from werkzeug.test import TestResponse

from mailer.clients import subscription
from mailer.clients.duplicates.finding import Likeness, groups_of
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.client import Client, Suppression, SuppressionReason
from mailer.models.client_field import ClientField, FieldType
from mailer.models.client_merge import ClientMerge
from mailer.models.delivery import Delivery
from mailer.models.journal_entry import JournalEntry
from mailer.models.mailing import mailing_clients
from mailer.models.run import Run
from mailer.models.series import DelayKind, Enrolment, EnrolmentState, Entry, LeftReason
from mailer.models.user import User
from mailer.sending.series import control
from mailer.sending.series.entering import enter
from mailer.series import services
from mailer.series.plan import SeriesPlan, StepPlan
from tests.conftest import Browser
from tests.factories import make_client, make_due_run, make_mailing, make_message, save

MERGE = "/clients/duplicates/merge"


def merge(web: Browser, kept: Client, *gone: Client, **picks: object) -> TestResponse:
    """Through the page, as it was looked at."""
    ids = [kept.id, *(client.id for client in gone)]
    page = web.get(MERGE, query_string={"id": ids}).text
    data = {"id": ids, "stamp": re.findall(r'name="stamp"\s+value="([^"]+)"', page), "keep": kept.id, **picks}
    return web.post(MERGE, data=data)


def shown_groups(owner: User, kind: Likeness) -> list[list[str]]:
    return [[client.email for client in group.clients] for group in groups_of(owner.id, kind, 1).groups]


def test_who_may_be_one_person_is_found(owner: User, stranger: User) -> None:
    for email in ("ivan.petrov@gmail.com", "ivanpetrov+shop@googlemail.com", "i.p@x.test", "i.p+a@x.test", "+a@x.test"):
        make_client(owner, email)
    for email in ("a-b@ya.ru", "a.b@yandex.ru", "ip@x.test", "other@gmail.com"):
        make_client(owner, email)
    make_client(stranger, "ivanpetrov@gmail.com")
    make_client(owner, "i.p+gone@x.test", deleted_at=utcnow())
    assert shown_groups(owner, Likeness.MAILBOX) == [
        ["a-b@ya.ru", "a.b@yandex.ru"],
        ["i.p@x.test", "i.p+a@x.test"],
        ["ivan.petrov@gmail.com", "ivanpetrov+shop@googlemail.com"],
    ]
    save(ClientField(owner_id=owner.id, key="телефон", label="Телефон"))
    save(ClientField(owner_id=owner.id, key="born", label="Birthday", type=FieldType.DATE, slot="d1"))
    for number, phone in enumerate(["+7 (999) 123-45-67", "8 999 1234567", "1234567", "12345"]):
        make_client(owner, f"phone{number}@x.test", attributes={"телефон": phone})
    assert shown_groups(owner, Likeness.PHONE) == [["phone0@x.test", "phone1@x.test"]]
    twin = {"last_name": "Королёв", "first_name": "Пётр"}
    for number, born in enumerate([date(1985, 1, 2), date(1985, 1, 2), date(1985, 1, 3), None]):
        make_client(owner, f"twin{number}@x.test", **twin, d1=born)
    make_client(owner, "year@x.test", **twin, birth_year=1985)
    make_client(owner, "years@x.test", last_name="КОРОЛЕВ", first_name="петр", birth_year=1985)
    assert shown_groups(owner, Likeness.NAME) == [["year@x.test", "years@x.test"], ["twin0@x.test", "twin1@x.test"]]


def test_several_people_are_proposed_no_more(as_owner: Browser, owner: User) -> None:
    pair = [make_client(owner, email) for email in ("a@x.test", "a+b@x.test")]
    page = as_owner.get("/clients/duplicates/").text
    assert [str(client.id) for client in pair] == re.findall(r'data-client="(\d+)"', page)
    said = as_owner.post("/clients/duplicates/apart", data={"id": [client.id for client in pair], "by": "mailbox"})
    undo = re.findall(r'action="(/clients/duplicates/apart/undo[^"]+)"', as_owner.get(said.location).text)[0]
    assert shown_groups(owner, Likeness.MAILBOX) == []
    as_owner.post(undo.replace("&amp;", "&"))
    assert len(shown_groups(owner, Likeness.MAILBOX)) == 1


def test_nothing_is_lost_by_a_merge(as_owner: Browser, owner: User) -> None:
    save(ClientField(owner_id=owner.id, key="paid", label="Paid", type=FieldType.NUMBER, slot="n1"))
    kept = make_client(
        owner, "new@x.test", first_name="Иван", comment="one", tags=["a"], refused_tags=["news"], language="en",
    )  # fmt: skip
    gone = make_client(
        owner, "old@x.test", first_name="Ваня", last_name="Петров", comment="two", tags=["b", "news"],
        attributes={"paid": "10", "x": "y"}, n1=10, paused_until=utcnow() + timedelta(days=3),
        language="de", timezone="Asia/Omsk",
    )  # fmt: skip
    earlier = make_client(owner, "earliest@x.test", comment="one")
    subscription.suppress(earlier)
    run = make_due_run(owner, [gone])
    save(Delivery(run_id=run.id, position=1, client_id=gone.id, email=gone.email, email_key=gone.email_key,
                  state="accepted"))  # fmt: skip
    named = make_mailing(owner, [gone, kept])
    assert merge(as_owner, gone, earlier).status_code == 303
    answer = merge(as_owner, kept, gone, **{"pick-first_name": gone.id, "pick-language": gone.id})
    assert answer.location == f"/clients/{kept.id}"
    db.session.expire_all()
    assert (kept.first_name, kept.last_name, kept.comment) == ("Ваня", "Петров", "one\ntwo")
    assert (kept.tags, kept.refused_tags, kept.attributes) == (["a", "b"], ["news"], {"paid": "10", "x": "y"})
    assert (kept.language, kept.timezone) == ("de", "Asia/Omsk")
    assert (kept.n1, kept.paused_until) == (10, gone.paused_until)
    assert db.session.scalars(select(Delivery.client_id)).all() == [kept.id]
    assert db.session.get_one(Run, run.id).accepted_count == 1
    of_named = select(mailing_clients.c.client_id).where(mailing_clients.c.mailing_id == named.id)
    assert db.session.scalars(of_named).all() == [kept.id]
    reasons = {one.email_key: one.reason.value for one in db.session.scalars(select(Suppression))}
    assert reasons == dict.fromkeys(("earliest@x.test", "old@x.test", "new@x.test"), "manual")
    page = as_owner.get(f"/clients/{kept.id}").text
    assert all(word in page for word in ("earliest@x.test", "old@x.test", "Иван", "английский"))
    assert as_owner.get(f"/clients/{earlier.id}").location == f"/clients/{kept.id}"
    assert as_owner.post(f"/clients/{gone.id}/restore").location == "/clients/"
    assert {one.client_id for one in db.session.scalars(select(ClientMerge))} == {kept.id}
    entries = db.session.scalars(select(JournalEntry).order_by(JournalEntry.id))
    told = [one.details for one in entries if "merged" in one.details]
    assert told[-1] == {"where": "clients.duplicates.compare", "merged": str(gone.id)}


def test_an_address_that_is_no_more_closes_no_other(as_owner: Browser, owner: User) -> None:
    kept, gone = make_client(owner, "new@x.test"), make_client(owner, "old@x.test")
    save(Suppression(owner_id=owner.id, email_key="old@x.test", reason=SuppressionReason.BOUNCED))
    assert "callout-warning" not in as_owner.get(MERGE, query_string={"id": [kept.id, gone.id]}).text
    assert merge(as_owner, kept, gone).status_code == 303
    assert db.session.scalars(select(Suppression.email_key)).all() == ["old@x.test"]


def test_links_of_old_mails_are_the_persons(as_owner: Browser, web: Browser, owner: User) -> None:
    kept, gone = make_client(owner, "new@x.test", tags=["a"]), make_client(owner, "old@x.test")
    merge(as_owner, kept, gone)
    web.post(f"/u/{gone.token}", data={"List-Unsubscribe": "One-Click"})
    found = {one.email_key: one.reason for one in db.session.scalars(select(Suppression))}
    assert found == dict.fromkeys(("new@x.test", "old@x.test"), SuppressionReason.UNSUBSCRIBED)
    web.post(f"/u/{gone.token}/preferences/erase", data={"sure": "yes"})
    assert db.session.scalars(select(Client.id).where(Client.owner_id == owner.id)).all() == []


def test_what_is_under_way_or_changed_is_not_merged(as_owner: Browser, owner: User, stranger: User) -> None:
    kept, gone, theirs = make_client(owner), make_client(owner), make_client(stranger)
    run = make_due_run(owner, [gone], name="Autumn")
    save(Delivery(run_id=run.id, position=1, client_id=gone.id, email=gone.email, email_key=gone.email_key))
    answer = merge(as_owner, kept, gone)
    assert answer.status_code == 409
    assert "Autumn" in answer.text
    stale = as_owner.post(MERGE, data={"id": [kept.id, gone.id], "stamp": [f"{kept.id}.0", f"{gone.id}.1"]})
    assert stale.status_code == 409
    assert as_owner.get(MERGE, query_string={"id": [kept.id, theirs.id]}).status_code == 303
    assert db.session.scalar(select(ClientMerge.id)) is None
    assert merge(as_owner, gone, kept).status_code == 303  # whose mail is under way stays
    assert db.session.scalars(select(Delivery.state)).all() == ["waiting"]


def test_nobody_goes_through_a_series_twice(as_owner: Browser, owner: User) -> None:
    message = make_message(owner)
    steps = [StepPlan(message, DelayKind.HOURS, 1, None), StepPlan(message, DelayKind.HOURS, 1, None)]
    going = services.save_series(owner, SeriesPlan("Welcome", "UTC", steps))
    control.start(going, utcnow())
    db.session.commit()
    ahead, behind, over, waits = (make_client(owner) for _ in range(4))
    enter(going, [client.id for client in (ahead, behind, over, waits)], Entry.HAND)
    db.session.commit()
    ways = {way.client_id: way for way in db.session.scalars(select(Enrolment))}
    ways[ahead.id].step_id = going.steps[1].id
    ways[over.id].state, ways[over.id].due_at = EnrolmentState.FINISHED, None
    db.session.commit()
    assert merge(as_owner, behind, ahead).status_code == 303
    assert merge(as_owner, waits, over).status_code == 303
    db.session.expire_all()
    found = {(way.client_id, way.state, way.left_reason, way.step_id) for way in ways.values()}
    first, second = (step.id for step in going.steps)
    assert found == {
        (behind.id, EnrolmentState.WAITING, None, second),
        (behind.id, EnrolmentState.LEFT, LeftReason.MERGED, first),
        (waits.id, EnrolmentState.FINISHED, None, first),
        (waits.id, EnrolmentState.LEFT, LeftReason.MERGED, first),
    }
