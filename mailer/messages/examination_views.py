"""Parts of the page that looks a message over, for what takes a worker: links asked, a mail made for every person."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_required

from mailer.access import get_own_editable, get_visible
from mailer.errors import Refusal
from mailer.extensions import limiter
from mailer.limiting import per_user, say_when
from mailer.messages import examining, queries
from mailer.messages.check_views import examination_part
from mailer.messages.views import bp
from mailer.models.examination import ExaminationKind
from mailer.models.message import Message

KINDS = f"any({','.join(ExaminationKind)})"


@bp.post(f"/<int:message_id>/check/<{KINDS}:kind>")
@login_required
@limiter.limit("30 per hour", key_func=per_user, on_breach=say_when)
def examine(message_id: int, kind: str) -> ResponseReturnValue:
    """Let a worker look."""
    message = get_own_editable(Message, message_id, current_user)
    mailing = queries.mailing_using(message, queries.id_or_none(request.form.get("mailing")))
    try:
        examining.begin(message, ExaminationKind(kind), mailing)
    except Refusal as refusal:
        flash(str(refusal), "warning")
    return _to_page(message, mailing and mailing.id, kind)


@bp.post(f"/<int:message_id>/check/<{KINDS}:kind>/cancel")
@login_required
def cancel_examination(message_id: int, kind: str) -> ResponseReturnValue:
    """Let it be; what was found stays."""
    message = get_own_editable(Message, message_id, current_user)
    examining.cancel(message, ExaminationKind(kind))
    flash(_("Stopped. What was found so far is kept."), "success")
    return _to_page(message, queries.id_or_none(request.form.get("mailing")), kind)


@bp.get(f"/<int:message_id>/check/<{KINDS}:kind>")
@login_required
def examination(message_id: int, kind: str) -> str:
    """A piece of page: how far it is, and what was found."""
    message = get_visible(Message, message_id, current_user)
    mailing = queries.mailing_using(message, queries.id_or_none(request.args.get("mailing")))
    part = examination_part(message, mailing, ExaminationKind(kind))
    return render_template("messages/_examination.html", **part)


def _to_page(message: Message, mailing_id: int | None, kind: str) -> ResponseReturnValue:
    page = url_for("messages.show_check", message_id=message.id, mailing=mailing_id, _anchor=kind)
    return redirect(page, 303)
