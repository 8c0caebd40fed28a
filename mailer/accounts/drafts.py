"""Drafts: what people have typed is kept until it is saved, thrown away, or two months old."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from flask_babel import gettext as _
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from mailer.clock import utcnow
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.locks import waiting_for
from mailer.models.draft import Draft

MAX_DRAFTS = 30  # of one person that they or their pages asked for
MAX_RESCUED = 10  # of one person, kept since a session had ended: the oldest make room
MAX_SIZE = 800_000  # characters of one: two bodies of a message as large as they may be, and the rest
MAX_FIELDS = 1500
KEPT_FOR = timedelta(days=60)
_NEVER = re.compile(r"csrf_token|form_author|do|draft|kept|draft_.*|.*(password|secret|token|code).*", re.IGNORECASE)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
TITLES = ("title", "name", "subject", "email")

Fields = list[list[str]]


class Kept(NamedTuple):
    """A draft, and how many old ones were thrown away to make room for it."""

    draft: Draft
    gone_count: int


class DraftRefused(Refusal):
    """Too large, or one too many."""


def storable(pairs: Iterable[tuple[str, str]]) -> Fields:
    """The fields of a form that may be kept: no secrets, nothing that the database cannot hold. Raises DraftRefused."""
    kept = [[name, _UNSTORABLE.sub("", value)] for name, value in pairs if not _NEVER.fullmatch(name)]
    if len(kept) > MAX_FIELDS or sum(len(name) + len(value) for name, value in kept) > MAX_SIZE:
        raise DraftRefused(_("This is too large to keep as a draft."))
    return [[_UNSTORABLE.sub("", name), value] for name, value in kept]


def keep(owner_id: int, key: str, endpoint: str, path: str, fields: Fields, *, is_asked_for: bool) -> Kept:
    """Keep the fields under that key, in place of those kept before; commits. Raises DraftRefused."""
    db.session.execute(waiting_for(f"drafts of {owner_id}"))
    gone_count = _make_room(owner_id, key, is_asked_for=is_asked_for)
    values = {
        "endpoint": endpoint,
        "path": path,
        "title": _title(fields),
        "fields": fields,
        "is_asked_for": is_asked_for,
        "saved_at": utcnow(),
    }
    statement = (
        insert(Draft)
        .values(owner_id=owner_id, key=key, **values)
        .on_conflict_do_update(index_elements=["owner_id", "key"], set_=values)
        .returning(Draft)
    )
    draft = db.session.scalars(statement, execution_options={"populate_existing": True}).one()
    db.session.commit()
    return Kept(draft, gone_count)


def find(owner_id: int, draft_id: int) -> Draft | None:
    """That draft, if it is this person's."""
    return db.session.scalar(select(Draft).where(Draft.id == draft_id, Draft.owner_id == owner_id))


def find_by_key(owner_id: int, key: str) -> Draft | None:
    """What is kept under this key."""
    return db.session.scalar(select(Draft).where(Draft.owner_id == owner_id, Draft.key == key))


def of_forms(owner_id: int, endpoints: Sequence[str]) -> list[Draft]:
    """The person's drafts of these forms, the latest first."""
    query = select(Draft).where(Draft.owner_id == owner_id, Draft.endpoint.in_(endpoints))
    return list(db.session.scalars(query.order_by(Draft.saved_at.desc(), Draft.id.desc())))


def forget(owner_id: int, key: str) -> None:
    """It is saved, or not wanted any more; commits."""
    db.session.execute(delete(Draft).where(Draft.owner_id == owner_id, Draft.key == key))
    db.session.commit()


def forget_old(now: datetime) -> int:
    """Delete what nobody has touched for two months; how many. Commits."""
    count = db.session.execute(delete(Draft).where(Draft.saved_at < now - KEPT_FOR)).rowcount  # type: ignore[attr-defined]
    db.session.commit()
    return int(count)


def _make_room(owner_id: int, key: str, *, is_asked_for: bool) -> int:
    alike = (Draft.owner_id == owner_id, Draft.is_asked_for.is_(is_asked_for), Draft.key != key)
    oldest: list[int] = []
    others = select(Draft.id).where(*alike).order_by(Draft.saved_at.desc())
    if not is_asked_for:
        oldest = list(db.session.scalars(others.offset(MAX_RESCUED - 1)))
        db.session.execute(delete(Draft).where(Draft.id.in_(oldest)))
    elif len(list(db.session.scalars(others))) >= MAX_DRAFTS:
        db.session.rollback()
        raise DraftRefused(
            _("You already have %(count)s drafts. Finish or discard some of them first.", count=MAX_DRAFTS)
        )
    return len(oldest)


def _title(fields: Fields) -> str:
    """What its writer will know it by; may be empty."""
    typed = {name: value.strip() for name, value in reversed(fields)}
    return next((" ".join(typed[name].split())[:200] for name in TITLES if typed.get(name)), "")
