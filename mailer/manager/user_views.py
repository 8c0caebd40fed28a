"""Users: the list, and one of them with figures, block, limits, permissions and role."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from mailer.access import Permission, requires
from mailer.accounts.second_factors import has_second_factor, remove_second_factor
from mailer.accounts.signed_in import me
from mailer.errors import Refusal, choice_in
from mailer.input_limits import page_number
from mailer.manager import queries, services
from mailer.manager.blueprint import bp
from mailer.manager.forms import LimitsForm, PermissionsForm, ReasonForm, RoleForm
from mailer.manager.labels import permission_labels, role_labels
from mailer.models.user import Role, User
from mailer.searching import searched


@bp.get("/users/<int:user_id>")
@requires(Permission.OVERSEE)
def user(user_id: int) -> ResponseReturnValue:
    """The user's page."""
    return _page(queries.person_named(user_id))


@bp.post("/users/<int:user_id>/block")
@requires(Permission.BLOCK_USERS)
def block(user_id: int) -> ResponseReturnValue:
    """Keep somebody out and stop their mail."""
    person, form = _user_to_judge(user_id), ReasonForm()
    if not form.validate_on_submit():
        return _page(person, block_form=form), 422
    try:
        services.block(person, form.text, me())
    except Refusal as refusal:
        return _refused(person, refusal)
    flash(
        _("%(name)s is blocked: signed out everywhere, and nothing more is sent.", name=person.display_name), "success"
    )
    return _to_page(user_id)


@bp.post("/users/<int:user_id>/unblock")
@requires(Permission.BLOCK_USERS)
def unblock(user_id: int) -> ResponseReturnValue:
    """Let somebody in again."""
    person = _user_to_judge(user_id)
    try:
        services.unblock(person)
    except Refusal as refusal:
        return _refused(person, refusal)
    flash(_("%(name)s can log in again.", name=person.display_name), "success")
    return _to_page(user_id)


@bp.post("/users/<int:user_id>/limits")
@requires(Permission.SET_LIMITS)
def limits(user_id: int) -> ResponseReturnValue:
    """Set how much somebody may send."""
    person, form = _user_to_judge(user_id), LimitsForm()
    if not form.validate_on_submit():
        return _page(person, limits_form=form), 422
    services.set_limits(person, form.daily_limit.data, form.needs_approval.data)
    flash(_("Limits saved. They apply from the next run."), "success")
    return _to_page(user_id)


@bp.post("/users/<int:user_id>/role")
@requires(Permission.ADMINISTER)
def role(user_id: int) -> ResponseReturnValue:
    """Give somebody another role."""
    person, form = queries.person_named(user_id), RoleForm()
    if not form.validate_on_submit():
        return _page(person, role_form=form), 422
    try:
        services.change_role(person, form.role.data)
    except Refusal as refusal:
        return _refused(person, refusal)
    flash(_("%(name)s is now: %(role)s.", name=person.display_name, role=role_labels()[person.role]), "success")
    return _to_page(user_id)


@bp.post("/users/<int:user_id>/permissions")
@requires(Permission.ADMINISTER)
def permissions(user_id: int) -> ResponseReturnValue:
    """Grant and take back single permissions."""
    person, form = queries.person_named(user_id), PermissionsForm()
    if not form.validate_on_submit():
        return _page(person, permissions_form=form), 422
    try:
        services.set_permissions(person, form.granted.data or [])
    except Refusal as refusal:
        return _refused(person, refusal)
    flash(_("The permissions of %(name)s are saved. They were signed out.", name=person.display_name), "success")
    return _to_page(user_id)


@bp.post("/users/<int:user_id>/end-sessions")
@requires(Permission.ADMINISTER)
def end_sessions(user_id: int) -> ResponseReturnValue:
    """Sign somebody out everywhere."""
    count = services.end_sessions(queries.person_named(user_id))
    flash(ngettext("One device is signed out.", "%(num)s devices are signed out.", count), "success")
    return _to_page(user_id)


@bp.post("/users/<int:user_id>/reset-second-factor")
@requires(Permission.ADMINISTER)
def reset_second_factor(user_id: int) -> ResponseReturnValue:
    """Let somebody who lost their codes log in with the password alone."""
    person = queries.person_named(user_id)
    remove_second_factor(person)
    flash(_("%(name)s now logs in with the password alone.", name=person.display_name), "success")
    return _to_page(user_id)


def _page(person: User, **forms: object) -> str:
    filled = {
        "block_form": ReasonForm(formdata=None),
        "limits_form": LimitsForm(formdata=None, obj=person),
        "role_form": RoleForm(formdata=None, obj=person),
        "permissions_form": PermissionsForm(formdata=None),
    }
    return render_template(
        "manager/user.html",
        person=person,
        figures=queries.figures_of(person),
        mailings=queries.mailings_of(person),
        blocker=queries.blocker_of(person),
        roles=role_labels(),
        permissions=permission_labels(),
        may_judge=_may_judge(person),
        has_second_factor=has_second_factor(person),
        **(filled | forms),
    )


def _refused(person: User, refusal: Refusal) -> ResponseReturnValue:
    flash(str(refusal), "danger")
    return _page(person), 409


def _to_page(user_id: int) -> ResponseReturnValue:
    return redirect(url_for("manager.user", user_id=user_id), 303)


@bp.get("")
@requires(Permission.OVERSEE)
def index() -> ResponseReturnValue:
    """All users with their figures."""
    search = searched(request.args)
    role, state = choice_in(request.args, "role", set(Role)), choice_in(request.args, "state", queries.STATE_IS)
    page = queries.users_page(search, page_number(), role, state)
    return render_template(
        "manager/index.html",
        page=page,
        work=queries.work_of(page.items),
        roles=role_labels(),
        q=search,
        role=role,
        state=state,
    )


def _user_to_judge(user_id: int) -> User:
    """A plain user, or for administrators anybody but themselves; 403 for the others."""
    person = queries.person_named(user_id)
    if not _may_judge(person):
        abort(403)
    return person


def _may_judge(person: User) -> bool:
    """Whether the person signed in may block or limit somebody at all: staff is judged by admins only."""
    return person.id != current_user.id and (not person.is_staff or current_user.can(Permission.ADMINISTER))
