"""Asking the DNS who takes the mail of the clients' domains: a job of some seconds, once a minute while there is need.

New clients are found by their numbers, and all are passed once a day; Redis holds how far that has come, and nothing is
lost with it. Hosts are never connected to, only their names are compared.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from flask import current_app
from sqlalchemy import delete, select, text, update

from mailer import queue
from mailer.clock import database_now, utcnow
from mailer.domain_checks.asking import MOST_AT_ONCE, BadName, DnsAsker, all_at_once
from mailer.domain_checks.findings import Away
from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.mail_exchanger import LONGEST_HOST, MailExchanger
from mailer.recipient_domains import GROUP_OF, group_of_host

PASSED, WAS_PASSED, IS_AWAY = "mx:passed", "mx:was-passed", "mx:away"
PEOPLE_AT_ONCE, DOMAINS_AT_ONCE = 50_000, 240  # of one job
JOB_SECONDS = 8.0  # then no further ones are asked; the last ones asked take some seconds more
WEEKLY, IF_AWAY = timedelta(days=7), timedelta(hours=6)
PASSED_EVERY, PAUSE_IF_AWAY = 86_400, 900  # seconds
FORGOTTEN_AFTER = timedelta(days=30)  # without a client there
# Names that no DNS knows (RFC 6761, RFC 6762) are not asked for.
NOTE = text(r"""
    WITH people AS (SELECT id, email_key, deleted_at FROM clients WHERE id > :after ORDER BY id LIMIT :limit),
    named AS (SELECT DISTINCT split_part(email_key, '@', -1) AS domain FROM people WHERE deleted_at IS NULL),
    noted AS (
        INSERT INTO mail_exchangers (domain, seen_at, look_due_at)
        SELECT domain, now(), now() FROM named
        WHERE domain ~ '^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})+$' AND NOT domain = ANY(:known)
            AND domain !~ '(\.|^)(test|example|invalid|localhost|local|example\.(com|net|org))$'
        ORDER BY domain
        ON CONFLICT (domain) DO UPDATE SET seen_at = now() WHERE mail_exchangers.seen_at < now() - interval '1 day'
    )
    SELECT max(id) FROM people
""")


class MxAnswer(NamedTuple):
    """What the DNS said of a domain; `is_known` False: nothing."""

    domain: str
    host: str | None = None
    is_known: bool = True


def is_any_due() -> bool:
    """Whether there is something to do for the job."""
    redis = queue.connection()
    if not redis.exists(WAS_PASSED):
        return True
    after = int(redis.get(PASSED) or 0)
    is_somebody_new = select(Client.id).where(Client.id > after).limit(1)
    if db.session.scalar(is_somebody_new) is not None:
        return True
    return not redis.exists(IS_AWAY) and bool(_due_domains(1))


def look_at_some() -> None:
    """The job: note the domains of some clients, then ask for some domains whose look has come. Commits."""
    _note_domains()
    if queue.connection().exists(IS_AWAY):
        return
    ends_at = time.monotonic() + JOB_SECONDS
    domains = _due_domains(DOMAINS_AT_ONCE)
    db.session.commit()  # nothing of ours is open while the network is
    for at in range(0, len(domains), MOST_AT_ONCE):
        answers = _asked(domains[at : at + MOST_AT_ONCE])
        _keep(answers, utcnow())
        if not any(answer.is_known for answer in answers):
            queue.connection().set(IS_AWAY, "1", ex=PAUSE_IF_AWAY)
            return
        if time.monotonic() > ends_at:
            return


def forget_old(now: datetime) -> None:
    """Forget domains at which no client is any more. Commits."""
    db.session.execute(delete(MailExchanger).where(MailExchanger.seen_at < now - FORGOTTEN_AFTER))
    db.session.commit()


def _note_domains() -> None:
    redis = queue.connection()
    if redis.set(WAS_PASSED, "1", nx=True, ex=PASSED_EVERY):
        redis.delete(PASSED)
    about = {"after": int(redis.get(PASSED) or 0), "limit": PEOPLE_AT_ONCE, "known": list(GROUP_OF)}
    last_id = db.session.scalar(NOTE, about)
    db.session.commit()
    if last_id is not None:
        redis.set(PASSED, last_id)


def _due_domains(limit: int) -> Sequence[str]:
    due = select(MailExchanger.domain).where(MailExchanger.look_due_at <= database_now())
    return db.session.scalars(due.order_by(MailExchanger.look_due_at, MailExchanger.domain).limit(limit)).all()


def _asked(domains: Sequence[str]) -> list[MxAnswer]:
    ask = DnsAsker(current_app.config["DNS_SERVER"])
    return all_at_once([partial(_answer, ask, domain) for domain in domains])


def _answer(ask: DnsAsker, domain: str) -> MxAnswer:
    try:
        hosts = ask.hosts(domain, "MX")
    except Away:
        return MxAnswer(domain, is_known=False)
    except BadName:
        return MxAnswer(domain)
    return MxAnswer(domain, hosts[0][:LONGEST_HOST] if hosts else None)


def _keep(answers: Sequence[MxAnswer], now: datetime) -> None:
    for answer in sorted(answers):
        values: dict[str, object] = {"look_due_at": now + IF_AWAY}
        if answer.is_known:
            group = group_of_host(answer.host) if answer.host else None
            values = {"host": answer.host, "group_name": group, "answered_at": now, "look_due_at": now + WEEKLY}
        db.session.execute(update(MailExchanger).where(MailExchanger.domain == answer.domain).values(**values))
    db.session.commit()
