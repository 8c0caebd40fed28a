"""The page on which a block's own conditions are built; with script it opens above the letter."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_required

from mailer import owner_choices
from mailer.errors import Conflict
from mailer.extensions import limiter
from mailer.letters.document import PlacedBlock
from mailer.letters.kinds import UnsubscribeBlock
from mailer.letters.shapes import DocumentError
from mailer.limiting import per_user
from mailer.messages import letter_people
from mailer.messages.letter_desk import LetterWork, TooLarge, work_on
from mailer.messages.letter_labels import block_title
from mailer.messages.letter_views import gone, own_letter
from mailer.messages.views import bp
from mailer.models.message import Message
from mailer.segments import builder
from mailer.segments.builder import Group
from mailer.segments.scope import ConditionScope, scope_of


@bp.route("/<int:message_id>/letter/block/<block_id>/people", methods=["GET", "POST"])
@login_required
@limiter.limit("240 per minute", key_func=per_user)
def letter_people_of(message_id: int, block_id: str) -> ResponseReturnValue:
    """Who gets the block: conditions to fill in (`do` adds and removes them), and kept."""
    message = own_letter(message_id)
    work = work_on(message)
    placed = work.letter.find(block_id)
    if placed is None or isinstance(placed.block, UnsubscribeBlock):
        return gone(message)
    scope = scope_of(current_user)
    if request.method != "POST":
        return _page(message, work, placed, letter_people.group_of(placed, scope), scope)
    root = builder.read(request.form, scope)
    if request.form.get("do"):
        return _page(message, work, placed, root, scope)
    tree = builder.tree_of(root, scope)
    if tree is None:
        return _page(message, work, placed, root, scope), 422
    try:
        letter_people.keep(message, block_id, tree, request.form.get("seen", ""))
    except KeyError:  # another window was faster
        return gone(message)
    except (Conflict, TooLarge) as refusal:
        flash(str(refusal), "danger")
        status = 409 if isinstance(refusal, Conflict) else 422
        return _page(message, work_on(message), placed, root, scope), status
    except DocumentError:
        root.error = _("There are too many conditions, or groups too deep in each other.")
        return _page(message, work, placed, root, scope), 422
    return redirect(url_for("messages.letter", message_id=message.id, part=block_id, focus="people-of-block"), 303)


def _page(message: Message, work: LetterWork, placed: PlacedBlock, root: Group, scope: ConditionScope) -> str:
    values = builder.page_values(current_user, root, scope, owner_choices.tags(current_user.id))
    return render_template(
        "messages/letter_people.html",
        message=message,
        placed=placed,
        name=block_title(placed),
        seen=letter_people.stamp(work.letter, placed.id),
        **values,
    )
