"""The outbox of account mails: a row in the transaction that gives rise to the mail, sent after the commit.

A mail leaves at least once: a worker that dies between the server's answer and our note of it sends a second copy.
"""

from __future__ import annotations

import smtplib
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import make_msgid, parseaddr
from urllib.parse import urlsplit

import structlog
from flask import current_app, render_template
from flask_babel import force_locale
from sqlalchemy import delete, func, select, update

from mailer.account_mail import forwarding
from mailer.account_mail.smtp import Composed, hand_over
from mailer.clock import utcnow
from mailer.composing.notice import Notice, build_notice
from mailer.extensions import db
from mailer.locks import waiting_for
from mailer.models.account_email import AccountEmail, Allowance
from mailer.models.user import User
from mailer.queue import SEND_ACCOUNT_EMAIL, enqueue
from mailer.sending import test_mail
from mailer.sending.servers import mail_routes
from mailer.smtp.transport import Transport

log = structlog.get_logger()

NOWHERE = ".localhost"  # RFC 6761: no mail server there; the sample accounts' addresses
MAX_PER_HOUR = 3  # mails to one address of each allowance
MAX_TRIES = 10
LEASE = timedelta(minutes=5)  # longer than any try lasts
KEPT_FOR = timedelta(days=30)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(hours=2)


def add(
    template: str,
    to_email: str,
    language: str,
    user: User | None = None,
    allowance: Allowance | None = None,
    **context: str | int,
) -> AccountEmail:
    """Write a mail of `templates/mail/<template>/` into the caller's transaction; `wake` it after the commit."""
    row = AccountEmail(
        template=template,
        to_email=to_email,
        language=language,
        context=context,
        user_id=user.id if user else None,
        allowance=allowance,
    )
    db.session.add(row)
    db.session.flush()
    return row


def add_for(user: User, template: str, allowance: Allowance | None = None, **context: str | int) -> AccountEmail:
    """`add`, to the address and in the language of an account holder."""
    return add(template, user.email, user.language, user, allowance, **context)


def add_dummy(language: str) -> AccountEmail:
    """Do the work of `add` for nobody: the time of an answer must not tell whether an address has an account."""
    row = AccountEmail(template="nothing", to_email="", language=language, context={}, given_up_at=utcnow())
    db.session.add(row)
    db.session.flush()
    return row


def too_many_mails_to(email: str, allowance: Allowance, now: datetime) -> bool:
    """Whether `email` has had as many mails of this allowance within the hour as may be caused."""
    return count_recent(email, allowance, now) >= MAX_PER_HOUR


def count_recent(email: str, allowance: Allowance, now: datetime) -> int:
    """How many mails of this allowance `email` has had within the hour.

    Takes turns with others who ask for the same address, until the caller's transaction ends.
    """
    key = email.lower()
    db.session.execute(waiting_for(key))
    recent = select(func.count()).where(
        func.lower(AccountEmail.to_email) == key,
        AccountEmail.allowance == allowance,
        AccountEmail.created_at > now - timedelta(hours=1),
    )
    return db.session.scalar(recent) or 0


def wake(*rows: AccountEmail) -> None:
    """After the commit: let a worker send these now. A lost wake-up costs seconds, see `due_account_emails`."""
    for row in rows:
        enqueue(SEND_ACCOUNT_EMAIL, row.id)


def due_account_emails(now: datetime, limit: int = 100) -> Sequence[int]:
    """Ids of the mails whose next try has come, the oldest first."""
    return db.session.scalars(
        select(AccountEmail.id)
        .where(AccountEmail.sent_at.is_(None), AccountEmail.given_up_at.is_(None), AccountEmail.next_try_at <= now)
        .order_by(AccountEmail.next_try_at, AccountEmail.id)
        .limit(limit)
    ).all()


def send_account_email(id_: int) -> bool:
    """Try to send one mail now; whether the server took it.

    May be called twice or by two workers at once: only the one that claims the row sends it. A refusal for good (5yz)
    or the tenth failure gives the mail up; after any other failure it is due again later.
    """
    row = _claim(id_, utcnow())
    if row is None:
        return False
    try:
        _hand_over(row)
    except (smtplib.SMTPException, OSError) as error:
        _record_failure(row, error)
        return False
    row.sent_at, row.context, row.last_error = utcnow(), {}, None
    db.session.commit()
    return True


def forget_old(now: datetime) -> int:
    """Delete mails sent or given up a month ago; how many. Commits."""
    ended_at = func.coalesce(AccountEmail.sent_at, AccountEmail.given_up_at)
    count = db.session.execute(delete(AccountEmail).where(ended_at < now - KEPT_FOR)).rowcount  # type: ignore[attr-defined]
    db.session.commit()
    return int(count)


def _claim(id_: int, now: datetime) -> AccountEmail | None:
    row = db.session.scalar(
        update(AccountEmail)
        .where(
            AccountEmail.id == id_,
            AccountEmail.sent_at.is_(None),
            AccountEmail.given_up_at.is_(None),
            AccountEmail.next_try_at <= now,
        )
        .values(try_count=AccountEmail.try_count + 1, next_try_at=now + LEASE)
        .returning(AccountEmail)
    )
    db.session.commit()
    return row


def _hand_over(row: AccountEmail) -> None:
    """Compose the mail and give it to its server.

    A test mail goes the way of the mailings; what is addressed to a sample account, or sent on its behalf, to the mail
    catcher.
    """
    transport, is_trial = None, row.template == test_mail.TEMPLATE
    is_of_owner = is_trial or row.allowance is Allowance.SIGN_UP
    if row.to_email.lower().endswith(NOWHERE) or (is_of_owner and _is_of_sample(row)):
        transport = _catcher(row.to_email)
    elif is_trial:
        transport = mail_routes.configured()[0].transport
    if is_trial and transport is not None:
        email = Composed(test_mail.compose_trial(row), transport.sender, row.to_email)
    elif row.template == forwarding.TEMPLATE:
        sender = parseaddr(current_app.config["MAIL_DEFAULT_SENDER"])[1]
        email = Composed(forwarding.compose_forward(row), sender, row.to_email)
    else:
        email = _notice(row)
    db.session.commit()  # no transaction stays open while the network is waited for
    hand_over(email, transport)


def _is_of_sample(row: AccountEmail) -> bool:
    owner = db.session.get(User, row.user_id) if row.user_id is not None else None
    return owner is not None and owner.is_sample


def _catcher(to_email: str) -> Transport:
    """The mail catcher; raises smtplib.SMTPRecipientsRefused, as a mail server would for good, where there is none."""
    routes = mail_routes.read_catcher(current_app.config)
    if not routes:
        raise smtplib.SMTPRecipientsRefused({to_email: (550, b"a sample account, and there is no mail catcher")})
    return routes[0].transport


def _notice(row: AccountEmail) -> Composed:
    values = dict(row.context, to_email=row.to_email, site_url=current_app.config["SITE_URL"])
    folder = f"mail/{row.template}"
    name, sender = parseaddr(current_app.config["MAIL_DEFAULT_SENDER"])
    with force_locale(row.language):
        notice = Notice(
            from_name=str(row.context.get("from_name") or name),  # of whom the mail is sent for, where it is somebody
            from_email=sender,
            to_email=row.to_email,
            subject=render_template(f"{folder}/subject.txt", **values),
            text=render_template(f"{folder}/body.txt", **values),
            html=render_template(f"{folder}/body.html", **values, language=row.language),
            message_id=make_msgid(domain=urlsplit(current_app.config["SITE_URL"]).hostname),
            date=utcnow(),
        )
    return Composed(build_notice(notice), sender, row.to_email)


def _record_failure(row: AccountEmail, error: Exception) -> None:
    now = utcnow()
    row.last_error = str(error)[:1000]
    if _is_final(error) or row.try_count >= MAX_TRIES:
        row.given_up_at, row.context = now, {}
    else:
        row.next_try_at = now + min(FIRST_PAUSE * 2 ** (row.try_count - 1), LONGEST_PAUSE)
    log.warning("account mail not sent", id=row.id, try_count=row.try_count, error=row.last_error)
    db.session.commit()


def _is_final(error: Exception) -> bool:
    """A 5yz answer about this mail; one about the connection or the log-in is the operator's to mend."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _text in error.recipients.values())
    return isinstance(error, (smtplib.SMTPDataError, smtplib.SMTPSenderRefused)) and error.smtp_code >= 500
