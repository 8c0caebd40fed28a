"""The page that looks a message over before it is sent."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask_login import current_user, login_required

from mailer.access import Permission, get_visible
from mailer.extensions import limiter
from mailer.letters.document import from_json
from mailer.letters.starters import examples_left
from mailer.limiting import per_user
from mailer.long_work import previewing
from mailer.messages import examining, queries
from mailer.messages.check import check
from mailer.messages.check_labels import said_of
from mailer.messages.examination_labels import said_of_links, said_of_people
from mailer.messages.labels import typed_name
from mailer.messages.letter_desk import blocks_of_nobody
from mailer.messages.letter_labels import block_title, part_title
from mailer.messages.views import bp
from mailer.models.examination import ExaminationKind
from mailer.models.mailing import Mailing
from mailer.models.message import Message, MessageKind


@bp.get("/<int:message_id>/check")
@login_required
@limiter.limit("60 per minute", key_func=per_user)
@previewing.on()
def show_check(message_id: int) -> str:
    """What its readers would miss, with what to do; for a mailing's people where `mailing` names one."""
    message = get_visible(Message, message_id, current_user)
    mailing = queries.mailing_using(message, queries.id_or_none(request.args.get("mailing")))
    checked = check(message, queries.owner_of(message), mailing)
    return render_template(
        "messages/check.html",
        message=message,
        mailing=mailing,
        checked=checked,
        lacking={typed_name(name): count for name, count in checked.lacking.items()},
        findings=[(finding, *said_of(finding)) for finding in checked.findings],
        mailings=queries.mailings_using(message),
        **_of_blocks(message),
        is_own=message.owner_id == current_user.id,
        parts=[examination_part(message, mailing, kind) for kind in ExaminationKind],
    )


def _of_blocks(message: Message) -> dict[str, Any]:
    """What only a letter of blocks knows: parts that still hold a starter's words, and blocks that nobody gets."""
    if message.kind is not MessageKind.BLOCKS:
        return {"examples": {}, "of_nobody": {}}
    letter = from_json(message.document)
    return {
        "examples": {part: part_title(letter, part) for part in examples_left(letter)},
        "of_nobody": {each.id: block_title(each) for each in blocks_of_nobody(letter, queries.owner_of(message))},
    }


def examination_part(message: Message, mailing: Mailing | None, kind: ExaminationKind) -> dict[str, Any]:
    """What the part of the page says that a worker looks for."""
    found = examining.latest(message, kind)
    return {
        "message": message,
        "mailing": mailing,
        "kind": kind,
        "found": found,
        "is_stale": found is not None and found.message_version != message.version,
        "is_of_others": found is not None
        and kind is ExaminationKind.PEOPLE
        and found.mailing_id != (mailing.id if mailing is not None else None),
        "links": said_of_links(found) if found is not None else [],
        "people": said_of_people(found) if found is not None else [],
        "may_ask": message.owner_id == current_user.id and current_user.can(Permission.SEND),
    }
