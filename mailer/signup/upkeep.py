"""What the tick does for sign-up forms once an hour."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update

from mailer.account_mail import outbox
from mailer.extensions import db
from mailer.models.sign_up import SignUp, SignUpForm
from mailer.signup.telling import EVERY, add_news

BATCH = 5000


def forget_expired(now: datetime) -> int:
    """Delete what nobody confirmed within its term, and count it at the forms; how many. Commits."""
    old = select(SignUp.id).where(SignUp.confirmed_at.is_(None), SignUp.expires_at <= now).limit(BATCH)
    forms = db.session.scalars(
        delete(SignUp)
        .where(SignUp.id.in_(old), SignUp.confirmed_at.is_(None))
        .returning(SignUp.form_id)
        .execution_options(synchronize_session=False)
    ).all()
    for form_id in sorted(set(forms)):
        db.session.execute(
            update(SignUpForm)
            .where(SignUpForm.id == form_id)
            .values(expired_count=SignUpForm.expired_count + forms.count(form_id), updated_at=SignUpForm.updated_at)
            .execution_options(synchronize_session=False)
        )
    db.session.commit()
    return len(forms)


def tell_owners(now: datetime) -> None:
    """Tell those who wait for news of people that came within the hour after the last. Commits."""
    new = select(SignUp.id).where(SignUp.form_id == SignUpForm.id, SignUp.confirmed_at > SignUpForm.told_at)
    waiting = select(SignUpForm).where(SignUpForm.is_owner_told, SignUpForm.told_at <= now - EVERY, new.exists())
    rows = [add_news(form, now) for form in db.session.scalars(waiting.order_by(SignUpForm.id)).all()]
    db.session.commit()
    outbox.wake(*(row for row in rows if row is not None))
