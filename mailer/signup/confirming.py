"""The link was followed and the button pressed: the client is made, or comes back, with the evidence of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from mailer.account_mail import outbox
from mailer.clients.field_values import clean_value, columns_for
from mailer.clients.refused import ValueRefused
from mailer.clients.values import MAX_TAGS, clean_year
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.locks import FOR_CHANGE, waiting_for
from mailer.models.client import Client, Suppression, SuppressionReason
from mailer.models.client_field import ClientField
from mailer.models.series import Entry, Series
from mailer.models.sign_up import SignUp, SignUpForm
from mailer.segments.fields import fields_of
from mailer.sending.series import entering
from mailer.sending.series.places import active_of
from mailer.signup import telling
from mailer.signup.links import token_in
from mailer.signup.questions import name_of

log = structlog.get_logger()


class LinkIsOver(Exception):
    """The link was ours and is too old, or nobody is left who could write."""


class NotForUs(Exception):
    """The person called a mail of this owner's spam: nobody takes that back for them, not even a link."""


def find(link: str) -> SignUp:
    """What a link stands for; raises `BadLink` and `LinkIsOver`."""
    sign_up = db.session.scalar(select(SignUp).where(SignUp.token == token_in(link)))
    if sign_up is None or (sign_up.confirmed_at is None and sign_up.expires_at <= utcnow()):
        raise LinkIsOver
    return sign_up


def confirm(sign_up: SignUp, ip: str) -> None:
    """Put the person on the list; a second time changes nothing. Raises `NotForUs`.

    What kept mailings from the address is lifted, but for a complaint, and stays written at the sign-up.
    """
    db.session.execute(waiting_for(f"sign-up {sign_up.owner_id} {sign_up.email_key}"))
    db.session.refresh(sign_up, with_for_update={**FOR_CHANGE, "of": SignUp})
    if sign_up.confirmed_at is not None:
        db.session.rollback()
        return
    now, form = utcnow(), db.session.get_one(SignUpForm, sign_up.form_id)
    _lift(sign_up)
    client = _client_of(sign_up, form, now)
    sign_up.confirmed_at, sign_up.confirmed_ip, sign_up.client_id = now, ip, client.id
    begun = _begin_series(client)
    row = telling.add_news(form, now)
    db.session.commit()
    log.info("sign-up confirmed", form_id=form.id, client_id=client.id)
    if row is not None:
        outbox.wake(row)
    for series in begun:
        entering.wake(series)


def _begin_series(client: Client) -> list[Series]:
    """The owner's series that begin with a sign-up, entered by the client. No commit."""
    beginning = active_of(client.owner_id).where(Series.entry == Entry.SIGN_UP)
    found = db.session.scalars(beginning.order_by(Series.id)).all()
    return [series for series in found if entering.enter(series, [client.id], Entry.SIGN_UP)]


def _lift(sign_up: SignUp) -> None:
    suppression = db.session.get(Suppression, (sign_up.owner_id, sign_up.email_key))
    if suppression is None:
        return
    if suppression.reason is SuppressionReason.COMPLAINED:
        db.session.rollback()
        raise NotForUs
    sign_up.lifted_reason, sign_up.lifted_since = suppression.reason, suppression.created_at
    db.session.execute(
        delete(Suppression).where(Suppression.owner_id == sign_up.owner_id, Suppression.email_key == sign_up.email_key)
    )


def _client_of(sign_up: SignUp, form: SignUpForm, now: datetime) -> Client:
    """The client of the address, made unless there is one; who is there gets what was missing, and nothing else
    changes: the form may have been filled in by somebody else."""
    key = {"owner_id": sign_up.owner_id, "email_key": sign_up.email_key}
    made = insert(Client).values(
        **key, email=sign_up.email, last_name="", first_name="", patronymic="", comment="", created_at=now
    )
    db.session.execute(
        made.on_conflict_do_nothing(index_elements=["owner_id", "email_key"], index_where=Client.deleted_at.is_(None))
    )
    client = db.session.scalars(
        select(Client).filter_by(**key).where(Client.deleted_at.is_(None)).with_for_update(**FOR_CHANGE)
    ).one()
    for name, value in _columns(sign_up).items():
        if name == "attributes":
            client.attributes = value | client.attributes
        elif getattr(client, name) in ("", None):
            setattr(client, name, value)
    client.refused_tags = [tag for tag in client.refused_tags if tag not in form.tags]  # their newest word
    client.paused_until = None
    missing = [tag for tag in form.tags if tag not in client.tags]
    client.tags = [*client.tags, *missing][: max(MAX_TAGS, len(client.tags))]
    return client


def _columns(sign_up: SignUp) -> dict[str, Any]:
    """Columns of `Client` for what was answered; what a field no longer takes is left out."""
    own = {name_of(field): field for field in fields_of(sign_up.owner_id)}
    found: dict[str, Any] = {}
    cleaned = {}
    for name, answer in sign_up.answers.items():
        try:
            if name in own:
                cleaned[own[name].id] = clean_value(own[name], answer)
            elif not name.startswith("field:"):
                found[name] = clean_year(answer) if name == "birth_year" else answer
        except ValueRefused:
            continue
    fields: list[ClientField] = list(own.values())
    texts, slots = columns_for(fields, cleaned)
    return found | slots | {"attributes": texts}
