"""Drafts by themselves: saved while one types, opened after signing in again, thrown away."""

from __future__ import annotations

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_required

from mailer.accounts import drafts
from mailer.drafts import hooks
from mailer.drafts.forms_kept import DRAFTED_ENDPOINTS, REFILLED, author_of_form, page_above, place_of
from mailer.drafts.kept_labels import said_in
from mailer.extensions import limiter
from mailer.http import own_path
from mailer.limiting import per_user

bp = Blueprint("drafts", __name__, url_prefix="/drafts")


@bp.post("")
@login_required
@limiter.limit("30 per minute", key_func=per_user)
def autosave() -> ResponseReturnValue:
    """Keep what is typed so far: `{"saved": "Draft saved at 14:02."}`; 409 with `error` when it cannot be kept."""
    place = place_of(request.form.get("draft_path"))
    if place is None or place.endpoint not in DRAFTED_ENDPOINTS or author_of_form() != current_user.id:
        return jsonify(error=_("This form keeps no drafts.")), 422
    try:
        draft = hooks.keep(current_user.id, place, is_asked_for=True).draft
    except drafts.DraftRefused as refusal:
        return jsonify(error=str(refusal)), 409
    return jsonify(saved=hooks.saved_text(draft))


@bp.get("/<int:draft_id>")
@login_required
def open_kept(draft_id: int) -> ResponseReturnValue:
    """The form with what was typed; for a form that cannot be drawn again, the words to copy."""
    draft = drafts.find(current_user.id, draft_id)
    if draft is None:
        return render_template("drafts/of_another.html"), 404
    if draft.endpoint in REFILLED:
        return redirect(hooks.address_of(draft))
    texts = said_in(draft.endpoint, draft.fields)
    return render_template("drafts/words.html", draft=draft, texts=texts, page=page_above(draft.path))


@bp.post("/<int:draft_id>/discard")
@login_required
def discard(draft_id: int) -> ResponseReturnValue:
    """Throw it away; one that is gone already is no fault."""
    draft = drafts.find(current_user.id, draft_id)
    if draft is not None:
        drafts.forget(current_user.id, draft.key)
        flash(_("Draft deleted."), "success")
    return redirect(own_path(request.form.get("next")) or url_for("home.dashboard"), 303)
