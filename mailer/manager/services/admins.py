"""The last administrator stays one."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import select

from mailer.extensions import db
from mailer.locks import FOR_CHANGE
from mailer.manager.refusals import LastAdmin
from mailer.models.user import Role, User


def refuse_last_admin(user: User) -> None:
    """Raise `LastAdmin` when nobody but `user` could give roles; two who step down at once take turns here."""
    if user.role is not Role.ADMIN:
        return
    admins = db.session.scalars(
        select(User)
        .where(User.role == Role.ADMIN)
        .order_by(User.id)
        .with_for_update(**FOR_CHANGE)
        .execution_options(populate_existing=True)
    ).all()
    if not any(admin.is_active for admin in admins if admin.id != user.id):
        raise LastAdmin(_("This is the only administrator left. Make somebody else one first."))
