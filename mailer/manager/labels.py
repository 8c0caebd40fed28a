"""What roles and permissions are called."""

from __future__ import annotations

from flask_babel import gettext as _

from mailer.access import Permission
from mailer.models.user import Role


def role_labels() -> dict[Role, str]:
    """Every role in the reader's language."""
    return {
        Role.USER: _("user"),
        Role.MANAGER: _("manager"),
        Role.EDITOR: _("editor"),
        Role.ADMIN: _("administrator"),
    }


def permission_labels() -> dict[Permission, str]:
    """Every permission that can be granted by itself, in the reader's language."""
    return {
        Permission.OVERSEE: _("see everything"),
        Permission.BLOCK_USERS: _("block users"),
        Permission.SWITCH_MAILINGS: _("switch mailings off and on"),
        Permission.APPROVE_MAILINGS: _("approve mailings"),
        Permission.APPROVE_POSTS: _("approve articles"),
        Permission.SET_LIMITS: _("set limits"),
    }


def label_of(permission: Permission) -> str:
    """Any permission in the reader's language, those too that come with a role only."""
    by_role = {
        Permission.SEND: _("send mailings of one's own"),
        Permission.EDIT_BLOG: _("edit the blog"),
        Permission.ADMINISTER: _("administer"),
    }
    return (permission_labels() | by_role)[permission]
