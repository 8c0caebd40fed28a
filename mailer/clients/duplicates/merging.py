"""Several records of one person become one: nothing that was sent, said or agreed to is lost.

Whatever says "do not write" outweighs what does not. The records that give way stay in the database as they were,
deleted, and lead to the one that stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from mailer.clients.duplicates.series_ways import merge_ways
from mailer.clients.duplicates.side_by_side import ALL, OURS, OWN, ComparedLine, Picks, joined_comment
from mailer.clients.values import MAX_TAGS
from mailer.clock import utcnow
from mailer.errors import Conflict, Refusal, undone_when_refused
from mailer.extensions import db
from mailer.journal.entries import add_entry
from mailer.locks import FOR_CHANGE
from mailer.models.client import Client, Suppression, SuppressionReason
from mailer.models.client_merge import ClientMerge
from mailer.models.delivery import UNFINISHED, Delivery
from mailer.models.journal_entry import Action
from mailer.models.mailing import Mailing, mailing_clients
from mailer.models.run import Run
from mailer.models.series import Enrolment, LeftReason, Series
from mailer.models.sign_up import SignUp
from mailer.models.user import User
from mailer.segments.fields import fields_of
from mailer.sending.series.places import hold, leave_those, point

# What is said of a person; the first outweighs those behind it: what nobody can take back, what only the person can,
# what the owner can. That mails to an address came back says nothing of another address.
STRICTEST = (SuppressionReason.COMPLAINED, SuppressionReason.UNSUBSCRIBED, SuppressionReason.MANUAL)


class CannotMerge(Refusal):
    """Something of a record that is to give way is under way."""


@undone_when_refused
def merge(owner: User, versions: dict[int, int], lines: Sequence[ComparedLine], picks: Picks) -> Client:
    """Make one of these clients (versions by id, as they were looked at); the one that stays.

    Raises Conflict where one of them is another meanwhile, `CannotMerge` while a run waits to write to one that gives
    way.
    """
    ids = sorted(versions)
    held = _hold_series(ids)
    clients = _hold_clients(owner, versions)
    kept = next(client for client in clients if client.id == picks.kept_id)
    gone = [client for client in clients if client is not kept]
    gone_ids = [client.id for client in gone]
    _require_nothing_waits(gone_ids)
    merge_ways(held, kept.id, gone_ids)
    former = _write(kept, clients, lines)
    if (left_out := _carry_suppression(kept, gone)) is not None:
        reason = LeftReason.UNSUBSCRIBED if left_out is SuppressionReason.UNSUBSCRIBED else LeftReason.SUPPRESSED
        for series in held:
            leave_those(series, [Enrolment.client_id == kept.id], reason)
    _carry_names(kept, gone_ids)
    for client in gone:
        client.deleted_at = utcnow()
    db.session.flush()
    _record(kept, gone_ids, former)
    for series in held:
        point(series)
    merged = ", ".join(map(str, gone_ids))
    add_entry(Action.CHANGED, f"client {kept.id}", where="clients.duplicates.compare", merged=merged)
    db.session.commit()
    return kept


def _hold_series(ids: list[int]) -> list[Series]:
    """The series that any of them is or was in, locked before the clients are: as those come who enter people."""
    named = select(Enrolment.series_id).where(Enrolment.client_id.in_(ids))
    found = list(db.session.scalars(select(Series).where(Series.id.in_(named)).order_by(Series.id)))
    for series in found:
        hold(series)
    return found


def _hold_clients(owner: User, versions: dict[int, int]) -> list[Client]:
    query = select(Client).where(Client.owner_id == owner.id, Client.id.in_(versions), Client.deleted_at.is_(None))
    query = query.order_by(Client.id).with_for_update(**FOR_CHANGE).execution_options(populate_existing=True)
    clients = list(db.session.scalars(query))
    if {client.id: client.version for client in clients} != versions:
        raise Conflict(_("One of these clients has changed in the meantime. Check them again."))
    return clients


def _require_nothing_waits(ids: list[int]) -> None:
    """A frozen list keeps its people: whoever gives way would get nothing, or the same mail would go out twice."""
    waits = Delivery.client_id.in_(ids), Delivery.state.in_(UNFINISHED)
    query = select(Mailing.name).join(Run, Run.mailing_id == Mailing.id).join(Delivery, Delivery.run_id == Run.id)
    if names := list(db.session.scalars(query.where(*waits).distinct().limit(5))):
        raise CannotMerge(
            _(
                "An email to one of these addresses is still under way: %(names)s. Keep that record, or merge when the "
                "run is over.",
                names=", ".join(f"“{name}”" for name in names),
            )
        )


def _write(kept: Client, clients: Sequence[Client], lines: Sequence[ComparedLine]) -> dict[str, Any]:
    """The values that were picked, into the record that stays; those of its own that gave way."""
    by_id = {client.id: client for client in clients}
    slots = {field.key: field.slot for field in fields_of(kept.owner_id, with_archived=True) if field.slot}
    attributes, values = dict(kept.attributes), dict[str, Any]()
    for line in lines:
        key = line.name.removeprefix(OWN)
        if line.picked == ALL:
            values["comment"] = joined_comment(clients)
        elif line.name in OURS:
            values[line.name] = getattr(by_id[int(line.picked)], line.name)
        elif key in by_id[int(line.picked)].attributes:
            attributes[key] = by_id[int(line.picked)].attributes[key]
            if key in slots:
                values[slots[key]] = getattr(by_id[int(line.picked)], slots[key])
    former = {
        name: getattr(kept, name) for name in OURS if getattr(kept, name) != values.get(name, getattr(kept, name))
    }
    former |= {OWN + key: value for key, value in kept.attributes.items() if attributes[key] != value}
    refused = _each(tag for client in clients for tag in client.refused_tags)
    tags = _each(tag for client in [kept, *clients] for tag in client.tags if tag not in refused)
    pauses = [client.paused_until for client in clients if client.paused_until is not None]
    values |= {"attributes": attributes, "refused_tags": refused, "tags": tags[:MAX_TAGS]}
    for name, value in (values | {"paused_until": max(pauses, default=None)}).items():
        setattr(kept, name, value)
    return former


def _each(tags: Any) -> list[str]:
    return list(dict.fromkeys(tags))


def _carry_suppression(kept: Client, gone: Sequence[Client]) -> SuppressionReason | None:
    """The strictest of what is said of the person holds for the address that stays, whichever of them it was said of.
    Undoing an import takes nothing of it back."""
    keys = [client.email_key for client in [kept, *gone]]
    rows = Suppression.owner_id == kept.owner_id, Suppression.email_key.in_(keys), Suppression.reason.in_(STRICTEST)
    found = list(db.session.scalars(select(Suppression).where(*rows)))
    if not found:
        return None
    worst = min(found, key=lambda one: STRICTEST.index(one.reason))
    if len(found) > 1 or worst.email_key != kept.email_key:
        values = {"owner_id": kept.owner_id, "email_key": kept.email_key, "reason": worst.reason}
        stated = insert(Suppression).values(**values, created_at=worst.created_at)
        again = {"reason": worst.reason, "import_id": None}
        db.session.execute(stated.on_conflict_do_update(index_elements=["owner_id", "email_key"], set_=again))
    return worst.reason


def _carry_names(kept: Client, gone_ids: list[int]) -> None:
    """Mailings to people by name, and sign-ups with what was agreed to there."""
    named = mailing_clients.c
    chosen = select(named.mailing_id, named.owner_id, literal(kept.id)).where(named.client_id.in_(gone_ids)).distinct()
    columns = ["mailing_id", "owner_id", "client_id"]
    db.session.execute(insert(mailing_clients).from_select(columns, chosen).on_conflict_do_nothing())
    db.session.execute(delete(mailing_clients).where(named.client_id.in_(gone_ids)))
    sign_ups = update(SignUp).where(SignUp.client_id.in_(gone_ids), SignUp.owner_id == kept.owner_id)
    db.session.execute(sign_ups.values(client_id=kept.id).execution_options(synchronize_session=False))


def _record(kept: Client, gone_ids: list[int], former: dict[str, Any]) -> None:
    """What was merged into those before is this one's now, too."""
    earlier = update(ClientMerge).where(ClientMerge.client_id.in_(gone_ids))
    db.session.execute(earlier.values(client_id=kept.id).execution_options(synchronize_session=False))
    for id_ in gone_ids:
        merged = ClientMerge(owner_id=kept.owner_id, client_id=kept.id, merged_id=id_, former=former)
        db.session.add(merged)
        former = {}
    db.session.flush()
