"""Flask-Admin, behind a guard."""

from __future__ import annotations

from typing import Any

from flask import Flask, abort
from flask_admin import Admin, AdminIndexView, expose
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from mailer.access import Permission
from mailer.blog.admin import PostView
from mailer.extensions import login_manager


class Index(AdminIndexView):  # type: ignore[misc]
    """What there is to administer."""

    def __init__(self) -> None:
        super().__init__(name=_l("Administration"), template="admin/overview.html")

    @expose("/")
    def index(self) -> Any:
        """The places open to this person."""
        return self.render(self._template, views=[view for view in self.admin._views if view is not self])

    def is_accessible(self) -> bool:
        return bool(
            current_user.is_authenticated
            and (current_user.can(Permission.EDIT_BLOG) or current_user.can(Permission.ADMINISTER))
        )

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Any:
        if current_user.is_authenticated:
            abort(403)
        return login_manager.unauthorized()


def init_app(app: Flask) -> None:
    """Mount the panel at /admin."""
    Admin(app, name="Golub", index_view=Index()).add_view(PostView())
