"""The page that looks a message over before it is sent."""

from __future__ import annotations

from flask import render_template, request
from flask_login import current_user, login_required

from mailer.access import get_visible
from mailer.extensions import limiter
from mailer.limiting import per_user
from mailer.long_work import previewing
from mailer.messages import queries
from mailer.messages.check import check
from mailer.messages.check_labels import said_of
from mailer.messages.labels import typed_name
from mailer.messages.views import bp
from mailer.models.message import Message


@bp.get("/<int:message_id>/check")
@login_required
@limiter.limit("60 per minute", key_func=per_user)
@previewing.on()
def show_check(message_id: int) -> str:
    """What its readers would miss, with what to do; for a mailing's people where `mailing` names one."""
    message = get_visible(Message, message_id, current_user)
    mailing = queries.mailing_using(message, queries.id_or_none(request.args.get("mailing")))
    checked = check(message, queries.owner_of(message), mailing)
    return render_template(
        "messages/check.html",
        message=message,
        mailing=mailing,
        checked=checked,
        lacking={typed_name(name): count for name, count in checked.lacking.items()},
        findings=[(finding, *said_of(finding)) for finding in checked.findings],
        mailings=queries.mailings_using(message),
        is_own=message.owner_id == current_user.id,
    )
