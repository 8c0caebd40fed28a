"""Times of day in each client's own zone: ten in the morning is ten in the morning, in Kaliningrad and Vladivostok."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.client_field import ClientField
from mailer.models.series import DelayKind, Enrolment, Entry, Series
from mailer.models.user import User
from mailer.sending.series.entering import enter
from mailer.sending.series.looking import look
from mailer.sending.series.taking import take
from mailer.series import services
from mailer.series.form_reading import values_of
from mailer.series.plan import SeriesPlan, StepPlan
from mailer.smtp.testserver import Lab
from tests.conftest import Browser
from tests.factories import make_client, make_message, save
from tests.sending.conftest import finish, lab
from tests.series.conftest import let_pass, put_in, runs_of, turn, where_is
from tests.series.test_pages import form_of

Make = Callable[..., Series]
KALININGRAD, VLADIVOSTOK, TEN = "Europe/Kaliningrad", "Asia/Vladivostok", time(10)  # UTC+2 and UTC+10 all year
__all__ = ["lab"]


def people(owner: User) -> dict[str, Client]:
    """One in the west, one in the east, and one of whom nobody knows."""
    zones = {"west": KALININGRAD, "east": VLADIVOSTOK, "unknown": ""}
    return {name: make_client(owner, f"{name}@example.test", timezone=zone) for name, zone in zones.items()}


def started(owner: User, *delays: tuple[DelayKind, int, time | None], **values: object) -> Series:
    """A series of Moscow's clocks that goes."""
    steps = [StepPlan(make_message(owner), *delay) for delay in delays]
    plan = SeriesPlan("Welcome", "Europe/Moscow", steps, **{"in_own_zones": True} | values)  # type: ignore[arg-type]
    series = services.save_series(owner, plan)
    services.start(series)
    return series


def due(clients: dict[str, Client]) -> dict[str, str]:
    """When each is due, in UTC."""
    found = {name: where_is(client).due_at for name, client in clients.items()}
    return {name: f"{moment.astimezone(UTC):%d %H:%M}" for name, moment in found.items() if moment is not None}


def test_each_step_is_due_by_the_clock_of_the_person(owner: User) -> None:
    clients, now = people(owner), datetime(2027, 3, 1, 5, tzinfo=UTC)
    series = started(owner, (DelayKind.DAYS, 0, TEN), (DelayKind.WORKING_DAYS, 1, TEN))
    enter(series, [client.id for client in clients.values()], Entry.HAND, now)
    db.session.commit()
    assert due(clients) == {"west": "01 08:00", "unknown": "01 07:00", "east": "02 00:00"}
    first = series.steps[0].id
    assert take(first, datetime(2027, 3, 1, 8, tzinfo=UTC)).count == 2
    assert due(clients) == {"west": "02 08:00", "unknown": "02 07:00", "east": "02 00:00"}
    assert take(first, datetime(2027, 3, 2, tzinfo=UTC)).count == 1
    assert due(clients)["east"] == "03 00:00"


def test_a_series_of_one_zone_asks_nobody_for_theirs(owner: User) -> None:
    clients = people(owner)
    series = started(owner, (DelayKind.DAYS, 0, TEN), in_own_zones=False)
    enter(series, [client.id for client in clients.values()], Entry.HAND, datetime(2027, 3, 1, 5, tzinfo=UTC))
    db.session.commit()
    assert due(clients) == dict.fromkeys(clients, "01 07:00")


def test_the_mails_leave_one_after_the_other_as_the_day_goes_round(lab: Lab, owner: User) -> None:
    clients = people(owner)
    in_two_hours = (utcnow() + timedelta(hours=2)).astimezone(ZoneInfo(KALININGRAD)).time().replace(microsecond=0)
    series = started(owner, (DelayKind.DAYS, 0, in_two_hours), (DelayKind.DAYS, 1, in_two_hours))
    put_in(series, *clients.values())

    def got() -> list[str]:
        turn(series)
        for run in runs_of(series):
            finish(run)
        return [mail.recipient.partition("@")[0] for mail in lab.accepted]

    for hours, who in ((0, []), (1, ["unknown"]), (1, ["unknown", "west"]), (15, ["unknown", "west"])):
        let_pass(series, hours)
        assert got() == who, hours
    let_pass(series, 1)
    assert got() == ["unknown", "west", "east"]


def test_a_birthday_is_met_where_it_is_celebrated(owner: User) -> None:
    clients = people(owner)
    field = save(ClientField(owner_id=owner.id, key="born", label="Born", type="date", slot="d1"))
    for client in clients.values():
        client.d1 = date(2000, 5, 10)
    db.session.commit()
    values = {"entry": Entry.DATE, "entry_field_id": field.id, "entry_at": TEN, "entry_is_yearly": True}
    series = started(owner, (DelayKind.HOURS, 0, None), **values)
    look(series, datetime(2027, 5, 9, 19, 59, tzinfo=UTC))
    assert db.session.scalar(db.select(db.func.count()).select_from(Enrolment)) == 0
    assert series.next_look_at == datetime(2027, 5, 9, 20, tzinfo=UTC), "when it is ten in the first place on earth"
    for _again in range(2):
        look(series, datetime(2027, 5, 9, 20, tzinfo=UTC))
    assert due(clients) == {"east": "10 00:00", "unknown": "10 07:00", "west": "10 08:00"}
    assert db.session.scalar(db.select(db.func.count()).select_from(Enrolment)) == 3


def test_what_had_passed_where_they_live_when_the_series_began_is_not_made_good(owner: User) -> None:
    clients, soon = people(owner), utcnow() + timedelta(hours=1)
    there = soon.astimezone(ZoneInfo("Europe/Moscow"))
    field = save(ClientField(owner_id=owner.id, key="ends", label="Ends", type="date", slot="d1"))
    for client in clients.values():
        client.d1 = there.date()
    db.session.commit()
    series = started(
        owner, (DelayKind.HOURS, 0, None), entry=Entry.DATE, entry_field_id=field.id,
        entry_at=there.time().replace(microsecond=0),
    )  # fmt: skip
    look(series, utcnow())
    entered = set(db.session.scalars(db.select(Enrolment.client_id)))
    assert entered == {clients["west"].id, clients["unknown"].id}, "in the east it was that time hours ago"


def test_the_form_has_it_and_a_change_counts_everybodys_moments_anew(as_owner: Browser, owner: User) -> None:
    (box,) = re.findall(r'<input[^>]* name="in_own_zones"[^>]*>', as_owner.get("/series/new").text)
    assert " checked" in box
    clients = people(owner)
    series = started(owner, (DelayKind.DAYS, 2, TEN), in_own_zones=False)
    put_in(series, *clients.values())
    assert len(set(due(clients).values())) == 1
    (step,) = values_of(series)["steps"]
    row = {"id": step["id"], "message_id": step["message_id"], "count": 2, "kind": "days", "at": "10:00"}
    form = form_of(0, row, name=series.name, version=series.version, in_own_zones="y", confirmed="yes")
    assert as_owner.post(f"/series/{series.id}/edit", data=form).status_code == 303
    at = {name: (where_is(client).due_at or utcnow()).astimezone(UTC).hour for name, client in clients.items()}
    assert at == {"west": 8, "unknown": 7, "east": 0}
    shown = as_owner.get(f"/series/{series.id}").text
    assert "по часовому поясу клиента" in shown
