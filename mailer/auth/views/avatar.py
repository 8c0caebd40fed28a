"""The picture of a profile: take, remove, show."""

from __future__ import annotations

from flask import abort, current_app, flash, redirect, render_template, send_from_directory, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from mailer import limiting
from mailer.accounts.signed_in import me
from mailer.auth import pictures, services
from mailer.auth.forms import AvatarForm, ProfileForm
from mailer.auth.views.blueprint import bp, signed_in
from mailer.pictures import BadPicture


@bp.post("/profile/avatar")
@signed_in
@limiting.pictures
def set_avatar() -> ResponseReturnValue:
    """Take a picture."""
    form = AvatarForm()
    if form.validate_on_submit():
        try:
            services.set_avatar(me(), form.picture.data.stream)
        except BadPicture as refusal:
            form.picture.errors = [str(refusal)]
        else:
            flash(_("Your picture has been updated."), "success")
            return redirect(url_for("auth.profile"), 303)
    profile_form = ProfileForm(formdata=None, obj=current_user)
    return render_template("auth/profile.html", form=profile_form, avatar_form=form), 422


@bp.post("/profile/avatar/remove")
@signed_in
def remove_avatar() -> ResponseReturnValue:
    """Go back to initials."""
    services.remove_avatar(me())
    flash(_("Your picture has been removed."), "success")
    return redirect(url_for("auth.profile"), 303)


@bp.get("/media/avatars/<name>")
def avatar(name: str) -> ResponseReturnValue:
    """The picture itself, under a name that changes with it and so may be kept for ever."""
    if not pictures.NAME.fullmatch(name):
        abort(404)
    folder = pictures.folder(current_app.config["MEDIA_DIR"])
    response = send_from_directory(folder, name, mimetype="image/webp")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
