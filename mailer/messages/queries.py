"""Messages to look at, never anybody else's."""

from __future__ import annotations

from flask import abort
from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import func, select

from mailer.extensions import db
from mailer.input_limits import number_or_none
from mailer.models.client import Client, ClientFilter
from mailer.models.client_criteria import client_mentions
from mailer.models.mailing import Mailing
from mailer.models.message import Message, MessageKind
from mailer.models.user import User
from mailer.owner_filter import Whose
from mailer.row_pages import RowsPage
from mailer.searching import folded, mentions
from mailer.segments.fields import placeholder_names

PER_PAGE = 25
TITLE = func.coalesce(func.nullif(Message.name, ""), Message.subject)
SORTS = {"updated": Message.updated_at, "subject": func.lower(TITLE)}
CHOICES = 20  # clients offered to look at a message as


def messages_page(whose: Whose, search: str, sort: str, order: str, page: int) -> Pagination:
    """Live messages with the number of live mailings that use each: rows `(Message, mailing_count)`.

    404 for a page that is not there.
    """
    used = (
        select(func.count())
        .where(Mailing.message_id == Message.id, Mailing.deleted_at.is_(None))
        .correlate(Message)
        .scalar_subquery()
    )
    query = select(Message, used.label("mailing_count"), User).join(User, User.id == Message.owner_id)
    query = query.where(Message.deleted_at.is_(None), *whose.where(Message.owner_id))
    query = query.where(*mentions(search, (Message.name, Message.subject, Message.text_body)))
    key = SORTS[sort]
    query = query.order_by(key.desc() if order == "desc" else key.asc(), Message.id.desc())
    return RowsPage(select=query, key=Message.id, page=page, per_page=PER_PAGE, max_per_page=PER_PAGE)


def mailings_using(message: Message) -> list[Mailing]:
    """Live mailings that send this message, the newest first."""
    return list(
        db.session.scalars(
            select(Mailing)
            .where(Mailing.message_id == message.id, Mailing.deleted_at.is_(None))
            .order_by(Mailing.id.desc())
        )
    )


def mailing_using(message: Message, mailing_id: int | None) -> Mailing | None:
    """The live mailing of that id if it sends this message; None for None, 404 for any other."""
    if mailing_id is None:
        return None
    return db.one_or_404(
        select(Mailing).where(Mailing.id == mailing_id, Mailing.message_id == message.id, Mailing.deleted_at.is_(None))
    )


def id_or_none(typed: str | None) -> int | None:
    """A database id as a form sends it; None for an empty choice, 404 for anything else."""
    if not typed:
        return None
    number = number_or_none(typed)
    return number if number is not None else abort(404)


def attribute_names(owner_id: int) -> list[str]:
    """The names of the owner's own fields of clients, in the owner's order."""
    return placeholder_names(owner_id)


def clients_to_look_as(owner_id: int, search: str) -> list[Client]:
    """The first few of the owner's clients that match."""
    query = select(Client).where(Client.owner_id == owner_id, Client.deleted_at.is_(None))
    query = query.where(*client_mentions(search)).limit(CHOICES)
    by_name = (folded(Client.last_name), folded(Client.first_name), Client.id)
    return list(db.session.scalars(query.order_by(*by_name)))


def client_to_look_as(owner_id: int, client_id: str | None) -> Client | None:
    """The owner's live client of that id, None for an empty id; 404 for anything else."""
    found = id_or_none(client_id)
    if found is None:
        return None
    return db.one_or_404(
        select(Client).where(Client.id == found, Client.owner_id == owner_id, Client.deleted_at.is_(None))
    )


def segments_of(owner_id: int) -> dict[int, str]:
    """The owner's segments that can be used: names by id, by alphabet."""
    query = select(ClientFilter.id, ClientFilter.name).where(ClientFilter.owner_id == owner_id)
    rows = db.session.execute(query.where(ClientFilter.tree.is_not(None)).order_by(func.lower(ClientFilter.name)))
    return dict(rows.tuples().all())


def letters_of(owner_id: int, limit: int = 5) -> list[Message]:
    """The owner's latest letters of blocks."""
    query = select(Message).where(
        Message.owner_id == owner_id, Message.kind == MessageKind.BLOCKS, Message.deleted_at.is_(None)
    )
    return list(db.session.scalars(query.order_by(Message.updated_at.desc(), Message.id.desc()).limit(limit)))


def owner_of(message: Message) -> User:
    """Whose message it is."""
    return db.session.get_one(User, message.owner_id)


def copied_message(owner: User, message_id: str | None) -> Message | None:
    """The owner's message that a form was copied from, deleted since or not; None where it is none of theirs."""
    found = number_or_none(message_id)
    if found is None:
        return None
    return db.session.scalar(select(Message).where(Message.id == found, Message.owner_id == owner.id))


def deleted_message(owner: User, message_id: int) -> Message:
    """The owner's deleted message, to bring back; else 404."""
    return db.one_or_404(
        select(Message).where(Message.id == message_id, Message.owner_id == owner.id, Message.deleted_at.is_not(None))
    )
