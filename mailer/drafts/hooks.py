"""What happens to drafts beside the views: kept, opened, forgotten."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_time
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.datastructures import ImmutableMultiDict

from mailer.accounts import drafts
from mailer.drafts import forms_kept
from mailer.drafts.forms_kept import DRAFTED, DRAFTED_ENDPOINTS, KEPT, KEY_FIELD, NEVER, REFILLED, Place
from mailer.errors import answer_of
from mailer.extensions import limiter
from mailer.form_refill import is_refilled
from mailer.input_limits import number_or_none
from mailer.models.draft import Draft


def init_app(app: Flask) -> None:
    """Stand beside every request."""
    app.before_request(open_draft)
    app.before_request(keep_draft)
    app.after_request(finish)
    app.register_error_handler(CSRFError, rescue_or_refuse)
    app.jinja_env.globals.update(
        form_author=forms_kept.author_field,
        draft_key=draft_key,
        waiting_draft=waiting_draft,
        most_rescued=drafts.MAX_RESCUED,
        drafts_of=drafts_of,
        is_refilled=is_refilled,
    )


def open_draft() -> None:
    """`?kept=7` on a form's address: the view draws the form with what the draft holds."""
    number = number_or_none(request.args.get(KEPT))
    if request.method != "GET" or request.endpoint not in REFILLED or not current_user.is_authenticated:
        return
    if number is None:
        return
    draft, place = drafts.find(current_user.id, number), forms_kept.present_place()
    if draft is None or place is None or draft.path != place.path:
        return
    g.refilled = draft
    fields = [(name, value) for name, value in draft.fields]
    request.__dict__.update(form=ImmutableMultiDict(fields), files=ImmutableMultiDict())
    request.method = "POST"  # so that forms read it; `Refillable` lets no view act on it


def keep_draft() -> ResponseReturnValue | None:
    """The button «keep as a draft», which needs no script."""
    place = forms_kept.present_place() if request.method == "POST" and "draft" in request.form else None
    if place is None or is_refilled() or place.endpoint not in DRAFTED_ENDPOINTS or not current_user.is_authenticated:
        return None
    try:
        draft = keep(current_user.id, place, is_asked_for=True).draft
    except drafts.DraftRefused as refusal:
        flash(str(refusal), "danger")
        return None  # the view answers as to «save»: nothing typed is lost
    flash(saved_text(draft), "success")
    return redirect(address_of(draft), 303)


def finish(response: Response) -> Response:
    """A draft that was opened is a page like any other; one that was saved is done with."""
    if is_refilled():
        request.method = "GET"
        response.status_code = 200 if response.status_code == 422 else response.status_code
    elif (
        request.method == "POST"
        and request.endpoint in REFILLED
        and response.status_code in (302, 303)
        and current_user.is_authenticated
        and "draft" not in request.form
        and "rescued" not in g  # the way to what was kept is not that it was saved
        and (place := forms_kept.present_place()) is not None
    ):
        drafts.forget(current_user.id, place.key(request.form.get(KEY_FIELD)))
    return response


def rescue_or_refuse(error: CSRFError) -> ResponseReturnValue:
    """A form of a session that has ended: keep it and ask to log in, or refuse as ever."""
    return rescue() or answer_of(error)


def rescue() -> ResponseReturnValue | None:
    """Keep the posted form for whom it was made; the way to it, or None where there is nothing to keep."""
    if request.method != "POST" or request.endpoint in NEVER or "HX-Request" in request.headers:
        return None
    author_id = forms_kept.author_of_form()
    if author_id is None or not (request.endpoint in REFILLED or forms_kept.is_more_than_a_line()):
        return None
    place = forms_kept.present_place() or Place(str(request.endpoint), request.path[:250])
    with limiter.limit("60 per hour", key_func=lambda: f"rescue-{author_id}"):
        try:
            draft, gone_count = keep(author_id, place, is_asked_for=False)
        except drafts.DraftRefused:
            return None
    g.rescued = draft.id
    if not current_user.is_authenticated:
        flash(_("Your session has ended. Log in: everything you typed has been kept."), "warning")
        _tell_of(gone_count)
        return redirect(url_for("auth.login", next=url_for("drafts.open_kept", draft_id=draft.id)), 303)
    if current_user.id == author_id:
        _tell_of(gone_count)
        return redirect(url_for("drafts.open_kept", draft_id=draft.id), 303)
    return render_template("drafts/of_another.html"), 409


def _tell_of(gone_count: int) -> None:
    if gone_count:
        count = drafts.MAX_RESCUED
        flash(
            _(
                "The oldest form kept from an ended session has been deleted: the last %(count)s are kept.",
                count=count,
            ),
            "info",
        )


def keep(owner_id: int, place: Place, *, is_asked_for: bool) -> drafts.Kept:
    """Keep the posted form. Raises DraftRefused."""
    fields = drafts.storable(forms_kept.typed_pairs())
    key = place.key(request.form.get(KEY_FIELD))
    if place.is_of_something_new:
        fields.append([KEY_FIELD, key.rpartition(":")[2]])
    return drafts.keep(owner_id, key, place.endpoint, place.path, fields, is_asked_for=is_asked_for)


def address_of(draft: Draft) -> str:
    """Where the draft is opened."""
    return f"{draft.path}{'&' if '?' in draft.path else '?'}{KEPT}={draft.id}"


def saved_text(draft: Draft) -> str:
    """`Draft saved at 14:02`, in the person's own time."""
    return _("Draft saved at %(time)s.", time=format_time(draft.saved_at, "short"))


def draft_key() -> str:
    """The name of this form's draft, for a hidden field: the one it has, or a new one."""
    return forms_kept.key_name(request.form.get(KEY_FIELD))


def waiting_draft(path: str) -> Draft | None:
    """What was typed into the form of that path and not saved, unless the page shows it already."""
    place = forms_kept.place_of(path)
    if is_refilled() or request.method == "POST" or place is None or place.is_of_something_new:
        return None
    return drafts.find_by_key(current_user.id, place.path)


def drafts_of(kind: str) -> list[dict[str, Any]]:
    """The person's drafts of messages, mailings or articles, with their addresses."""
    found = drafts.of_forms(current_user.id, DRAFTED[kind])
    return [{"draft": draft, "address": address_of(draft)} for draft in found]
