"""People of a mailing who read another language than its message is written in."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import Select, func

from mailer.extensions import db
from mailer.http import language_name
from mailer.models.client import Client
from mailer.models.message import Message
from mailer.segments.leaves import names_field
from mailer.sending.parts_for_some import written_out

NAMED = 3  # languages; what is beyond stands for itself in the number


def other_languages_text(message: Message, people: Select[Any]) -> list[Markup]:
    """A word about those of `people` (a SELECT of clients) who are known to read another language, and the way to a
    segment of the others. Nothing where parts of the message are for speakers of a language."""
    if any(names_field(tree, "language") for tree in written_out(message).values()):
        return []
    other = Client.language.not_in(["", message.language])
    counted = people.with_only_columns(Client.language, func.count()).where(other).order_by(None)
    found = db.session.execute(counted.group_by(Client.language).order_by(func.count().desc(), Client.language)).all()
    total = sum(count for _code, count in found)
    if not total:
        return []
    named = [f"{language_name(code)}\N{NO-BREAK SPACE}— {format_decimal(count)}" for code, count in found[:NAMED]]
    words = ngettext(
        "%(count)s of these people reads another language than this message (%(language)s): %(others)s.",
        "%(count)s of these people read another language than this message (%(language)s): %(others)s.",
        total,
        count=format_decimal(total),
        language=language_name(message.language),
        others=", ".join(named) + (" …" if len(found) > NAMED else ""),
    )
    address = url_for("clients.segments.new", language=message.language)
    return [Markup('{} <a href="{}">{}</a>').format(words, address, _("Make a segment by language"))]
