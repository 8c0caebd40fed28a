"""What somebody behind a mail's link decides about themselves. The link is the key: there is no account."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import structlog
from sqlalchemy import delete, func, or_, select

from mailer.clients import subscription as subscriptions
from mailer.clients.merged import former_keys, ids_of
from mailer.clients.topics import topics_of
from mailer.clients.values import MAX_TAGS
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.journal import add_entry
from mailer.locks import FOR_CHANGE
from mailer.models.account_email import AccountEmail, Allowance
from mailer.models.client import Client
from mailer.models.journal_entry import Action
from mailer.models.sign_up import SignUp
from mailer.sending.series import places
from mailer.tracking.upkeep import forget_client

log = structlog.get_logger()
PAUSE = timedelta(days=30)


def choose_topics(client: Client, wanted: Collection[int]) -> None:
    """Take the topics of these ids and give the others back: nobody adds to a client what they gave back."""
    client = _held(client)
    tags, refused = list(client.tags), list(client.refused_tags)
    for topic in topics_of(client.owner_id):
        has = topic.tag in tags
        if topic.id in wanted:
            refused = [tag for tag in refused if tag != topic.tag]
            if not has and len(tags) < MAX_TAGS:
                tags.append(topic.tag)
        elif has:
            tags = [tag for tag in tags if tag != topic.tag]
            refused.append(topic.tag)
    client.tags, client.refused_tags = tags, refused
    db.session.commit()


def pause(client: Client) -> None:
    """Nothing is sent for a month from now."""
    _held(client).paused_until = utcnow() + PAUSE
    db.session.commit()


def resume(client: Client) -> None:
    """Send again at once, what waited for the end of the pause too."""
    client = _held(client)
    paused_until, client.paused_until = client.paused_until, None
    db.session.commit()
    if paused_until is not None:
        places.end_pause(client.id, paused_until)
        db.session.commit()


def rename(client: Client, first_name: str, last_name: str) -> None:
    """Call them as they say they are called."""
    client = _held(client)
    client.first_name, client.last_name = first_name, last_name
    db.session.commit()


def choose_language(client: Client, language: str, timezone: str) -> None:
    """Write to them in that language, by the clock of that zone (an IANA name), as far as the owner can; empty: any."""
    client = _held(client)
    client.language, client.timezone = language, timezone
    db.session.commit()


def erase(client: Client) -> None:
    """Delete what the owner keeps about the person, for good. The address stays on the list of those not to be written
    to, so that no import brings it back; deliveries stay as evidence of what was sent, without the client."""
    subscription = subscriptions.find(client.token)
    id_, owner_id, email_key = client.id, client.owner_id, client.email_key
    merged = list(db.session.scalars(ids_of(id_)))
    keys = [email_key, *db.session.scalars(former_keys(owner_id, email_key))]
    subscriptions.unsubscribe(subscription)
    db.session.execute(
        delete(AccountEmail).where(
            func.lower(AccountEmail.to_email).in_(keys),
            AccountEmail.user_id == owner_id,
            AccountEmail.allowance == Allowance.SIGN_UP,
        )
    )
    for one in (id_, *merged):
        forget_client(one)
    db.session.execute(delete(SignUp).where(SignUp.owner_id == owner_id, SignUp.email_key.in_(keys)))
    is_theirs = or_(Client.email_key == email_key, Client.id.in_(merged))
    gone = delete(Client).where(Client.owner_id == owner_id, is_theirs)
    db.session.execute(gone.execution_options(synchronize_session=False))
    add_entry(Action.DELETED, f"client {id_}", None, where="preferences.erase", by="the person")
    db.session.commit()
    log.info("client erased by themselves", client_id=id_, owner_id=owner_id)


def _held(client: Client) -> Client:
    """The row, locked and as it is now."""
    query = select(Client).where(Client.id == client.id).with_for_update(**FOR_CHANGE)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()
