"""The owner's page of topics."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from mailer import owner_choices
from mailer.access import Permission, get_own_editable, requires
from mailer.errors import Refusal
from mailer.models.topic import MOST_TOPICS, Topic
from mailer.preferences import topics
from mailer.preferences.topic_forms import TopicForm

bp = Blueprint("topics", __name__, url_prefix="/clients/topics")


@bp.route("/", methods=["GET", "POST"])
@requires(Permission.SEND)
def index() -> ResponseReturnValue:
    """The topics, and one more."""
    form = TopicForm()
    if form.is_submitted() and form.validate():
        try:
            topics.add_topic(current_user, form.tag.cleaned[0], form.label.cleaned, form.hint.cleaned or "")
        except Refusal as refusal:
            form.tag.errors = [str(refusal)]
        else:
            flash(_("Topic added. Readers find it through the link in every email."), "success")
            return redirect(url_for("topics.index"), 303)
    page = render_template(
        "preferences/topics.html",
        form=form,
        topics=topics.with_counts(current_user.id),
        tags=owner_choices.tags(current_user.id),
        most=MOST_TOPICS,
    )
    return page, 422 if form.is_submitted() else 200


@bp.route("/<int:topic_id>/edit", methods=["GET", "POST"])
@requires(*Permission)
def edit(topic_id: int) -> ResponseReturnValue:
    """Call it otherwise."""
    changed = get_own_editable(Topic, topic_id, current_user)
    form = TopicForm(data={"tag": changed.tag, "label": changed.label, "hint": changed.hint})
    if form.is_submitted():
        form.tag.cleaned, form.tag.data, form.tag.raw_data = [changed.tag], changed.tag, [changed.tag]
        if form.validate():
            topics.change_topic(changed, form.label.cleaned, form.hint.cleaned or "")
            flash(_("Changes saved."), "success")
            return redirect(url_for("topics.index"), 303)
    page = render_template("preferences/topic.html", form=form, topic=changed)
    return page, 422 if form.is_submitted() else 200


@bp.post("/<int:topic_id>/delete")
@requires(*Permission)
def delete(topic_id: int) -> ResponseReturnValue:
    """Show the tag to readers no more."""
    topics.delete_topic(get_own_editable(Topic, topic_id, current_user))
    flash(_("Readers no longer see this tag. The tag itself stays."), "success")
    return redirect(url_for("topics.index"), 303)
