"""The profile."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, refresh
from flask_babel import gettext as _
from flask_login import current_user

from mailer.accounts.signed_in import me
from mailer.auth import services
from mailer.auth.forms import AvatarForm, ProfileForm
from mailer.auth.views.blueprint import bp, signed_in


@bp.route("/profile", methods=["GET", "POST"])
@signed_in
def profile() -> ResponseReturnValue:
    """Name, telephone, country, time zone, language, picture."""
    form = ProfileForm(obj=current_user)
    if not form.validate_on_submit():
        page = render_template("auth/profile.html", form=form, avatar_form=AvatarForm(formdata=None))
        return page, 422 if form.errors else 200
    services.update_profile(
        me(),
        services.Profile(
            name=form.name.data or "",
            phone=form.phone.data or "",
            country=form.country.data or "",
            timezone=form.timezone.data or "",
            language=form.language.data,
        ),
    )
    refresh()  # the answer is already in the language just chosen
    with force_locale(current_user.language):
        flash(_("Your profile is saved."), "success")
    return redirect(url_for("auth.profile"), 303)
