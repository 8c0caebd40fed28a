"""Articles that wait for somebody's word."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from mailer.access import Permission, requires
from mailer.blog import queries, review
from mailer.blog.forms import RejectionForm
from mailer.blog.markdown import render
from mailer.errors import Conflict, Refusal
from mailer.input_limits import page_number, whole_number
from mailer.models.blog_post import BlogPost

bp = Blueprint("review", __name__, url_prefix="/review")
APPROVERS = (Permission.APPROVE_POSTS, Permission.EDIT_BLOG)


@bp.get("")
@requires(*APPROVERS)
def index() -> str:
    """Those that wait longest first."""
    page = queries.awaiting_page(page_number())
    return render_template("review/index.html", page=page)


@bp.get("/<int:post_id>")
@requires(*APPROVERS)
def show(post_id: int) -> str:
    """One article as readers will see it, and the decision."""
    return _page(queries.get_visible_post(post_id, current_user), RejectionForm(formdata=None))


@bp.post("/<int:post_id>/approve")
@requires(*APPROVERS)
def approve(post_id: int) -> ResponseReturnValue:
    """Publish the version that was looked at."""
    post = _to_decide(post_id)
    try:
        review.approve(post, current_user, _version())
    except Refusal as refusal:
        return _refused(post_id, refusal)
    flash(_("“%(title)s” is published.", title=post.title), "success")
    return redirect(url_for("review.index"), 303)


@bp.post("/<int:post_id>/reject")
@requires(*APPROVERS)
def reject(post_id: int) -> ResponseReturnValue:
    """Give it back with a reason."""
    post, form = _to_decide(post_id), RejectionForm()
    if not form.validate():
        return _page(post, form), 422
    try:
        review.reject(post, current_user, _version(), (form.reason.data or "").strip())
    except Refusal as refusal:
        return _refused(post_id, refusal)
    flash(_("“%(title)s” went back to its author, with your reason.", title=post.title), "success")
    return redirect(url_for("review.index"), 303)


def _to_decide(post_id: int) -> BlogPost:
    """An article to decide about: one's own only for those who edit the blog anyway, else 403."""
    post = queries.get_visible_post(post_id, current_user)
    if post.author_id == current_user.id and not current_user.can(Permission.EDIT_BLOG):
        abort(403)
    return post


def _version() -> int:
    return request.form.get("version", 0, type=whole_number)


def _refused(post_id: int, refusal: Refusal) -> ResponseReturnValue:
    flash(str(refusal), "warning")
    if isinstance(refusal, Conflict):
        return _page(queries.get_visible_post(post_id, current_user), RejectionForm(formdata=None)), 409
    return redirect(url_for("review.show", post_id=post_id), 303)


def _page(post: BlogPost, form: RejectionForm) -> str:
    latest = post.latest
    return render_template("review/show.html", post=latest, approved=post, body=render(latest.content), form=form)
