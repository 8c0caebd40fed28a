"""What roles are called."""

from __future__ import annotations

from flask_babel import gettext as _

from mailer.models.user import Role


def role_words() -> dict[Role, str]:
    """Every role in the reader's language."""
    return {
        Role.USER: _("user"),
        Role.MANAGER: _("manager"),
        Role.EDITOR: _("editor"),
        Role.ADMIN: _("administrator"),
    }
