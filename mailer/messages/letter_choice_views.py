"""How to write a new message: from a starter, a template of one's own, an earlier letter; and the owner's look."""

from __future__ import annotations

from dataclasses import replace

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_required

from mailer.access import Permission, get_own_editable, requires
from mailer.composing.placeholders import PlaceholderError
from mailer.errors import choice_in
from mailer.extensions import limiter
from mailer.forms import name_of_copy
from mailer.letters.compiling import Scheme
from mailer.letters.document import Letter, LetterTheme
from mailer.letters.shapes import DocumentError, plain
from mailer.letters.starters import LANGUAGES, NAMES, starter
from mailer.limiting import per_user
from mailer.messages import letter_desk, letter_parts, letter_store, queries
from mailer.messages.letter_desk import work_on
from mailer.messages.letter_fields import fields_of, posted
from mailer.messages.letter_labels import STARTERS
from mailer.messages.letter_store import TemplateRefused
from mailer.messages.preview import look_at
from mailer.messages.services import MessageRefused
from mailer.messages.views import as_mail, bp
from mailer.models.letter import OwnBlocks, OwnTemplate
from mailer.models.message import Message, MessageKind
from mailer.sending.attachments import files_of


@bp.get("/write")
@requires(Permission.SEND)
def choose() -> str:
    """The ways to write a message."""
    language = choice_in(request.args, "language", LANGUAGES, "ru" if current_user.language == "ru" else "en")
    return render_template(
        "messages/choose.html",
        starters=[(name, *STARTERS[name]) for name in NAMES],
        language=language,
        templates=letter_store.templates_of(current_user.id),
        own_blocks=letter_store.blocks_of(current_user.id),
        earlier=queries.letters_of(current_user.id),
        has_theme=letter_store.theme_of(current_user.id) is not None,
    )


@bp.post("/write/starter")
@requires(Permission.SEND)
@limiter.limit("60 per hour", key_func=per_user)
def begin_with_starter() -> ResponseReturnValue:
    """A new message from one of our starters."""
    name, language = request.form.get("starter"), request.form.get("language")
    if name not in NAMES or language not in LANGUAGES:
        abort(400)
    letter = starter(name, language)
    return _begin(letter_store.in_the_owners_look(letter, current_user))


@bp.post("/<int:message_id>/letter/again")
@login_required
@limiter.limit("60 per hour", key_func=per_user)
def begin_with_earlier(message_id: int) -> ResponseReturnValue:
    """A new message of the blocks of an earlier one."""
    message = get_own_editable(Message, message_id, current_user)
    if message.kind is not MessageKind.BLOCKS:
        abort(404)
    letter = work_on(message).letter
    name = letter.head.name and name_of_copy(letter.head.name, 150)
    return _begin(replace(letter, head=replace(letter.head, name=name)), message)


@bp.post("/templates/<int:template_id>")
@requires(Permission.SEND)
@limiter.limit("60 per hour", key_func=per_user)
def begin_with_template(template_id: int) -> ResponseReturnValue:
    """A new message from a template of one's own."""
    return _begin(letter_store.letter_of(letter_store.template_of(current_user.id, template_id)))


@bp.post("/templates/<int:template_id>/delete")
@requires(Permission.SEND)
def delete_template(template_id: int) -> ResponseReturnValue:
    """Throw a template away."""
    letter_store.delete_template(letter_store.template_of(current_user.id, template_id))
    flash(_("Template deleted. Emails made from it stay."), "success")
    return redirect(url_for("messages.choose"), 303)


@bp.post("/templates/<int:template_id>/rename")
@requires(Permission.SEND)
def rename_template(template_id: int) -> ResponseReturnValue:
    """Call a template otherwise."""
    return _rename(letter_store.template_of(current_user.id, template_id))


@bp.post("/own-blocks/<int:blocks_id>/rename")
@requires(Permission.SEND)
def rename_blocks(blocks_id: int) -> ResponseReturnValue:
    """Call kept blocks otherwise."""
    return _rename(letter_store.own_blocks(current_user.id, blocks_id))


@bp.post("/own-blocks/<int:blocks_id>/delete")
@requires(Permission.SEND)
def delete_blocks(blocks_id: int) -> ResponseReturnValue:
    """Throw kept blocks away."""
    letter_store.delete_blocks(letter_store.own_blocks(current_user.id, blocks_id))
    flash(_("Deleted. Copies in emails stay."), "success")
    return redirect(url_for("messages.choose"), 303)


@bp.post("/<int:message_id>/letter/template")
@login_required
def keep_as_template(message_id: int) -> ResponseReturnValue:
    """Keep the letter on the desk as a template."""
    message = get_own_editable(Message, message_id, current_user)
    letter = work_on(message).letter
    try:
        letter_store.keep_template(current_user, request.form.get("name", ""), letter)
        flash(_("Saved as a template: new messages can start from it."), "success")
        if files_of(message):
            flash(_("Its files stay with this message only: a template has none."), "info")
    except TemplateRefused as refusal:
        flash(str(refusal), "danger")
    return redirect(url_for("messages.letter", message_id=message.id), 303)


@bp.get("/write/starter/<name>.<language>")
@requires(Permission.SEND)
def starter_preview(name: str, language: str) -> Response:
    """A starter in the owner's look, for the small frame that stands for it."""
    if name not in NAMES or language not in LANGUAGES:
        abort(404)
    return _preview(letter_store.in_the_owners_look(starter(name, language), current_user))


@bp.get("/templates/<int:template_id>/preview")
@requires(Permission.SEND)
def template_preview(template_id: int) -> Response:
    """A template of one's own, for its small frame."""
    return _preview(letter_store.letter_of(letter_store.template_of(current_user.id, template_id)))


@bp.route("/theme", methods=["GET", "POST"])
@requires(Permission.SEND)
def theme() -> ResponseReturnValue:
    """Logo, colours and type for new letters."""
    theme = letter_store.theme_of(current_user.id) or LetterTheme()
    raw, faults = plain(theme), []
    if request.method == "POST":
        raw |= posted(LetterTheme, request.form)
        try:
            letter_store.keep_theme(current_user.id, letter_parts.read(LetterTheme, raw))
        except DocumentError as error:
            faults = error.faults
        else:
            flash(_("Saved: new emails start with this style."), "success")
            return redirect(url_for("messages.choose"), 303)
    page = render_template("messages/theme.html", fields=fields_of(LetterTheme, raw, faults), faults=faults)
    return page, 422 if faults else 200


def _rename(row: OwnTemplate | OwnBlocks) -> ResponseReturnValue:
    try:
        letter_store.rename(row, request.form.get("name", ""))
        flash(_("Renamed."), "success")
    except TemplateRefused as refusal:
        flash(str(refusal), "danger")
    return redirect(url_for("messages.choose"), 303)


def _begin(letter: Letter, original: Message | None = None) -> ResponseReturnValue:
    try:
        message = letter_desk.begin(current_user, letter, original)
    except MessageRefused as refusal:
        flash(str(refusal), "danger")
        return redirect(url_for("messages.choose"), 303)
    return redirect(url_for("messages.letter", message_id=message.id, focus="first"), 303)


def _preview(letter: Letter) -> Response:
    draft = letter_desk.draft_of(letter, Scheme.LIGHT)
    try:
        return as_mail(look_at(replace(draft, subject=draft.subject or "-"), current_user, None).mail.html)
    except PlaceholderError:
        return as_mail(draft.html_body)  # braces that are no placeholder, shown as they stand
