"""All that is kept about one client, for them to take along."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select

from mailer.clients.duplicates.apart import merged_into
from mailer.clients.evidence import imports_of
from mailer.extensions import db
from mailer.models.client import Client, Suppression
from mailer.models.delivery import Delivery
from mailer.models.reaction import OPEN, Reaction
from mailer.models.run import Run
from mailer.models.sign_up import ConsentText, SignUp, SignUpForm
from mailer.models.user import User

MOST_DELIVERIES = 5000
ABOUT = (
    "email", "last_name", "first_name", "patronymic", "birth_year", "language", "timezone", "comment", "tags",
    "refused_tags", "attributes", "created_at", "updated_at", "paused_until",
)  # fmt: skip


def about(client: Client) -> dict[str, Any]:
    """The person's values, whether they are written to, what they agreed to, and the emails to them, the newest
    first."""
    return {
        "kept_by": db.session.get_one(User, client.owner_id).display_name,
        "person": {name: getattr(client, name) for name in ABOUT},
        "not_written_to": _suppression(client),
        "sign_ups": _sign_ups(client),
        "imported": _imported(client),
        "merged": _merged(client),
        "emails": _emails(client),
        "clicks_and_opens": _reactions(client),
    }


def _suppression(client: Client) -> dict[str, Any] | None:
    found = db.session.get(Suppression, (client.owner_id, client.email_key))
    return {"reason": found.reason.value, "since": found.created_at} if found is not None else None


def _sign_ups(client: Client) -> list[dict[str, Any]]:
    rows = db.session.execute(
        select(SignUp, SignUpForm.title)
        .join(SignUpForm, SignUpForm.id == SignUp.form_id)
        .where(SignUp.owner_id == client.owner_id)
        .where(or_(SignUp.email_key == client.email_key, SignUp.client_id == client.id))
        .order_by(SignUp.id.desc())
    ).all()
    ids = {id_ for sign_up, _title in rows for id_ in sign_up.consent_ids}
    texts = {text.id: text.wording for text in db.session.scalars(select(ConsentText).where(ConsentText.id.in_(ids)))}
    names = ("asked_at", "ip", "page", "user_agent", "answers", "confirmed_at", "confirmed_ip")
    return [
        {"form": title, "agreed_to": [texts.get(id_, "") for id_ in sign_up.consent_ids]}
        | {name: getattr(sign_up, name) for name in names}
        for sign_up, title in rows
    ]


def _imported(client: Client) -> list[dict[str, Any]]:
    return [{"at": one.created_at, "agreed_by": one.options["consent"]} for one in imports_of(client)]


def _merged(client: Client) -> list[dict[str, Any]]:
    """Records that were merged into this one, as they were, and values of this one that gave way."""
    return [
        {"at": one.made_at, "gave_way": one.former, "record": {name: getattr(record, name) for name in ABOUT}}
        for one, record in merged_into(client)
    ]


def _emails(client: Client) -> list[dict[str, Any]]:
    query = (
        select(Run.planned_at, Run.snapshot["subject"].astext, Delivery.email, Delivery.state, Delivery.reason)
        .join(Delivery, Delivery.run_id == Run.id)
        .where(Delivery.client_id == client.id, Run.owner_id == client.owner_id)
        .order_by(Run.id.desc())
        .limit(MOST_DELIVERIES)
    )
    names = ("planned_at", "subject", "address", "state", "reason")
    return [dict(zip(names, row, strict=True)) for row in db.session.execute(query)]


def _reactions(client: Client) -> list[dict[str, Any]]:
    """What was noted of their emails, that of programs too: nobody can be sure who it was."""
    same = (Reaction.run_id == Delivery.run_id) & (Reaction.position == Delivery.position)
    links = Run.snapshot["tracking"]["links"]
    query = (
        select(Run.planned_at, Reaction.link, links, Reaction.verdict, Reaction.first_at, Reaction.last_at)
        .join(Delivery, same)
        .join(Run, Run.id == Reaction.run_id)
        .where(Delivery.client_id == client.id, Run.owner_id == client.owner_id)
        .order_by(Reaction.first_at.desc())
        .limit(MOST_DELIVERIES)
    )
    return [
        {
            "email_of": planned,
            "what": "opened" if link == OPEN else known[link - 1],
            "by": who,
            "first": first,
            "last": last,
        }
        for planned, link, known, who, first, last in db.session.execute(query)
    ]
