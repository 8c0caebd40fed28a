"""A list as large as they come, written by PostgreSQL itself: clients with typed fields, a year of mailings, a series.

Names, tags and values are spread by chance, the same each time, and `created_at` in an order unlike that of the ids.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import text

from bench.service import Service
from mailer.clients.fields import create_field
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.client_field import ClientField, FieldType
from mailer.models.mailing import Mailing
from mailer.models.message import Message
from mailer.models.series import DelayKind, Series
from mailer.models.user import User
from mailer.series.plan import SeriesPlan, StepPlan
from mailer.series.services import save_series, start

RUNS = 52  # one a week; each to a sixteenth of the list
PART = 100_000  # clients a statement
CITIES = "ARRAY['Москва','Казань','Омск','Тверь','Пермь','Самара','Уфа','Томск','Псков','Ижевск']"
ADD = f"""INSERT INTO clients (owner_id, email, email_key, last_name, first_name, patronymic, comment, tags, attributes,
  n1, d1, d2, b1, created_at)
SELECT :owner, e, e, 'Фамилия' || (r * 293000)::int, 'Имя' || (q * 900)::int, '', '',
  ARRAY['тег ' || (q * 39)::int, 'метка ' || (r * 39)::int],
  jsonb_build_object('Город', city, 'Сумма', sum::text, 'Покупка', bought::text, 'Рождение', born::text,
    'Согласие', CASE WHEN agreed THEN 'да' ELSE 'нет' END),
  sum, bought, born, agreed, now() - q * interval '365 days'
FROM (SELECT 'client' || n || '@example.test' AS e, q, r, ({CITIES})[1 + (q * 9)::int] AS city, (r * 90000)::int AS sum,
  current_date - (r * 365)::int AS bought, date '1950-01-01' + (q * 20000)::int AS born, r > 0.2 AS agreed
  FROM (SELECT n, random() AS q, random() AS r FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n) drawn
) made"""
SEND = """INSERT INTO deliveries (run_id, position, client_id, email, email_key, state, reason)
SELECT :run, row_number() OVER (), id, email, email_key,
  CASE WHEN id % 50 = 7 THEN 'refused' WHEN id % 50 = 9 THEN 'excluded' ELSE 'accepted' END,
  CASE WHEN id % 50 = 9 THEN 'suppressed' END
FROM clients WHERE owner_id = :owner AND abs(hashint8(id * 31 + :run)) % 16 = 0"""
CLOSE = """UPDATE runs SET state = 'complete_with_refusals', closed_at = planned_at + interval '1 hour',
  tallied_at = planned_at + interval '1 hour', domains_counted_at = planned_at + interval '1 hour' WHERE id = :run"""
REACT = """INSERT INTO reactions (run_id, position, link, verdict, rule, first_at, last_at, hit_count)
SELECT run_id, position, link, 'person', 'none', planned_at + interval '2 hours', planned_at + interval '2 hours', 1
FROM deliveries JOIN runs ON runs.id = run_id CROSS JOIN generate_series(0, 1) link
WHERE run_id = :run AND deliveries.state = 'accepted' AND position % (CASE link WHEN 0 THEN 7 ELSE 20 END) = 0"""
WAIT = """INSERT INTO enrolments (owner_id, series_id, client_id, state, step_id, due_at, entered_by)
SELECT owner_id, :series, id, 'waiting', (CAST(:steps AS bigint[]))[1 + (id % 2)::int],
  now() + interval '1 hour' + (id % 100000) * interval '30 seconds', 'hand' FROM clients WHERE owner_id = :owner"""
SUPPRESS = """INSERT INTO suppressions (owner_id, email_key, reason)
SELECT owner_id, email_key, 'unsubscribed' FROM clients WHERE owner_id = :owner AND id % 40 = 1"""
TABLES = "clients, client_texts, client_counts, deliveries, runs, reactions, enrolments, suppressions, series_steps"


@dataclass(frozen=True)
class LongList:
    """Whose list it is, its own fields by name, the mailing that sent a year of runs, and the series."""

    owner: User
    fields: dict[str, ClientField]
    mailing: Mailing
    series: Series


def fill(service: Service, count: int, tell: Callable[[str], None]) -> LongList:
    """One owner with so many clients, all of them waiting in a series, and thirty others with 3,000 each."""
    db.session.execute(text("SELECT setseed(0.14)"))
    owner, *others = [service.owner_of(0) for _number in range(31)]
    kinds = {"Город": FieldType.TEXT, "Сумма": FieldType.NUMBER, "Покупка": FieldType.DATE}
    kinds |= {"Рождение": FieldType.DATE, "Согласие": FieldType.BOOLEAN}
    fields = {name: create_field(owner, name, kind, is_listed=name == "Город") for name, kind in kinds.items()}
    assert [field.slot for field in fields.values()] == [None, "n1", "d1", "d2", "b1"]
    for first in range(1, count + 1, PART):
        _run(ADD, owner=owner.id, first=first, last=min(count, first + PART - 1))
        tell(f"clients to {min(count, first + PART - 1):,}")
    for other in others:
        _run(ADD, owner=other.id, first=1, last=3000)
    service.outside_transactions("VACUUM ANALYZE clients")
    mailing = _a_year(service, owner, tell)
    series = _a_series(owner)
    _run(SUPPRESS, owner=owner.id)
    tell("series and addresses not written to")
    service.outside_transactions(f"VACUUM ANALYZE {TABLES}")
    return LongList(owner, fields, mailing, series)


def _a_year(service: Service, owner: User, tell: Callable[[str], None]) -> Mailing:
    mailing = service.mailing_of(owner, ahead=timedelta(days=400))
    for week in range(RUNS):
        planned = utcnow() - timedelta(days=7 * (RUNS - week) - 3)
        made = text(
            "INSERT INTO runs (owner_id, mailing_id, occurrence, token, state, snapshot, planned_at, created_at) "
            "VALUES (:owner, :mailing, :occurrence, gen_random_uuid(), 'sending', '{}', :at, :at) RETURNING id"
        )
        values = {"owner": owner.id, "mailing": mailing.id, "occurrence": planned.isoformat(), "at": planned}
        run_id = db.session.scalar(made, values)
        _run(SEND, run=run_id, owner=owner.id)
        _run(CLOSE, run=run_id)
        _run(REACT, run=run_id)
        if week % 10 == 9:
            tell(f"{week + 1} of {RUNS} runs")
    return mailing


def _a_series(owner: User) -> Series:
    messages = [Message(owner_id=owner.id, subject=f"Step {n}", text_body="x", html_body="") for n in (1, 2)]
    db.session.add_all(messages)
    db.session.commit()
    steps = [StepPlan(message, DelayKind.HOURS, 24, None) for message in messages]
    series = save_series(owner, SeriesPlan("A million", "UTC", steps))
    start(series)
    _run(WAIT, owner=owner.id, series=series.id, steps=[step.id for step in series.steps])
    _run("UPDATE series_steps SET next_due_at = now() + interval '1 hour' WHERE series_id = :series", series=series.id)
    return series


def _run(statement: str, **values: object) -> None:
    db.session.execute(text(statement), values)
    db.session.commit()


def days_ago(days: int) -> date:
    """A day in the past."""
    return utcnow().date() - timedelta(days=days)
