"""The rules by which a provider's recipients get only so many mails a minute."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from mailer.composing.headers import HeaderError, ascii_address
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.models.recipient_pace import RecipientPace
from mailer.recipient_domains import GROUPS, group_of

MOST_RULES = 200


class PaceRefused(Refusal):
    """There cannot be such a rule."""


def read_name(typed: str) -> str:
    """A group of `recipient_domains`, or a domain in ASCII; a domain of a group stands for all of it. Raises
    PaceRefused."""
    name = typed.strip().lower()
    return name if name in GROUPS else group_of(read_domain(name))


def read_domain(typed: str) -> str:
    """A domain in ASCII and lower case, of an address too. Raises PaceRefused."""
    name = typed.strip().lower().rpartition("@")[2].rstrip(".")
    try:
        domain = ascii_address(f"x@{name}").rpartition("@")[2].lower()
    except HeaderError:
        raise PaceRefused(_("This is not a domain, such as example.org.")) from None
    if "." not in domain:
        raise PaceRefused(_("This is not a domain, such as example.org."))
    return domain


def set_rule(name: str, per_minute: int) -> None:
    """From now on so many a minute. Raises PaceRefused for one rule too many."""
    others = select(func.count()).where(RecipientPace.per_minute.is_not(None), RecipientPace.name != name)
    if (db.session.scalar(others) or 0) >= MOST_RULES:
        raise PaceRefused(
            _("There are already %(count)s rules, the most there can be. Remove one first.", count=MOST_RULES)
        )
    row = insert(RecipientPace).values(name=name, per_minute=per_minute)
    # Moments that were given under another rule hold no more for those who come now.
    changed = {"per_minute": per_minute, "next_free": func.now()}
    db.session.execute(row.on_conflict_do_update(index_elements=["name"], set_=changed))
    db.session.commit()


def end_rule(name: str) -> bool:
    """No limit of ours any more; what its servers said still counts. Whether there was one."""
    return _end(name, RecipientPace.per_minute, {"per_minute": None}, RecipientPace.heard_at)


def end_rest(name: str) -> bool:
    """Forget what its servers said: it rests no longer, and only the rule holds. Whether anything was known."""
    forgotten = {"learned_per_minute": None, "heard_at": None, "rests_until": None, "rest_minutes": 0, "heard": ""}
    return _end(name, RecipientPace.heard_at, forgotten, RecipientPace.per_minute)


def _end(name: str, known: Any, values: dict[str, Any], other: Any) -> bool:
    """Take `values` where `known` is there; a row that has nothing of the `other` either goes."""
    ended = update(RecipientPace).where(RecipientPace.name == name, known.is_not(None)).values(values)
    if db.session.scalar(ended.returning(RecipientPace.name)) is None:
        db.session.rollback()
        return False
    db.session.execute(delete(RecipientPace).where(RecipientPace.name == name, other.is_(None)))
    db.session.commit()
    return True


def paces() -> list[RecipientPace]:
    """All of them, by name."""
    return list(db.session.scalars(select(RecipientPace).order_by(RecipientPace.name).limit(2 * MOST_RULES)))
