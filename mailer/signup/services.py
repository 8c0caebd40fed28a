"""What an owner does to sign-up forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from mailer.clock import utcnow
from mailer.errors import Refusal, refused_by
from mailer.extensions import db
from mailer.locks import FOR_CHANGE, lock_row
from mailer.models.sign_up import (
    MOST_FORMS,
    MOST_VERSIONS,
    UNIQUE_FORM_NAME,
    ConsentKind,
    ConsentText,
    SignUp,
    SignUpForm,
)
from mailer.models.user import User
from mailer.signup.queries import current_texts


class FormRefused(Refusal):
    """A sign-up form cannot be as it was asked for."""


def write_only_to_confirmed(owner: User, *, is_on: bool) -> None:
    """Leave out of mailings whoever has not confirmed, or write to them again, from the next list on."""
    owner.only_confirmed = is_on
    db.session.commit()


def create_form(owner: User, values: Mapping[str, Any], texts: Mapping[ConsentKind, str]) -> SignUpForm:
    """A new form; raises `FormRefused` for a name that is taken and beyond the limit."""
    db.session.execute(select(User.id).where(User.id == owner.id).with_for_update(**FOR_CHANGE))
    count = db.session.scalar(select(func.count()).where(SignUpForm.owner_id == owner.id)) or 0
    if count >= MOST_FORMS:
        db.session.rollback()
        raise FormRefused(_("There can be %(limit)s forms. Delete one that nobody needs.", limit=MOST_FORMS))
    made = SignUpForm(owner_id=owner.id, **values)
    with refused_by(UNIQUE_FORM_NAME, _name_taken(values["name"])):
        db.session.add(made)
        db.session.flush()
    _add_texts(made, texts)
    db.session.commit()
    return made


def change_form(changed: SignUpForm, values: Mapping[str, Any], texts: Mapping[ConsentKind, str]) -> None:
    """Another look and other texts. What people agreed to stays: another text is a new version. Raises
    `FormRefused`."""
    lock_row(changed, FOR_CHANGE)
    for name, value in values.items():
        setattr(changed, name, value)
    with refused_by(UNIQUE_FORM_NAME, _name_taken(values["name"])):
        db.session.flush()
    _add_texts(changed, texts)
    db.session.commit()


def close_form(closed: SignUpForm) -> None:
    """Take nobody any more; links that were sent still confirm."""
    closed.closed_at = closed.closed_at or utcnow()
    db.session.commit()


def open_form(opened: SignUpForm) -> None:
    """Take people again."""
    opened.closed_at = None
    db.session.commit()


def delete_form(deleted: SignUpForm) -> None:
    """For good; raises `FormRefused` for one that people have come by: it holds the evidence of their consent."""
    lock_row(deleted, FOR_CHANGE)
    confirmed = select(SignUp.id).where(SignUp.form_id == deleted.id, SignUp.confirmed_at.is_not(None))
    if db.session.scalar(confirmed.limit(1)) is not None:
        db.session.rollback()
        raise FormRefused(
            _("People have signed up here, and what they agreed to is kept with the form. Close it instead.")
        )
    db.session.delete(deleted)
    db.session.commit()


def _add_texts(of: SignUpForm, texts: Mapping[ConsentKind, str]) -> None:
    known = current_texts(of.id)
    new = {kind: text for kind, text in texts.items() if text != (known[kind].wording if kind in known else "")}
    count = db.session.scalar(select(func.count()).where(ConsentText.form_id == of.id)) or 0
    if count + len(new) > MOST_VERSIONS:
        db.session.rollback()
        raise FormRefused(_("The texts of a form can change %(limit)s times. Make a new form.", limit=MOST_VERSIONS))
    for kind, text in new.items():
        db.session.add(ConsentText(owner_id=of.owner_id, form_id=of.id, kind=kind, wording=text))


def _name_taken(name: str) -> FormRefused:
    return FormRefused(_("You already have a form called “%(name)s”.", name=name))
