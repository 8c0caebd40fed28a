"""Counting a run's mails by recipient domain and day: reports read the counts and never the attempts.

A closed run is counted once, by the tick; an open one now and then. What comes back after that is added as it comes.
"""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, text

from mailer.bounces.report import Kind
from mailer.clock import today_in
from mailer.extensions import db
from mailer.locks import DOMAIN_DAYS, FOR_CHANGE, trying_pair
from mailer.models.domain_day import MAX_WORDS, DomainFigure
from mailer.models.mail_exchanger import MailExchanger
from mailer.models.run import Run
from mailer.models.user import User
from mailer.periods import midnights
from mailer.recipient_domains import GROUP_OF, OTHERS, domain_of, group_of
from mailer.sending.conditions import listed
from mailer.smtp.results import Outcome, Phase

RUNS_AT_ONCE = 20
LARGEST = 50  # domains of a run that get a line of their own
COMMONEST = 3  # words of a day and domain
IS_TO_COUNT = (Run.closed_at.is_not(None), Run.domains_counted_at.is_distinct_from(Run.closed_at))
OF_RECIPIENT = (Phase.RCPT, Phase.DATA, Phase.CONTENT)
ANSWERS = (Outcome.ACCEPTED, Outcome.PERMANENT, Outcome.TRANSIENT)
_DOMAIN = "coalesce(g.name, m.group_name, split_part(d.email_key, '@', -1))"
_GROUPS = """
    LEFT JOIN unnest(:domains, :names) AS g (domain, name) ON g.domain = split_part(d.email_key, '@', -1)
    LEFT JOIN mail_exchangers m ON m.domain = split_part(d.email_key, '@', -1)
"""
# Words with a digit or an @ in them are of one mail: addresses, queue numbers, hosts, moments.
_WORDS = (
    "left(concat_ws(' ', a.smtp_code, a.enhanced_code, "
    f"regexp_replace(a.response, '\\S*[@0-9]\\S*\\s*', '', 'g')), {MAX_WORDS})"
)
FORGET = text("DELETE FROM domain_days WHERE run_id = :run")
COUNT_ATTEMPTS = text(f"""
    WITH said AS (
        SELECT {_DOMAIN} AS domain, width_bucket(a.finished_at, CAST(:midnights AS timestamptz[])) AS day,
            CASE a.outcome WHEN '{Outcome.ACCEPTED}' THEN '{DomainFigure.ACCEPTED}'
                WHEN '{Outcome.PERMANENT}' THEN '{DomainFigure.REFUSED}' ELSE '{DomainFigure.DEFERRED}' END AS figure,
            CASE WHEN a.outcome = '{Outcome.ACCEPTED}' THEN '' ELSE {_WORDS} END AS words, count(*) AS n
        FROM attempts a JOIN deliveries d ON d.run_id = a.run_id AND d.position = a.position {_GROUPS}
        WHERE a.run_id = :run AND (a.outcome IN ({listed(ANSWERS)})
            OR a.outcome = '{Outcome.SERVER_FAULT}' AND a.phase IN ({listed(OF_RECIPIENT)}) AND a.smtp_code < 500)
        GROUP BY 1, 2, 3, 4
    ), large AS (
        SELECT domain FROM said GROUP BY domain ORDER BY sum(n) DESC, domain LIMIT :largest
    ), folded AS (
        SELECT coalesce(l.domain, '{OTHERS}') AS domain, s.day, s.figure, s.words, sum(s.n) AS n
        FROM said s LEFT JOIN large l ON l.domain = s.domain GROUP BY 1, 2, 3, 4
    ), ranked AS (
        SELECT *, row_number() OVER (PARTITION BY domain, day, figure ORDER BY n DESC, words) AS place FROM folded
    )
    INSERT INTO domain_days (run_id, owner_id, day, domain, figure, words, count)
    SELECT :run, :owner, CAST(:first AS date) + (day - 1), domain, figure,
        CASE WHEN place <= :commonest THEN words ELSE '' END, sum(n)
    FROM ranked GROUP BY 3, 4, 5, 6
""")
# Of each delivery the first bounce, unless it was called spam before, and the first complaint: as `note_return` adds.
COUNT_RETURNS = text(f"""
    WITH came AS (
        SELECT r.position, min(r.received_at) FILTER (WHERE r.kind = '{Kind.BOUNCE}') AS bounced,
            min(r.received_at) FILTER (WHERE r.kind = '{Kind.COMPLAINT}') AS complained
        FROM mail_reports r WHERE r.run_id = :run AND r.kind IN ('{Kind.BOUNCE}', '{Kind.COMPLAINT}')
        GROUP BY r.position
    ), said AS (
        SELECT position, '{DomainFigure.BOUNCED}' AS figure, bounced AS at FROM came
        WHERE bounced < complained OR bounced IS NOT NULL AND complained IS NULL
        UNION ALL SELECT position, '{DomainFigure.COMPLAINED}', complained FROM came WHERE complained IS NOT NULL
    ), known AS (SELECT DISTINCT domain FROM domain_days WHERE run_id = :run)
    INSERT INTO domain_days (run_id, owner_id, day, domain, figure, words, count)
    SELECT :run, :owner,
        CAST(:first AS date) + (width_bucket(s.at, CAST(:midnights AS timestamptz[])) - 1),
        coalesce(k.domain, '{OTHERS}'), s.figure, '', count(*)
    FROM said s JOIN deliveries d ON d.run_id = :run AND d.position = s.position {_GROUPS}
    LEFT JOIN known k ON k.domain = {_DOMAIN}
    GROUP BY 3, 4, 5
""")
ADD_RETURN = text(f"""
    INSERT INTO domain_days (run_id, owner_id, day, domain, figure, words, count)
    SELECT :run, :owner, :day,
        CASE WHEN EXISTS (SELECT FROM domain_days WHERE run_id = :run AND domain = :domain) THEN :domain
            ELSE '{OTHERS}' END, :figure, '', 1
    ON CONFLICT (run_id, day, domain, figure, words) DO UPDATE SET count = domain_days.count + 1
""")


def count_closed_runs() -> int:
    """Count what was closed since the last call, at most so many runs; how many. Commits after each."""
    ids = db.session.scalars(select(Run.id).where(*IS_TO_COUNT).order_by(Run.id).limit(RUNS_AT_ONCE)).all()
    db.session.commit()
    return sum(_count_closed(run_id) for run_id in ids)


def _count_closed(run_id: int) -> bool:
    wanted = select(Run).where(Run.id == run_id, *IS_TO_COUNT)
    run = db.session.scalar(wanted.with_for_update(**FOR_CHANGE, skip_locked=True))
    is_ours = run is not None and _count(run)
    if run is not None and is_ours:
        run.domains_counted_at = run.closed_at
    db.session.commit()
    return is_ours


def count_open_runs() -> int:
    """Count those that go on, as they stand; how many. Commits after each."""
    ids = db.session.scalars(
        select(Run.id).where(Run.closed_at.is_(None), Run.started_at.is_not(None)).order_by(Run.id)
    ).all()
    db.session.commit()
    count = 0
    for run_id in ids:  # not locked: whoever sends goes on meanwhile
        run = db.session.get(Run, run_id)
        count += run is not None and _count(run)
        db.session.commit()
    return count


def _count(run: Run) -> bool:
    """Count all of it anew; False where somebody else is just doing that. No commit."""
    if not db.session.scalar(trying_pair(DOMAIN_DAYS, run.id)):
        return False
    zone = _zone_of(run)
    first = run.created_at.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)
    about = _about(run, zone, first)
    for statement in (FORGET, COUNT_ATTEMPTS, COUNT_RETURNS):
        db.session.execute(statement, about)
    return True


def _zone_of(run: Run) -> str:
    return db.session.scalar(select(User.timezone).where(User.id == run.owner_id)) or "UTC"


def _about(run: Run, zone: str, first: date) -> dict[str, object]:
    days = (today_in(zone) - first).days + 2
    return {
        "run": run.id, "owner": run.owner_id, "first": first, "midnights": midnights(first, days, zone),
        "domains": list(GROUP_OF), "names": list(GROUP_OF.values()), "largest": LARGEST, "commonest": COMMONEST,
    }  # fmt: skip


def note_return(run: Run, email_key: str, figure: DomainFigure) -> None:
    """Add what came back of one mail of a run that is counted already; the caller has locked the run. No commit."""
    if run.domains_counted_at is None:
        return
    zone = _zone_of(run)
    domain = domain_of(email_key)
    by_mx = db.session.scalar(select(MailExchanger.group_name).where(MailExchanger.domain == domain))
    about = {
        "run": run.id,
        "owner": run.owner_id,
        "day": today_in(zone),
        "domain": group_of(domain, {domain: by_mx} if by_mx else {}),
    }
    db.session.execute(ADD_RETURN, {**about, "figure": figure.value})
