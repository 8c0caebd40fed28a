"""One's own articles: write, look at, send for approval, take back, delete."""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user, login_required

from mailer import limiting
from mailer.blog import images, queries, services
from mailer.blog.forms import CONTENT_LENGTH, ArticleForm
from mailer.blog.markdown import render
from mailer.errors import Conflict, Refusal
from mailer.extensions import limiter
from mailer.flashes import flash_undo
from mailer.form_refill import is_refilled
from mailer.input_limits import page_number
from mailer.limiting import per_user
from mailer.long_work import previewing
from mailer.models.blog_post import BlogPost
from mailer.pictures import BadPicture

bp = Blueprint("articles", __name__, url_prefix="/articles")


@bp.get("")
@login_required
def index() -> str:
    """What the person has written, with its state."""
    page = queries.own_page(current_user, page_number())
    return render_template("articles/index.html", page=page)


@bp.route("/new", methods=["GET", "POST"])
@login_required
@limiting.pictures
@limiter.limit("60 per hour", key_func=per_user, methods=["POST"])
def create() -> ResponseReturnValue:
    """An empty form, and a new article."""
    return _edit_form(ArticleForm(language=str(get_locale())), None)


@bp.get("/<int:post_id>")
@login_required
def show(post_id: int) -> str:
    """The article as readers will see it, with its state and what can be done."""
    post = queries.get_visible_post(post_id, current_user)
    latest = post.latest
    body = render(latest.content)
    return render_template("articles/show.html", post=latest, approved=post, body=body, is_own=_is_own(post))


@bp.route("/<int:post_id>/edit", methods=["GET", "POST"])
@login_required
@limiting.pictures
def edit(post_id: int) -> ResponseReturnValue:
    """The form of one's own article."""
    post = queries.get_own_post(post_id, current_user)
    return _edit_form(ArticleForm(obj=post.latest), post)


@bp.post("/<int:post_id>/take-back")
@login_required
def take_back(post_id: int) -> ResponseReturnValue:
    """A draft again."""
    post = queries.get_own_post(post_id, current_user)
    is_change = post.change is not None
    services.take_back(post)
    flash(
        _("The change is a draft again. Readers see the approved version.")
        if is_change
        else _("The article is a draft again. Only you can see it."),
        "success",
    )
    return redirect(url_for("articles.show", post_id=post_id), 303)


@bp.post("/<int:post_id>/drop-change")
@login_required
def drop_change(post_id: int) -> ResponseReturnValue:
    """The approved version as it is, without the change."""
    services.drop_change(queries.get_own_post(post_id, current_user))
    flash(_("The change is discarded. The article is as readers see it."), "success")
    return redirect(url_for("articles.show", post_id=post_id), 303)


@bp.post("/<int:post_id>/delete")
@login_required
def delete(post_id: int) -> ResponseReturnValue:
    """Out of everyone's sight, with an undo."""
    services.delete_article(queries.get_own_post(post_id, current_user))
    flash_undo(_("Article deleted."), url_for("articles.restore", post_id=post_id))
    return redirect(url_for("articles.index"), 303)


@bp.post("/<int:post_id>/restore")
@login_required
def restore(post_id: int) -> ResponseReturnValue:
    """Undo the deletion."""
    services.restore_article(queries.get_deleted_post(post_id, current_user))
    flash(_("Article restored."), "success")
    return redirect(url_for("articles.show", post_id=post_id), 303)


@bp.post("/preview")
@login_required
@limiting.previews
@previewing.on()
def preview() -> str:
    """The text typed so far, as readers would see it."""
    return render_template("articles/_preview.html", body=render(request.form.get("content", "")[:CONTENT_LENGTH]))


@bp.post("/pictures")
@login_required
@limiting.pictures
def add_picture() -> ResponseReturnValue:
    """Keep a picture for use inside a text: `{"address": …}`, or 422 `{"error": …}`."""
    file = request.files.get("picture")
    if file is None:
        abort(400)
    try:
        name = images.store(images.encode(file.stream))
    except BadPicture as refusal:
        return jsonify(error=str(refusal)), 422
    return jsonify(address=url_for("blog.image", name=name)), 201


def _edit_form(form: ArticleForm, post: BlogPost | None) -> ResponseReturnValue:
    if request.method == "GET":
        return _render_form(form, post)
    submits, status = request.form.get("do") == "submit", 422
    if form.validate():
        try:
            post = services.write_article(current_user, form.draft, post, form.version.data, submits=submits)
        except Refusal as refusal:
            form.form_errors.append(str(refusal))
            status = 409 if isinstance(refusal, Conflict) else status
        else:
            flash(_("Sent for approval. You will be told by email.") if submits else _("Draft saved."), "success")
            return redirect(url_for("articles.show", post_id=post.id), 303)
    answer = Response(_render_form(form, queries.read_again(post)), status)
    answer.headers["Content-Type"] = "text/html; charset=utf-8"
    return answer


def _render_form(form: ArticleForm, post: BlogPost | None) -> str:
    if post is not None and not is_refilled():
        form.version.data, form.version.raw_data = post.version, None
    return render_template("articles/form.html", form=form, post=post.latest if post else None, approved=post)


def _is_own(post: BlogPost) -> bool:
    return bool(post.author_id == current_user.id)
