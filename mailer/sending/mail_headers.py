"""What the service adds to a message: sender, list, unsubscribe link, and a person's values."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import blake2s
from typing import Any

from flask import current_app

from mailer.composing.email import MailHeaders, Recipient
from mailer.composing.languages import unsubscribe_text
from mailer.models.client import Client
from mailer.models.run import LINK_CODE_LENGTH
from mailer.segments.fields import types_of
from mailer.sending import tracking
from mailer.sending.senders import SenderIdentity

UNSUBSCRIBE_PATH = "/u/"  # a test holds it to the route of the page
TRIAL_TOKEN = uuid.UUID(int=0)  # behind the link of every test mail: nobody is unsubscribed by it


def mail_headers_for(
    owner_id: int, about: Mapping[str, Any], mailing_id: int | None = None, *, is_trial: bool = False
) -> MailHeaders:
    """The headers of an owner's mails, as a snapshot has their values (`about_sender`).

    What names list, campaign and type for others is the same for all runs of a mailing, and nobody else's.
    """
    mailing = f"mailing-{mailing_id}" if mailing_id is not None else ""
    list_name = ".".join(filter(None, (mailing, f"owner-{owner_id}")))
    sender = current_app.config["MAILINGS_FROM"]
    domain = sender.rpartition("@")[2]
    return MailHeaders(
        from_email=about.get("from_email", sender),
        from_name=about["from_name"],
        reply_to=about["reply_to"],
        list_id=f"{list_name}.{domain}",
        list_name=about["from_name"],
        message_id_domain=domain,
        unsubscribe_label=unsubscribe_text(about["language"]),
        language=about["language"],
        is_trial=is_trial,
        tracking=tracking.notice_of(about),
        feedback_id=f"{mailing or 'test'}:owner-{owner_id}:{'test' if is_trial else 'mailing'}:{_sender_id(domain)}",
        message_type=mailing or "test",
        types=about["types"] if "types" in about else types_of(owner_id),
    )


@lru_cache(maxsize=8)
def _sender_id(domain: str) -> str:
    """What Google tells senders apart by: 5 to 15 characters, the same for all that this installation sends."""
    return f"golub-{blake2s(domain.lower().encode(), digest_size=4).hexdigest()}"


def about_sender(sender: SenderIdentity, language: str) -> dict[str, str]:
    """Who writes, where answers go, and the language of the message: what a snapshot keeps of it."""
    is_own = sender.address != current_app.config["MAILINGS_FROM"]  # an owner's domain
    own = {"from_email": sender.address} if is_own else {}
    return {"from_name": sender.name, "reply_to": sender.reply_to, "language": language, **own}


def unsubscribe_url(token: object, link_code: str = "") -> str:
    """The address behind List-Unsubscribe for a client's token and a run's `link_code`; made of SITE_URL, never of a
    request's Host."""
    address = str(current_app.config["SITE_URL"]) + UNSUBSCRIBE_PATH + str(token)
    return f"{address}/{link_code}" if link_code else address


def message_id(run_token: object, position: int) -> str:
    """The Message-ID of a delivery, the same for every copy of it."""
    domain = current_app.config["MAILINGS_FROM"].rpartition("@")[2]
    return f"<{str(run_token).replace('-', '')}.{position}@{domain}>"


def values_of(client: Client) -> dict[str, str]:
    """Placeholder values of a client, own attributes included; our fields win over attributes of the same name."""
    values = {key: str(value) for key, value in (client.attributes or {}).items()}
    return values | {
        "email": client.email,
        "first_name": client.first_name,
        "last_name": client.last_name,
        "patronymic": client.patronymic,
        "birth_year": str(client.birth_year or ""),
        "comment": client.comment,
    }


def recipient_maker(
    run_token: uuid.UUID, link_token_of: Callable[[int], str] | None = None
) -> Callable[[int, str, dict[str, str], str | None], Recipient]:
    """A function that makes a recipient of a run from position, address, placeholder values and unsubscribe token.
    `link_token_of`: where clicks or opens are counted.

    It reads the settings once for all recipients, for speed.
    """
    link, code = unsubscribe_url(""), run_token.hex[:LINK_CODE_LENGTH]
    stem, _dot, domain = message_id(run_token, 0).partition(".0@")

    def make(position: int, email: str, values: dict[str, str], token: str | None) -> Recipient:
        url = f"{link}{token}/{code}"
        return Recipient(email, values, f"{stem}.{position}@{domain}", url)

    if link_token_of is None:
        return make

    def make_counted(position: int, email: str, values: dict[str, str], token: str | None) -> Recipient:
        url = f"{link}{token}/{code}"
        return Recipient(email, values, f"{stem}.{position}@{domain}", url, link_token_of(position))

    return make_counted
