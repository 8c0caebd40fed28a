"""Pages of tags: all of them with their numbers, renamed, merged, deleted."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from mailer.access import Permission, requires
from mailer.clients import tag_queries, tags
from mailer.clients.forms import TagForm
from mailer.clients.values import join_tags
from mailer.flashes import refusal_flashed
from mailer.searching import searched

bp = Blueprint("tags", __name__, url_prefix="/tags")
bp.add_app_template_filter(join_tags)


@bp.get("/")
@requires(Permission.SEND)
def index() -> str:
    """All tags, how many clients have each, and what else names it."""
    search = searched(request.args)
    page = tag_queries.page_of_tags(current_user, search)
    places = tag_queries.places_of(current_user, [row.tag for row in page.items])
    return render_template("clients/tags.html", page=page, q=search, places=places)


@bp.post("/rename")
@requires(Permission.SEND)
def rename() -> ResponseReturnValue:
    """Give a tag another name; one that is in use is a merge, which is asked about with its numbers first."""
    tag, form = _asked(request.form.get("tag")), TagForm()
    if tag is None:
        return _no_such_tag()
    if not form.validate():
        flash(form.name.errors[0], "danger")
        return _to_index()
    name = form.name.cleaned[0]
    into = tag_queries.namesake(current_user.id, tag, name)
    if into is not None:
        merge = tag_queries.merge_of(current_user.id, tag, into)
        if request.form.get("confirmed") != merge.stamp:
            places = tag_queries.places_of(current_user, [tag])[tag]
            return render_template("clients/tag_merge.html", merge=merge, places=places), 409
    with refusal_flashed():
        count = tags.rename_tag(current_user, tag, into or name)
        text = _("The tag is now called “%(name)s”.", name=into or name)
        flash(text + " " + ngettext("%(num)s client changed.", "%(num)s clients changed.", count), "success")
    return _to_index()


@bp.route("/delete", methods=["GET", "POST"])
@requires(Permission.SEND)
def delete() -> ResponseReturnValue:
    """Ask, with the number of people, and take a tag from all of them."""
    tag = _asked(request.values.get("tag"))
    if tag is None:
        return _no_such_tag()
    if request.method != "POST":
        places = tag_queries.places_of(current_user, [tag])[tag]
        count = tag_queries.count_with(current_user.id, tag)
        return render_template("clients/tag_delete.html", tag=tag, client_count=count, places=places)
    with refusal_flashed():
        count = tags.delete_tag(current_user, tag)
        text = _("The tag “%(name)s” is deleted.", name=tag)
        flash(text + " " + ngettext("%(num)s client changed.", "%(num)s clients changed.", count), "success")
    return _to_index()


def _asked(typed: str | None) -> str | None:
    """The tag a form is about, if there is such a one."""
    is_possible = typed is not None and 0 < len(typed) <= 50 and typed.isprintable()
    return typed if is_possible and tag_queries.is_known(current_user.id, str(typed)) else None


def _no_such_tag() -> ResponseReturnValue:
    flash(_("There is no such tag."), "warning")
    return _to_index()


def _to_index() -> ResponseReturnValue:
    return redirect(url_for("clients.tags.index"), 303)
