"""The blog in Flask-Admin, in pages of our own design: they need no inline script, so the policy stays strict.

Flask-Admin lists, pages, searches and sorts; every change goes through the services.
"""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_admin.actions import action
from flask_admin.contrib.sqla import ModelView
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy import select

from mailer.access import Permission
from mailer.blog import services
from mailer.blog.forms import PostForm
from mailer.blog.markdown import render
from mailer.blog.queries import open_to
from mailer.clock import utcnow
from mailer.errors import Refusal
from mailer.extensions import db, login_manager
from mailer.flashes import flash_undo
from mailer.form_refill import is_refilled
from mailer.input_limits import whole_number
from mailer.models.blog_post import BlogPost, PostStatus
from mailer.panel_lists import PlainArguments
from mailer.searching import shortened

SCHEDULED = "scheduled"
STATES = (*PostStatus, SCHEDULED)


class PostView(PlainArguments, ModelView):  # type: ignore[misc]
    """List, search, write, schedule, publish and delete articles: for those who may edit the blog."""

    list_template = "admin/posts.html"
    create_template = edit_template = "admin/post.html"
    form = PostForm
    column_list = ("title", "tags", "author", "status", "view_count", "published_at")
    column_searchable_list = ("title", "content", "author.name", "author.email")
    column_sortable_list = ("title", "status", "view_count", "published_at")
    column_labels = {
        "title": _l("Title"),
        "tags": _l("Tags"),
        "author": _l("Author"),
        "status": _l("State"),
        "view_count": _l("Views"),
        "published_at": _l("Published"),
    }
    column_default_sort = [("created_at", True), ("id", True)]
    page_size = 25
    can_export = False
    action_disallowed_list = ("delete",)

    def __init__(self) -> None:
        super().__init__(BlogPost, db, name=_l("Articles"), endpoint="posts", url="/admin/posts")

    def is_accessible(self) -> bool:
        """For editors."""
        return bool(current_user.is_authenticated and current_user.can(Permission.EDIT_BLOG))

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Any:
        """To the sign-in page, or 403 for those who have signed in."""
        if current_user.is_authenticated:
            abort(403)
        return login_manager.unauthorized()

    def get_query(self) -> Any:
        """The articles of a page, only those in the chosen state."""
        return self._chosen_state(super().get_query())

    def get_count_query(self) -> Any:
        """The same articles, counted."""
        return self._chosen_state(super().get_count_query())

    def _get_list_extra_args(self) -> Any:
        asked = super()._get_list_extra_args()
        asked.search = shortened(asked.search or "") or None
        return asked

    def _apply_sorting(self, *arguments: Any) -> Any:
        """Those alike in the sorted column keep one order, or a page would show again what the one before did."""
        query, joins = super()._apply_sorting(*arguments)
        return query.order_by(BlogPost.id), joins

    def get_one(self, id: Any) -> BlogPost | None:
        """The article that this request is about, None when nothing is there."""
        found = _chosen([str(id)])
        return found[0] if found else None

    def render(self, template: str, **kwargs: Any) -> Any:
        """The page; 422 when it shows a form that was not taken."""
        form, post = kwargs.get("form"), kwargs.get("model")
        if form is not None and post is not None:
            db.session.refresh(post)  # saving again means having seen what is there now
            if not is_refilled():
                form.version.data, form.version.raw_data = post.version, None
        page = super().render(template, states=STATES, **kwargs)
        return (page, 422) if form is not None and request.method == "POST" else page

    def create_form(self, obj: Any = None) -> PostForm:
        """An empty form in the reader's language."""
        form: PostForm = super().create_form(obj)
        if request.method == "GET":
            form.language.data = str(get_locale())
        return form

    def create_model(self, form: PostForm) -> BlogPost | None:
        """A new article; None when the form has to be mended."""
        return self._save(form, None)

    def update_model(self, form: PostForm, model: BlogPost) -> bool:
        """Whether the changes are kept."""
        return self._save(form, model) is not None

    def delete_model(self, model: BlogPost) -> bool:
        """Into the bin, with a way back."""
        services.delete_article(model)
        flash_undo(_("Article deleted."), url_for("posts.restore", id=model.id))
        return False  # Flask-Admin would flash a text of its own

    @expose("/restore/", methods=("POST",))
    def restore(self) -> ResponseReturnValue:
        """Undo a deletion."""
        wanted = select(BlogPost).where(
            BlogPost.id == request.args.get("id", 0, type=whole_number), open_to(current_user)
        )
        post = db.one_or_404(wanted)
        services.restore_article(post)
        flash(_("Article restored."), "success")
        return redirect(url_for("posts.index_view"), 303)

    @expose("/preview/")
    def preview(self) -> str:
        """An article as readers will see it, published or not."""
        post = self.get_one(request.args.get("id", type=whole_number)) or abort(404)
        return render_template("blog/show.html", post=post, body=render(post.content), more=())

    @action("publish", _l("Publish"))
    def publish(self, ids: list[str]) -> None:
        """Let everyone read the articles chosen."""
        count = services.publish(_chosen(ids), current_user)
        flash(ngettext("%(num)s article published.", "%(num)s articles published.", count), "success")

    @action("withdraw", _l("Turn into drafts"))
    def withdraw(self, ids: list[str]) -> None:
        """Take the articles chosen out of the readers' sight."""
        count = services.withdraw(_chosen(ids), current_user)
        flash(ngettext("%(num)s article is a draft now.", "%(num)s articles are drafts now.", count), "success")

    def _save(self, form: PostForm, post: BlogPost | None) -> BlogPost | None:
        try:
            return services.edit_article(current_user, form.draft, form.release, post, form.version.data)
        except Refusal as refusal:
            flash(str(refusal), "warning")
            return None

    def _chosen_state(self, query: Any) -> Any:
        state, query = (
            request.args.get("status", ""),
            query.filter(BlogPost.deleted_at.is_(None), open_to(current_user)),
        )
        if state == SCHEDULED:
            return query.filter(BlogPost.status == PostStatus.PUBLISHED, BlogPost.published_at > utcnow())
        if state == PostStatus.PUBLISHED:
            return query.filter(BlogPost.status == state, BlogPost.published_at <= utcnow())
        return query.filter(BlogPost.status == state) if state in STATES else query


def _number(text: Any) -> int | None:
    try:
        return whole_number(str(text))
    except ValueError:
        return None


def _chosen(ids: list[str]) -> list[BlogPost]:
    numbers = [number for one in ids if (number := _number(one)) is not None]
    query = select(BlogPost).where(BlogPost.id.in_(numbers), BlogPost.deleted_at.is_(None), open_to(current_user))
    return list(db.session.scalars(query))
