"""What a client agreed to, and how that is known."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from mailer.clients.merged import with_merged
from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.client_import import ClientImport
from mailer.models.sign_up import ConsentText, SignUp, SignUpForm

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Evidence:
    """A confirmed sign-up, its form, and the texts as they were."""

    sign_up: SignUp
    form: SignUpForm
    texts: list[ConsentText]


def imports_of(client: Client) -> list[ClientImport]:
    """The imports that brought the client, or a record merged into it, if their owner said how people agreed."""
    brought = select(Client.import_id).where(Client.id.in_(with_merged(client.id)))
    found = db.session.scalars(select(ClientImport).where(ClientImport.id.in_(brought)).order_by(ClientImport.id))
    return [one for one in found if one.options.get("consent")]


def evidence_of(client: Client) -> list[Evidence]:
    """The client's confirmed sign-ups, the newest first."""
    query = (
        select(SignUp, SignUpForm)
        .join(SignUpForm, SignUpForm.id == SignUp.form_id)
        .where(SignUp.client_id == client.id, SignUp.owner_id == client.owner_id)
        .order_by(SignUp.confirmed_at.desc())
        .limit(SHOWN)
    )
    rows = db.session.execute(query).all()
    ids = {id_ for sign_up, _form in rows for id_ in sign_up.consent_ids}
    texts = {text.id: text for text in db.session.scalars(select(ConsentText).where(ConsentText.id.in_(ids)))}
    return [
        Evidence(sign_up, form, [texts[id_] for id_ in sign_up.consent_ids if id_ in texts]) for sign_up, form in rows
    ]
