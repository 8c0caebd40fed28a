"""The library's pages, and the pictures themselves, which everybody may see who has the address."""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user, login_required
from werkzeug.datastructures import FileStorage

from mailer.access import Permission, get_own_deleted, get_own_editable, requires
from mailer.errors import Busy, Refusal
from mailer.extensions import limiter
from mailer.flashes import flash_undo
from mailer.input_limits import page_number, whole_number
from mailer.limiting import per_user, say_when
from mailer.media import queries, services
from mailer.media.addresses import FILE_NAME, PATH, as_json, public_url
from mailer.media.services import Crop
from mailer.models.picture import ALT_LENGTH, NAME_LENGTH, Picture
from mailer.picture_names import KINDS, YEAR_SECONDS, StoreAway
from mailer.picture_store import media_store
from mailer.searching import searched

bp = Blueprint("media", __name__)
bp.add_app_template_filter(as_json, "picture_json")

MOST_AT_ONCE = 30  # files of one upload


@bp.get(f"{PATH}<name>")
def show_file(name: str) -> Response:
    """A picture, for whoever opens the letter: no cookie, kept for ever. Its owner may have hidden it since."""
    match = FILE_NAME.fullmatch(name)
    picture = queries.by_public_id(match[1]) if match else None
    if picture is None or match is None or match[2] != picture.extension:
        abort(404)
    response = make_response()
    response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.mimetype = KINDS[picture.extension]
    response.set_etag(picture.digest)
    response.make_conditional(request)
    if response.status_code == 200:
        content = media_store().read(picture.file)
        if content is None:
            abort(404)
        response.set_data(content)
    return response


@bp.get("/media")
@requires(Permission.SEND)
def index() -> str:
    """The library."""
    search = searched(request.args)
    page = queries.pictures_page(current_user, search, page_number())
    used = queries.used_bytes(current_user.id)
    return render_template("media/index.html", page=page, q=search, used=used, quota=services.QUOTA_BYTES)


@bp.get("/media/picker")
@requires(Permission.SEND)
@limiter.limit("240 per minute", key_func=per_user)
def picker() -> ResponseReturnValue:
    """A piece of page: pictures to choose one of, as buttons with `data-picture`. As JSON for who asks for that."""
    search = searched(request.args)
    page = queries.pictures_page(current_user, search, page_number())
    if request.accept_mimetypes.best == "application/json":
        following = page.next_num if page.has_next else None
        return jsonify(pictures=[as_json(picture) for picture in page.items], next_page=following)
    return render_template("media/_picker.html", page=page, q=search)


@bp.post("/media")
@requires(Permission.SEND)
@limiter.limit("600 per hour", key_func=per_user, on_breach=say_when)
def upload() -> ResponseReturnValue:
    """Keep pictures (`pictures`, several): 201 with those kept and those refused, 422 when none was kept."""
    files = [file for file in request.files.getlist("pictures") if file.filename]
    kept, refused = _kept_of(files[:MOST_AT_ONCE])
    refused += [(file.filename or "", _("Too many files at once.")) for file in files[MOST_AT_ONCE:]]
    if request.accept_mimetypes.best == "application/json":
        reasons = [{"name": services.name_of(name), "reason": reason} for name, reason in refused]
        status = 201 if kept else 422
        return jsonify(pictures=[as_json(picture) for picture in kept], refused=reasons), status
    if not files:
        flash(_("Choose a picture first."), "warning")
    for name, reason in refused:
        flash(f"{services.name_of(name)}: {reason}", "danger")
    if kept:
        flash(ngettext("%(num)s picture added.", "%(num)s pictures added.", len(kept)), "success")
    return redirect(url_for("media.index"), 303)


@bp.route("/media/<int:picture_id>", methods=["GET", "POST"])
@login_required
def show(picture_id: int) -> ResponseReturnValue:
    """One picture: what it says, where it is shown; changes of what is said of it."""
    picture = get_own_editable(Picture, picture_id, current_user)
    if request.method == "POST":
        name, alt = request.form.get("name", ""), request.form.get("alt", "")
        if len(name) <= NAME_LENGTH and len(alt) <= ALT_LENGTH:
            services.describe(picture, name, alt, "is_decorative" in request.form)
            flash(_("Saved."), "success")
            return redirect(url_for("media.show", picture_id=picture.id), 303)
        flash(_("Make it shorter: %(limit)s characters at most.", limit=ALT_LENGTH), "danger")
        return _page_of(picture), 422
    return _page_of(picture)


@bp.post("/media/<int:picture_id>/cut")
@login_required
@limiter.limit("600 per hour", key_func=per_user, on_breach=say_when)
def cut(picture_id: int) -> ResponseReturnValue:
    """A part of it, or another size, as a new picture."""
    picture = get_own_editable(Picture, picture_id, current_user)
    try:
        numbers = [whole_number(request.form.get(name, "")) for name in ("left", "top", "width", "height", "scaled_to")]
        new = services.cut(current_user, picture, Crop(*numbers))
    except ValueError:
        flash(_("Enter whole numbers of pixels."), "danger")
        return _page_of(picture), 422
    except Refusal as refusal:
        flash(str(refusal), "danger")
        return _page_of(picture), 422
    flash(_("This is the new picture. Emails keep showing the former one."), "success")
    return redirect(url_for("media.show", picture_id=new.id), 303)


@bp.post("/media/<int:picture_id>/delete")
@login_required
def delete(picture_id: int) -> ResponseReturnValue:
    """Hide it, with a way back."""
    picture = get_own_editable(Picture, picture_id, current_user)
    services.hide(picture)
    flash_undo(_("Picture deleted."), url_for("media.restore", picture_id=picture.id))
    return redirect(url_for("media.index"), 303)


@bp.post("/media/<int:picture_id>/restore")
@requires(Permission.SEND)
def restore(picture_id: int) -> ResponseReturnValue:
    """Bring it back."""
    services.restore(get_own_deleted(Picture, picture_id, current_user))
    flash(_("Picture restored."), "success")
    return redirect(url_for("media.show", picture_id=picture_id), 303)


def _kept_of(files: list[FileStorage]) -> tuple[list[Picture], list[tuple[str, str]]]:
    kept, refused = [], []
    for number, file in enumerate(files):
        try:
            kept.append(services.add_picture(current_user, file.stream, file.filename or ""))
        except Refusal as refusal:
            refused.append((file.filename or "", str(refusal)))
        except StoreAway:
            if not number:
                raise  # nothing was kept, as the page says
            refused.append((file.filename or "", _("The picture storage did not answer. Upload this one again.")))
        except Busy:
            if not number:
                raise  # nothing was kept: whoever asks again in some seconds loses nothing
            refused.append((file.filename or "", _("The server was busy. Upload this one again.")))
    return kept, refused


def _page_of(picture: Picture) -> str:
    return render_template(
        "media/show.html",
        picture=picture,
        address=public_url(picture),
        messages=queries.messages_showing(picture),
        sent_count=queries.sent_runs(picture),
        alt_length=ALT_LENGTH,
        name_length=NAME_LENGTH,
    )
