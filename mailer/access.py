"""Who may pass: named permissions, the guard of a view, and loaders that never leak another's records."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import abort
from flask_login import current_user, login_required
from sqlalchemy import select

from mailer.extensions import db

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M")


class Permission(StrEnum):
    """What a person may do; roles are bundles of these, and some are granted one by one (`mailer.models.user`)."""

    SEND = "send"  # own clients, messages and mailings
    OVERSEE = "oversee"  # see everything of everybody's
    BLOCK_USERS = "block-users"
    SWITCH_MAILINGS = "switch-mailings"  # off and on again, and stop runs
    APPROVE_MAILINGS = "approve-mailings"
    SET_LIMITS = "set-limits"
    APPROVE_POSTS = "approve-posts"
    EDIT_BLOG = "edit-blog"
    ADMINISTER = "administer"


def requires(*any_of: Permission) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Guard a view: signed in (else to the login page, or 401) and granted one of the permissions (else 403)."""

    def guard(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if not any(current_user.can(permission) for permission in any_of):
                abort(403)
            return view(*args, **kwargs)

        return login_required(guarded)

    return guard


def get_own(model: Any, id_: int, user: Any) -> Any:
    """The user's own live row of `model`, to work on.

    A stranger gets 404, so that existence does not leak; one who may look but not touch gets 403.
    """
    row = db.session.scalar(_live(model).where(model.id == id_, model.owner_id == user.id))
    if row is None:
        visible = user.can(Permission.OVERSEE) and db.session.scalar(_live(model).where(model.id == id_))
        abort(403 if visible else 404)
    return row


def get_own_editable(model: type[M], id_: int, user: Any) -> M:
    """The user's own live row of `model`, to change: 404 for strangers, 403 for those who may only look.

    Who had rows of their own before a change of role looks at them from then on.
    """
    row: M = get_own(model, id_, user)
    if not user.can(Permission.SEND):
        abort(403)
    return row


def get_own_deleted(model: type[M], id_: int, user: Any) -> M:
    """The user's own row, deleted or not, to bring back; else 404."""
    query: Any = select(model).filter_by(id=id_, owner_id=user.id)
    row: M = db.one_or_404(query)
    return row


def get_visible(model: Any, id_: int, user: Any) -> Any:
    """A live row of `model` to look at: one's own, or anybody's for those who oversee; else 404."""
    query = _live(model).where(model.id == id_)
    if not user.can(Permission.OVERSEE):
        query = query.where(model.owner_id == user.id)
    return db.one_or_404(query)


def get_of_others(model: type[M], id_: int, user: Any) -> M:
    """Somebody else's live row of `model`, to decide about: 404 where one may not look, 403 for one's own."""
    visible = get_visible(model, id_, user)
    if visible.owner_id == user.id:
        abort(403)
    row: M = visible
    return row


def _live(model: Any) -> Any:
    query = select(model)
    return query.where(model.deleted_at.is_(None)) if hasattr(model, "deleted_at") else query
