"""An answer that a person sent to the address for bounces, on its way to whom it was meant for: whole, attached.

It cannot go in circles: it says that a program sent it, and carries a header of ours, with which nothing is forwarded
again. What comes back about it goes to the service's own address, whose mail is not read here.
"""

from __future__ import annotations

import re
from base64 import b64decode
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid, parseaddr

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from mailer.bounces.report import FORWARDED_HEADER
from mailer.clock import utcnow
from mailer.models.account_email import AccountEmail

TEMPLATE = "reply"  # of its row in the outbox


def compose_forward(row: AccountEmail) -> bytes:
    """The mail for SMTP's DATA; the row's context has the answer in base64."""
    context = row.context
    with force_locale(row.language):
        subject = _("Reply to “%(name)s”: %(subject)s", name=context["name"], subject=context["subject"])
        words = _(
            "%(sender)s has replied to an email of “%(name)s”. Their mail program sent the reply to the bounce "
            "address instead of yours; it is attached as it came.",
            sender=context["sender"] or "?", name=context["name"],
        )  # fmt: skip
        if context["is_cut"]:
            words += "\n\n" + _("It was too large to forward in full: only its beginning is attached.")
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = current_app.config["MAIL_DEFAULT_SENDER"], row.to_email
    mail["Subject"], mail["Date"] = " ".join(subject.split())[:200], format_datetime(utcnow())
    if parseaddr(context["sender"])[1]:
        mail["Reply-To"] = context["sender"]
    mail["Message-ID"] = make_msgid(domain=current_app.config["MAILINGS_FROM"].rpartition("@")[2])
    mail["Auto-Submitted"], mail[FORWARDED_HEADER] = "auto-generated", "yes"
    mail.set_content(words + "\n")
    # As octets, not as a message of the library's: whatever others wrote stays as it was.
    mail.add_attachment(b64decode(context["original"]), "application", "octet-stream", filename="answer.eml")
    return re.sub(rb"(?m)^\.", b"..", mail.as_bytes())
