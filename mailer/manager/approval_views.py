"""Mailings that wait for approval: the list, what was asked for, yes or no."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from mailer.access import Permission, requires
from mailer.accounts.signed_in import me
from mailer.errors import Refusal
from mailer.input_limits import page_number
from mailer.manager import decisions, queries
from mailer.manager.blueprint import bp
from mailer.manager.forms import ReasonForm
from mailer.models.approval import Approval
from mailer.sending.runs.limits import is_about_present
from mailer.sending.senders import sender_of


@bp.get("/approvals")
@requires(Permission.OVERSEE)
def approvals() -> ResponseReturnValue:
    """Those that wait, the longest first; then those decided."""
    page = queries.approvals_page(page_number())
    return render_template("manager/approvals.html", page=page)


@bp.get("/approvals/<int:approval_id>")
@requires(Permission.OVERSEE)
def approval(approval_id: int) -> ResponseReturnValue:
    """What was asked for: message, people, calendar."""
    return _approval_page(queries.approval_named(approval_id), ReasonForm(formdata=None))


@bp.post("/approvals/<int:approval_id>/approve")
@requires(Permission.APPROVE_MAILINGS)
def approve(approval_id: int) -> ResponseReturnValue:
    """Say yes to exactly what the page shows."""
    asked = _approval_to_decide(approval_id)
    try:
        decisions.approve(asked, me())
    except Refusal as refusal:
        return _not_decided(approval_id, refusal)
    flash(_("The mailing is approved. Its owner has been told."), "success")
    return redirect(url_for("manager.approvals"), 303)


@bp.post("/approvals/<int:approval_id>/reject")
@requires(Permission.APPROVE_MAILINGS)
def reject(approval_id: int) -> ResponseReturnValue:
    """Say no, and why."""
    asked, form = _approval_to_decide(approval_id), ReasonForm()
    if not form.validate_on_submit():
        return _approval_page(asked, form), 422
    try:
        decisions.reject(asked, form.text, me())
    except Refusal as refusal:
        return _not_decided(approval_id, refusal)
    flash(_("The mailing is not approved. Its owner has been told why."), "success")
    return redirect(url_for("manager.approvals"), 303)


def _approval_to_decide(approval_id: int) -> Approval:
    """Nobody's own: 403."""
    asked = queries.approval_named(approval_id)
    if asked.owner_id == current_user.id:
        abort(403)
    return asked


def _approval_page(asked: Approval, form: ReasonForm) -> str:
    mailing = asked.mailing
    return render_template(
        "manager/approval.html",
        approval=asked,
        mailing=mailing,
        form=form,
        sender=sender_of(mailing.owner, mailing),
        bound=queries.bound_values_of(mailing),
        is_current=is_about_present(asked),
    )


def _not_decided(approval_id: int, refusal: Refusal) -> ResponseReturnValue:
    flash(str(refusal), "danger")
    return _approval_page(queries.approval_named(approval_id), ReasonForm(formdata=None)), 409
