"""Who made a form hears of new people on the list: at once, and then once an hour at most."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import func, select

from mailer.account_mail import outbox
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.sign_up import SignUp, SignUpForm
from mailer.models.user import User
from mailer.signup.mails import NEWS

EVERY = timedelta(hours=1)
PAGE_PATH = "/clients/forms/"  # of the form's own page, for workers, which know no routes; a test holds it to it


def add_news(form: SignUpForm, now: datetime) -> AccountEmail | None:
    """The mail to the owner about everybody who confirmed since the last one, if there is one to send. No commit."""
    if not form.is_owner_told or (form.told_at is not None and form.told_at > now - EVERY):
        return None
    db.session.flush()
    since = form.told_at or form.created_at
    count = select(func.count()).where(SignUp.form_id == form.id, SignUp.confirmed_at > since)
    if not (new := db.session.scalar(count)):
        return None
    form.told_at = now
    owner = db.session.get_one(User, form.owner_id)
    link = f"{current_app.config['SITE_URL']}{PAGE_PATH}{form.id}"
    return outbox.add_for(owner, NEWS, form=form.name, count=new, link=link)
