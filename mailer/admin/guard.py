"""Who may come into the panel."""

from __future__ import annotations

from typing import Any

from flask import abort
from flask_login import current_user

from mailer.access import Permission
from mailer.extensions import login_manager


class Guarded:
    """A view of Flask-Admin for people with one of `permissions`: others get 403, visitors the login page."""

    permissions: tuple[Permission, ...] = (Permission.ADMINISTER,)

    def is_accessible(self) -> bool:
        """Whether the person asking may come in."""
        return bool(current_user.is_authenticated and any(current_user.can(each) for each in self.permissions))

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Any:
        """What others get."""
        if current_user.is_authenticated:
            abort(403)
        return login_manager.unauthorized()
