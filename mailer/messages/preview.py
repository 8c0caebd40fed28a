"""A draft as one client would get it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

import structlog
from redis import RedisError

from mailer.clock import utcnow
from mailer.composing.email import Content, EmailPreview, Recipient, compile_email
from mailer.composing.inbox import InboxRow, inbox_rows, opening_of
from mailer.composing.placeholders import well_formed
from mailer.extensions import cache
from mailer.messages.labels import typed_name
from mailer.messages.services import MessageDraft
from mailer.models.client import Client
from mailer.models.user import User
from mailer.sending.mail_headers import about_sender, mail_headers_for, values_of
from mailer.sending.parts_for_some import values_for
from mailer.sending.senders import SenderIdentity, sender_of

KEPT_SECONDS = 600
KEPT_COUNT = 4  # for each user: a frame asks for the latest, another window perhaps for its own
log = structlog.get_logger()
NOWHERE = "#"  # an unsubscribe link that does nothing when it is tried out


@dataclass(frozen=True, slots=True)
class Look:
    """The mail, the placeholders that would leave a hole in it, the sender, and what saving takes out.

    `inboxes`: as lists of mails show it; `filled`: what the placeholders of the subject become, as they are typed.
    """

    mail: EmailPreview
    missing: list[str]
    sender: SenderIdentity
    removed: list[str]
    inboxes: list[InboxRow]
    filled: dict[str, str]


def look_at(draft: MessageDraft, owner: User, client: Client | None, attributes: Collection[str] | None = None) -> Look:
    """The draft as `client` would get it (as somebody of whom nothing is known, when None).

    Raises `MessageRefused` for a draft that cannot be saved; a saved one is looked at with `attributes` None.
    """
    removed: list[str] = []
    if attributes is not None:
        draft, removed = draft.checked(attributes)
    content = Content(draft.subject, draft.text_body, draft.html_body, draft.renderer)
    sender = sender_of(owner)
    about = about_sender(sender, draft.language)
    compiled = compile_email(content, mail_headers_for(owner.id, about), utcnow())
    reader = Recipient(
        email=client.email if client else owner.email,
        values=(values_of(client) if client else {}) | values_for(client, owner.id, draft.conditions),
        message_id="<preview@localhost>",
        unsubscribe_url=NOWHERE,
    )
    missing = [typed_name(key) for key in compiled.missing(reader)]
    mail = compiled.preview(reader)
    inboxes = inbox_rows(sender.name or sender.address, mail.subject, opening_of(mail.html, mail.text))
    typed = (draft.subject[span.start : span.end] for span in well_formed(draft.subject))
    values = (place.fill(reader.known_values) for place in compiled.subject.placeholders)
    return Look(mail, missing, sender, removed, inboxes, dict(zip(typed, values, strict=False)))


def keep(user: User, html: str) -> str | None:
    """Put the HTML of an unsaved draft aside for its frame to fetch; the key under which this user finds it.

    None while Valkey is away or full: the mail is looked at as plain text then.
    """
    key = hashlib.sha256(html.encode()).hexdigest()
    try:
        latest = [one for one in cache.get(_list_key(user)) or [] if one != key]
        for forgotten in latest[: -(KEPT_COUNT - 1)]:
            cache.delete(_cache_key(user, forgotten))
        cache.set(_list_key(user), [*latest[-(KEPT_COUNT - 1) :], key], timeout=KEPT_SECONDS)
        cache.set(_cache_key(user, key), html, timeout=KEPT_SECONDS)
    except (RedisError, OSError) as error:
        log.warning("no place for a preview", error=str(error))
        return None
    return key


def kept(user: User, key: str) -> str | None:
    """What `keep` put aside."""
    try:
        found: str | None = cache.get(_cache_key(user, key))
    except (RedisError, OSError) as error:
        log.warning("no preview", error=str(error))
        return None
    return found


def _list_key(user: User) -> str:
    return f"previews:{user.id}"


def _cache_key(user: User, key: str) -> str:
    return f"preview:{user.id}:{key}"
