"""`flask grant` and `flask revoke`: single permissions from the command line."""

from __future__ import annotations

import click
from flask_babel import gettext as _
from sqlalchemy import func, select

from mailer.access import Permission
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.manager.labels import label_of, role_labels
from mailer.manager.services import set_permissions
from mailer.models.user import GRANTABLE, User
from mailer.terminal import N_, OperatorCommand

PERMISSIONS = click.Choice([permission.value for permission in GRANTABLE])


@click.command("grant", cls=OperatorCommand, help=N_("Let somebody do more than their role allows."))
@click.argument("email")
@click.argument("permissions", nargs=-1, required=True, type=PERMISSIONS)
def grant(email: str, permissions: tuple[str, ...]) -> None:
    """`flask grant`."""
    user = _find(email)
    _save(user, {*user.granted, *permissions})


@click.command(
    "revoke",
    cls=OperatorCommand,
    help=N_("Revoke what was granted. Permissions of a role are revoked only with the role."),
)
@click.argument("email")
@click.argument("permissions", nargs=-1, required=True, type=PERMISSIONS)
def revoke(email: str, permissions: tuple[str, ...]) -> None:
    """`flask revoke`."""
    user = _find(email)
    by_role = sorted(set(permissions) & {permission.value for permission in user.role.permissions})
    if by_role:
        raise Refusal(
            _(
                "%(names)s: comes with the role of %(email)s, %(role)s.",
                names=", ".join(label_of(Permission(name)) for name in by_role),
                email=user.email,
                role=role_labels()[user.role],
            )
        )
    _save(user, set(user.granted) - set(permissions))


def _find(email: str) -> User:
    user = db.session.scalar(select(User).where(func.lower(User.email) == email.lower(), User.erased_at.is_(None)))
    if user is None:
        raise Refusal(_("There is no account with the address %(email)s.", email=email))
    return user


def _save(user: User, names: set[str]) -> None:
    set_permissions(user, {Permission(name) for name in names})
    allowed = [f"{label_of(one)} ({one.value})" for one in sorted(user.permissions)]  # the word to type, too
    click.echo(
        _(
            "%(email)s (%(role)s) may: %(names)s",
            email=user.email,
            role=role_labels()[user.role],
            names=", ".join(allowed),
        )
    )
