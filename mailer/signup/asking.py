"""A form was filled in: the mail with the link, if one may be sent. The page says the same in any case."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select

from mailer.account_mail import outbox
from mailer.clients.address import Address
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.locks import waiting_for
from mailer.models.account_email import AccountEmail, Allowance
from mailer.models.client import Client, Suppression, SuppressionReason
from mailer.models.sign_up import MAX_AGENT, MAX_IP, MAX_PAGE, SignUp, SignUpForm
from mailer.models.user import User
from mailer.signup import mails

log = structlog.get_logger()
LINK_LIFE = timedelta(days=7)
MOST_MAILS = 2  # to an address of one owner's while the link lives: one, and one more
MOST_A_DAY = 3  # to an address, whoever's forms it was typed into
MOST_OF_A_FORM = 200  # in an hour


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a form was filled in, as far as a browser says so."""

    ip: str
    user_agent: str
    page: str


def ask(form: SignUpForm, address: Address, answers: dict[str, str], consent_ids: list[int], origin: Origin) -> None:
    """Note what was asked for and send the link. Nothing tells the caller whether a mail goes out."""
    sign_up = SignUp(
        owner_id=form.owner_id,
        form_id=form.id,
        token=uuid.uuid4(),
        email=address.email,
        email_key=address.key,
        answers=answers,
        consent_ids=consent_ids,
        ip=origin.ip[:MAX_IP],
        user_agent=origin.user_agent[:MAX_AGENT],
        page=origin.page[:MAX_PAGE],
    )
    _mail(form, sign_up)


def ask_again(form: SignUpForm, email_key: str, origin: Origin) -> None:
    """The same once more for somebody whose mail did not come."""
    last = db.session.scalar(
        select(SignUp)
        .where(SignUp.form_id == form.id, SignUp.email_key == email_key, SignUp.confirmed_at.is_(None))
        .order_by(SignUp.id.desc())
        .limit(1)
    )
    if last is not None:
        ask(form, Address(last.email, last.email_key), last.answers, list(last.consent_ids), origin)


def _mail(form: SignUpForm, sign_up: SignUp) -> None:
    now = utcnow()
    db.session.execute(waiting_for(sign_up.email_key))  # two clicks at once are two mails, and not three
    owner = db.session.get_one(User, form.owner_id)
    refusal = _reason_to_keep_quiet(form, sign_up.email_key, now)
    if refusal:
        log.info("no mail to who signed up", form_id=form.id, reason=refusal)
        row = outbox.add_dummy(form.language)
    else:
        sign_up.asked_at, sign_up.expires_at = now, now + LINK_LIFE
        db.session.add(sign_up)
        db.session.flush()
        row = mails.add(sign_up, form, owner, is_subscribed=_is_subscribed(form.owner_id, sign_up.email_key))
    db.session.commit()
    if not refusal:
        outbox.wake(row)


def _reason_to_keep_quiet(form: SignUpForm, email_key: str, now: datetime) -> str:
    suppression = db.session.get(Suppression, (form.owner_id, email_key))
    if suppression is not None and suppression.reason is SuppressionReason.COMPLAINED:
        return "complained"
    waiting = select(func.count()).where(
        SignUp.owner_id == form.owner_id,
        SignUp.email_key == email_key,
        SignUp.confirmed_at.is_(None),
        SignUp.expires_at > now,
    )
    if (db.session.scalar(waiting) or 0) >= MOST_MAILS:
        return "two mails wait to be read"
    to_address = select(func.count()).where(
        func.lower(AccountEmail.to_email) == email_key,
        AccountEmail.allowance == Allowance.SIGN_UP,
        AccountEmail.created_at > now - timedelta(days=1),
    )
    if (db.session.scalar(to_address) or 0) >= MOST_A_DAY:
        return "too many mails to the address"
    of_form = select(func.count()).where(SignUp.form_id == form.id, SignUp.asked_at > now - timedelta(hours=1))
    if (db.session.scalar(of_form) or 0) >= MOST_OF_A_FORM:
        return "too many at the form"
    return ""


def _is_subscribed(owner_id: int, email_key: str) -> bool:
    """Whether mailings go there now."""
    client = select(Client.id).where(
        Client.owner_id == owner_id, Client.email_key == email_key, Client.deleted_at.is_(None)
    )
    return db.session.scalar(client) is not None and db.session.get(Suppression, (owner_id, email_key)) is None
