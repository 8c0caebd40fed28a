"""Parts of the form of a message: the draft as a client would get it, and whose eyes to look through."""

from __future__ import annotations

from dataclasses import replace

from flask import Response, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from mailer.access import Permission, requires
from mailer.extensions import limiter
from mailer.limiting import per_user
from mailer.long_work import previewing
from mailer.messages import queries
from mailer.messages.forms import MessageForm
from mailer.messages.preview import keep, kept, look_at
from mailer.messages.services import MessageRefused
from mailer.messages.views import as_mail, bp
from mailer.searching import searched


@bp.post("/preview")
@requires(Permission.SEND)
@limiter.limit("240 per minute", key_func=per_user)
@previewing.on()
def preview() -> ResponseReturnValue:
    """A piece of page: the draft being typed, as a client would get it."""
    draft = MessageForm().draft()
    client = queries.client_to_look_as(current_user.id, request.form.get("client"))
    if not (draft.html_body.strip() or draft.text_body.strip()):
        return render_template("messages/_preview.html", look=None, reasons=[])
    try:
        draft = draft if draft.subject.strip() else replace(draft, subject=_("(no subject)"))
        look = look_at(draft, current_user, client, queries.attribute_names(current_user.id))
    except MessageRefused as refusal:
        labels = {field.name: field.label.text for field in MessageForm()}
        reasons = [f"{labels[name]}. {reason}" for name, found in refusal.reasons.items() for reason in found]
        return render_template("messages/_preview.html", look=None, reasons=reasons)
    key = keep(current_user, look.mail.html) if look.mail.html else None
    html_url = url_for("messages.preview_draft_html", key=key) if key else None
    return render_template("messages/_preview.html", look=look, html_url=html_url, reasons=[])


@bp.get("/preview/<string(length=64):key>")
@requires(Permission.SEND)
def preview_draft_html(key: str) -> Response:
    """The HTML of a draft, for the frame in the form."""
    html = kept(current_user, key)
    if html is None:
        abort(404)
    return as_mail(html)


@bp.get("/clients")
@requires(Permission.SEND)
@limiter.limit("240 per minute", key_func=per_user)
def clients() -> str:
    """A piece of page: options of clients to look at a draft as; who was searched for is chosen."""
    search = searched(request.args, "client_q")
    found = queries.clients_to_look_as(current_user.id, search)
    chosen = found[0] if search and found else None
    return render_template("messages/_client_options.html", clients=found, client=chosen)
