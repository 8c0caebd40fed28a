"""The page that takes a letter made elsewhere."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from mailer.access import Permission, requires
from mailer.errors import Refusal
from mailer.extensions import limiter
from mailer.limiting import per_user, say_when
from mailer.long_work import previewing
from mailer.messages import queries, services
from mailer.messages.imported import read_letter
from mailer.messages.services import MessageDraft
from mailer.messages.views import bp


@bp.route("/import", methods=["GET", "POST"])
@requires(Permission.SEND)
@limiter.limit("60 per hour", methods=["POST"], key_func=per_user, on_breach=say_when)
@previewing.on("POST")
def import_file() -> ResponseReturnValue:
    """A file of HTML or MJML, or a ZIP with pictures, becomes a message."""
    file = request.files.get("letter")
    if request.method == "GET":
        return render_template("messages/import.html", error="")
    try:
        if file is None or not file.filename:
            raise Refusal(_("Choose a file first."))
        found = read_letter(current_user, file.stream, file.filename)
        draft = MessageDraft(found.title or _("New message"), found.html, "", language=current_user.language)
        message, removed = services.save_message(current_user, draft, queries.attribute_names(current_user.id))
    except Refusal as refusal:
        return render_template("messages/import.html", error=str(refusal)), 422
    flash(_("The email is imported. Give it a subject and check it."), "success")
    for name, reason in found.left_out[:10]:
        flash(f"{name}: {reason}", "warning")
    if removed:
        flash(_("Emails cannot contain this, so it was removed: %(what)s", what=", ".join(removed[:20])), "warning")
    return redirect(url_for("messages.show", message_id=message.id), 303)
