"""What the pages of sign-up forms show."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select

from mailer.extensions import db
from mailer.models.client import Client, Suppression
from mailer.models.sign_up import ConsentKind, ConsentText, SignUp, SignUpForm
from mailer.models.user import User
from mailer.sending.runs.confirmed_only import HAS_CONFIRMED

SHOWN = 50  # sign-ups on the form's page


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of those who filled a form in."""

    confirmed: int
    waiting: int
    last_at: datetime | None


_FIGURES = (  # confirmed, waiting, and when the last one was; by an outer join too
    func.count(SignUp.confirmed_at),
    func.count(SignUp.id).filter(SignUp.confirmed_at.is_(None)),
    func.max(SignUp.confirmed_at),
)


def public_form(token: uuid.UUID) -> SignUpForm:
    """The form of an address, whoever asks; 404."""
    form: SignUpForm = db.one_or_404(select(SignUpForm).where(SignUpForm.token == token))
    return form


def is_open(form: SignUpForm) -> bool:
    """Whether it takes people: it was not closed, and its owner may write to them."""
    owner = db.session.get_one(User, form.owner_id)
    return form.closed_at is None and owner.is_active and owner.erased_at is None


def owner_of(form: SignUpForm) -> User:
    """Whose form it is."""
    return db.session.get_one(User, form.owner_id)


def form_of(sign_up: SignUp) -> SignUpForm:
    """The form that was filled in."""
    return db.session.get_one(SignUpForm, sign_up.form_id)


def forms_of(owner_id: int) -> list[tuple[SignUpForm, Figures]]:
    """An owner's forms, the newest first, with their figures."""
    rows = db.session.execute(
        select(SignUpForm, *_FIGURES)
        .outerjoin(SignUp, SignUp.form_id == SignUpForm.id)
        .where(SignUpForm.owner_id == owner_id)
        .group_by(SignUpForm.id)
        .order_by(SignUpForm.id.desc())
    )
    return [(form, Figures(*figures)) for form, *figures in rows]


def figures_of(form: SignUpForm) -> Figures:
    """The same of one form."""
    return Figures(*db.session.execute(select(*_FIGURES).where(SignUp.form_id == form.id)).one())


def recent(form: SignUpForm) -> Sequence[SignUp]:
    """The last who filled it in, the newest first."""
    query = select(SignUp).where(SignUp.form_id == form.id).order_by(SignUp.asked_at.desc(), SignUp.id.desc())
    return db.session.scalars(query.limit(SHOWN)).all()


def texts_of(form_id: int) -> list[ConsentText]:
    """All versions of what is agreed to at a form, the oldest first."""
    return list(db.session.scalars(select(ConsentText).where(ConsentText.form_id == form_id).order_by(ConsentText.id)))


def current_texts(form_id: int) -> dict[ConsentKind, ConsentText]:
    """The newest version of each kind."""
    return {text.kind: text for text in texts_of(form_id)}


def text_of(form: SignUpForm, text_id: int) -> ConsentText:
    """One version; 404."""
    query = select(ConsentText).where(ConsentText.id == text_id, ConsentText.form_id == form.id)
    text: ConsentText = db.one_or_404(query)
    return text


@dataclass(frozen=True, slots=True)
class ConfirmedFigures:
    """Of the people whom mailings may go to, how many there are, and how many have confirmed."""

    total: int
    confirmed: int


def confirmed_of(owner_id: int) -> ConfirmedFigures:
    """The figures of an owner's whole list."""
    suppressed = exists().where(Suppression.owner_id == Client.owner_id, Suppression.email_key == Client.email_key)
    mine = Client.owner_id == owner_id, Client.deleted_at.is_(None), ~suppressed
    query = select(func.count(), func.count().filter(HAS_CONFIRMED)).select_from(Client).where(*mine)
    return ConfirmedFigures(*db.session.execute(query).one())
