"""Segments: conditions under a name, evaluated anew whenever they are used."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, select

from mailer.clients.segment_queries import letters_with, mailings_with, segments_within
from mailer.errors import Refusal, refused_by
from mailer.extensions import db
from mailer.locks import FOR_CHANGE
from mailer.models.client import UNIQUE_FILTER_NAME, ClientFilter
from mailer.models.user import User
from mailer.sending.series import uses as series_uses

MOST_SEGMENTS = 200  # of an owner


class SegmentInUse(Refusal):
    """A mailing or another segment needs it."""


class SegmentRefused(Refusal):
    """The name is taken, or there are too many."""


def save_segment(owner: User, name: str, tree: dict[str, Any], segment: ClientFilter | None = None) -> ClientFilter:
    """Keep `tree` under a name, as a new segment or in place of what `segment` was; raises `SegmentRefused`."""
    taken = SegmentRefused(_("You already have a segment called “%(name)s”.", name=name))
    if segment is None:
        db.session.execute(select(User.id).where(User.id == owner.id).with_for_update(**FOR_CHANGE))
        count = db.session.scalar(select(func.count()).where(ClientFilter.owner_id == owner.id)) or 0
        if count >= MOST_SEGMENTS:
            db.session.rollback()
            raise SegmentRefused(_("There can be %(limit)s segments. Delete one first.", limit=MOST_SEGMENTS))
        segment = ClientFilter(owner_id=owner.id)
        db.session.add(segment)
    segment.name, segment.tree = name, tree
    with refused_by(UNIQUE_FILTER_NAME, taken):
        db.session.commit()
    return segment


def delete_segment(segment: ClientFilter) -> None:
    """Forget it; raises `SegmentInUse`, naming them, while mailings, series or other segments have it."""
    names = [mailing.name for mailing in mailings_with(segment)] + [one.name for one in segments_within(segment)]
    names += series_uses.with_segment(segment.owner_id, segment.id)
    if names:
        raise SegmentInUse(
            ngettext(
                "%(names)s takes people from this segment. Choose others there first.",
                "%(names)s take people from this segment. Choose others there first.",
                len(names),
                names=", ".join(f"“{name}”" for name in names[:5]),
            )
        )
    if letters := letters_with(segment):
        named = ", ".join(f"“{name}”" for name in letters)
        raise SegmentInUse(
            _("Blocks are shown depending on this segment in: %(names)s. Change that first.", names=named)
        )
    db.session.delete(segment)
    db.session.commit()
