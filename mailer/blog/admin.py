"""The blog in Flask-Admin, in the house's own pages: they need no inline script, so the policy stays strict."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, render_template, request
from flask_admin import expose
from flask_admin.actions import action
from flask_admin.contrib.sqla import ModelView
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy import select

from mailer.access import Permission
from mailer.blog import images, services
from mailer.blog.forms import PostForm
from mailer.blog.markdown import render
from mailer.extensions import db, login_manager
from mailer.models.blog_post import BlogPost


class PostView(ModelView):  # type: ignore[misc]
    """List, search, write, publish and delete articles: for those who may edit the blog."""

    list_template = "admin/posts.html"
    create_template = edit_template = "admin/post.html"
    form = PostForm
    column_list = ("title", "status", "view_count", "published_at")
    column_searchable_list = ("title", "content")
    column_sortable_list = ("title", "status", "view_count", "published_at")
    column_labels = {
        "title": _l("Title"),
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
        return bool(current_user.is_authenticated and current_user.can(Permission.EDIT_BLOG))

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Any:
        if current_user.is_authenticated:
            abort(403)
        return login_manager.unauthorized()

    def render(self, template: str, **kwargs: Any) -> Any:
        """The page; 422 when it shows a form that was filled in wrongly."""
        page = super().render(template, **kwargs)
        form = kwargs.get("form")
        return (page, 422) if form is not None and form.errors else page

    def on_model_change(self, form: PostForm, model: BlogPost, is_created: bool) -> None:
        with db.session.no_autoflush:
            services.complete(model, author_id=current_user.id if is_created else None)

    def update_model(self, form: PostForm, model: BlogPost) -> Any:
        former = model.image_file
        saved = super().update_model(form, model)
        if saved and former != model.image_file:
            images.discard(former)
        return saved

    def after_model_delete(self, model: BlogPost) -> None:
        images.discard(model.image_file)

    @expose("/preview/")
    def preview(self) -> str:
        """An article as readers will see it, published or not."""
        post = db.get_or_404(BlogPost, request.args.get("id", type=int))
        return render_template("blog/show.html", post=post, body=render(post.content))

    @action("publish", _l("Publish"))
    def publish(self, ids: list[str]) -> None:
        """Let everyone read the articles chosen."""
        count = services.publish(_chosen(ids))
        flash(ngettext("%(num)s article published.", "%(num)s articles published.", count), "success")

    @action("withdraw", _l("Turn into drafts"))
    def withdraw(self, ids: list[str]) -> None:
        """Take the articles chosen out of the readers' sight."""
        count = services.withdraw(_chosen(ids))
        flash(ngettext("%(num)s article is a draft now.", "%(num)s articles are drafts now.", count), "success")


def _chosen(ids: list[str]) -> list[BlogPost]:
    numbers = [int(one) for one in ids if one.isdigit()]
    return list(db.session.scalars(select(BlogPost).where(BlogPost.id.in_(numbers))))
