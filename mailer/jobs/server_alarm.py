"""What waiting may not mend: a mail server that refuses our login or our sender, or cannot prove who it is. Admins are
told, once."""

from __future__ import annotations

from sqlalchemy import select

from mailer.account_mail import outbox
from mailer.accounts.admins import able_admins
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.locks import FOR_CHANGE
from mailer.models.account_email import AccountEmail
from mailer.models.mail_server import MailServer


def tell_admins() -> int:
    """Write to every admin about each such server; how many mails. The next mail the server takes ends the matter."""
    troubled = select(MailServer).where(MailServer.needs_admin_since.is_not(None), MailServer.admins_told_at.is_(None))
    letters: list[AccountEmail] = []
    for server in db.session.scalars(troubled.with_for_update(**FOR_CHANGE, skip_locked=True)):
        server.admins_told_at = utcnow()
        letters += [
            outbox.add_for(admin, "server-fault", server=server.name, said=server.last_fault or "")
            for admin in able_admins()
        ]
    db.session.commit()
    outbox.wake(*letters)
    return len(letters)
