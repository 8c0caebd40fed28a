"""What an owner does to own fields: made, renamed, put in order, archived, given another type."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flask_babel import gettext as _
from sqlalchemy import func, select

from mailer.clients.segment_queries import letters_with_field, segments_with_field
from mailer.clients.values import MAX_ATTRIBUTE_NAME
from mailer.clock import utcnow
from mailer.errors import Refusal, refused_by
from mailer.extensions import db
from mailer.locks import FOR_CHANGE
from mailer.models.client import Client
from mailer.models.client_field import (
    MOST_FIELDS,
    MOST_OF_A_TYPE,
    SLOTS,
    UNIQUE_KEY,
    UNIQUE_LABEL,
    ClientField,
    FieldType,
)
from mailer.models.user import User
from mailer.segments.fields import fields_of
from mailer.sending.series import uses as series_uses


class FieldRefused(Refusal):
    """A field cannot be as it was asked for."""


def create_field(
    owner: User, label: str, kind: FieldType, choices: Sequence[str] = (), *, is_listed: bool = False
) -> ClientField:
    """A new field of `owner`; raises `FieldRefused` for a name that is taken and beyond the limits."""
    made = add_field(owner.id, label, kind, choices)
    made.is_listed = is_listed
    db.session.commit()
    return made


def add_field(owner_id: int, label: str, kind: FieldType, choices: Sequence[str] = ()) -> ClientField:
    """`create_field` without a commit."""
    return add_to(fields_to_add_to(owner_id), owner_id, label, kind, choices)


def fields_to_add_to(owner_id: int) -> list[ClientField]:
    """All fields of an owner, whose row is locked: two forms at once do not pass the limit together."""
    db.session.execute(select(User.id).where(User.id == owner_id).with_for_update(**FOR_CHANGE))
    return fields_of(owner_id, with_archived=True)


def add_to(
    known: list[ClientField], owner_id: int, label: str, kind: FieldType, choices: Sequence[str] = ()
) -> ClientField:
    """A new field beside those of `fields_to_add_to`, and among them from now on; raises `FieldRefused`; no commit."""
    if any(one.label.casefold() == label.casefold() for one in known):
        raise _label_taken(label)
    if len(known) >= MOST_FIELDS:
        raise FieldRefused(_("There can be %(limit)s fields. Archived ones count.", limit=MOST_FIELDS))
    made = ClientField(
        owner_id=owner_id,
        key=_free_key(label, {one.key for one in known}),
        label=label,
        type=kind,
        slot=free_slot(kind, known),
        choices=list(choices) if kind is FieldType.CHOICE else [],
        position=max((one.position for one in known), default=0) + 1,
    )
    with refused_by(UNIQUE_LABEL, _label_taken(label)), refused_by(UNIQUE_KEY, _label_taken(label)):
        db.session.add(made)
        db.session.flush()
    known.append(made)
    return made


def ensure_text_fields(owner_id: int, names: Iterable[str]) -> None:
    """A text field for every name that has none, as far as there is room; no commit."""
    wanted, known = list(names), fields_of(owner_id, with_archived=True)
    if all(_has_field(name, known) for name in wanted):
        return
    known = fields_to_add_to(owner_id)
    for name in wanted:
        if not _has_field(name, known) and len(known) < MOST_FIELDS:
            add_to(known, owner_id, name, FieldType.TEXT)


def _has_field(name: str, known: Sequence[ClientField]) -> bool:
    return any(name == one.key or name.casefold() == one.label.casefold() for one in known)


def change_field(changed: ClientField, label: str, choices: Sequence[str], *, is_listed: bool) -> None:
    """Another name, other choices, shown in the list or not; raises `FieldRefused`.

    What placeholders say stays. A choice that clients have stays too: it is named in the refusal.
    """
    if changed.type is FieldType.CHOICE:
        _require_choices(changed, choices)
        changed.choices = list(choices)
    twin = select(ClientField.id).where(
        ClientField.owner_id == changed.owner_id,
        func.lower(ClientField.label) == label.lower(),
        ClientField.id != changed.id,
    )
    with db.session.no_autoflush:
        if db.session.scalar(twin) is not None:
            db.session.rollback()
            raise _label_taken(label)
    changed.label, changed.is_listed = label, is_listed
    with refused_by(UNIQUE_LABEL, _label_taken(label)):
        db.session.commit()


def move_field(moved: ClientField, *, up: bool) -> None:
    """One place up or down among the fields that are shown."""
    order = fields_of(moved.owner_id)
    place = order.index(moved)
    other = place - 1 if up else place + 1
    if 0 <= other < len(order):
        order[place], order[other] = order[other], order[place]
    for position, one in enumerate(order, start=1):
        one.position = position
    db.session.commit()


def archive_field(archived: ClientField) -> None:
    """Take the field off pages and forms; the values stay, and so do the mails that name it.

    Raises `FieldRefused` while a segment compares it.
    """
    require_unused(archived)
    archived.archived_at, archived.is_listed = archived.archived_at or utcnow(), False
    db.session.commit()


def require_unused(field: ClientField) -> None:
    """Raise `FieldRefused`, naming them, while segments compare the field, or people enter series by it."""
    if names := [segment.name for segment in segments_with_field(field.owner_id, field.id)]:
        listed = ", ".join(f"“{name}”" for name in names[:5])
        db.session.rollback()
        raise FieldRefused(_("These segments use this field: %(names)s. Change them first.", names=listed))
    if names := letters_with_field(field.owner_id, field.id):
        listed = ", ".join(f"“{name}”" for name in names)
        db.session.rollback()
        raise FieldRefused(
            _("Blocks are shown depending on this field in: %(names)s. Change that first.", names=listed)
        )
    if names := series_uses.with_field(field.owner_id, field.id):
        listed = ", ".join(f"“{name}”" for name in names[:5])
        db.session.rollback()
        raise FieldRefused(_("People enter series by this field: %(names)s. Change them first.", names=listed))


def restore_field(restored: ClientField) -> None:
    """Show it again."""
    restored.archived_at = None
    db.session.commit()


def values_of(of: ClientField) -> list[tuple[str, int]]:
    """The different values of a field, and how many clients have each."""
    value = Client.attributes[of.key].astext
    query = select(value, func.count()).where(Client.owner_id == of.owner_id, Client.attributes.has_key(of.key))
    return [(raw, count) for raw, count in db.session.execute(query.group_by(value)) if raw]


def _require_choices(of: ClientField, choices: Sequence[str]) -> None:
    gone = [raw for raw, _count in values_of(of) if raw not in choices]
    if gone:
        raise FieldRefused(
            _("Some clients have this choice: %(names)s. Give them another one first.", names=", ".join(gone[:5]))
        )


def free_slot(kind: FieldType, known: Sequence[ClientField]) -> str | None:
    """A slot for values of the type, None where it needs none; raises `FieldRefused` when all are taken."""
    if kind not in SLOTS:
        return None
    taken = {one.slot for one in known}
    for slot in SLOTS[kind]:
        if slot not in taken:
            return slot
    raise FieldRefused(_("There can be %(limit)s fields of one type.", limit=MOST_OF_A_TYPE))


def _free_key(label: str, taken: set[str]) -> str:
    key, again = label, 2
    while key in taken:
        key, again = f"{label[: MAX_ATTRIBUTE_NAME - 3]} {again}", again + 1
    return key


def _label_taken(label: str) -> FieldRefused:
    return FieldRefused(_("You already have a field called “%(name)s”.", name=label))
