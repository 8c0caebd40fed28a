"""The panel's first page: what there is to look after."""

from __future__ import annotations

from typing import Any

from flask_admin import AdminIndexView, expose
from flask_babel import lazy_gettext as _l

from mailer.access import Permission
from mailer.admin.guard import Guarded
from mailer.admin.sections import sections_of


class Index(Guarded, AdminIndexView):  # type: ignore[misc]
    """The places open to this person."""

    permissions = (Permission.EDIT_BLOG, Permission.ADMINISTER)

    def __init__(self) -> None:
        super().__init__(name=_l("Administration"), template="admin/overview.html")

    @expose("/")
    def index(self) -> Any:
        """Links to what each holds, those together that belong together."""
        views = [view for view in self.admin._views if view is not self and view.is_accessible()]
        return self.render(self._template, sections=sections_of(views))
