"""A tag as a whole: renamed, merged with another, or taken away, everywhere it is named, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import ColumnElement, any_, case, delete, func, literal, or_, select, update

from mailer.clients import tag_queries
from mailer.clients.tag_letters import change_letters, letters_with, names_tag
from mailer.clock import utcnow
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.locks import CLIENTS_IN_BULK, FOR_CHANGE, trying_pair
from mailer.models.approval import Approval
from mailer.models.client import Client, ClientFilter
from mailer.models.client_import import ClientImport, ImportState
from mailer.models.draft import Draft
from mailer.models.mailing import Mailing
from mailer.models.message import Message
from mailer.models.sign_up import SignUpForm
from mailer.models.topic import Topic
from mailer.models.user import User
from mailer.segments.leaves import leaves, with_tags
from mailer.sending.runs.approvals import fingerprint
from mailer.sending.runs.next_run import has_open_run
from mailer.sending.series import uses as series_uses


class TagInUse(Refusal):
    """A run is going, or a filter or a mailing would mean something else without the tag."""


@dataclass(frozen=True)
class _Named:
    """Where the tag stands besides the clients; the rows are locked until the commit."""

    filters: list[ClientFilter]
    letters: list[Message]
    mailings: list[Mailing]


def rename_tag(owner: User, tag: str, name: str) -> int:
    """Call `tag` `name` in all clients of `owner`, deleted ones too, saved filters and mailings; how many clients.

    Where `name` is in use the two become one. A plain renaming changes nobody's audience, so the approvals that hold go
    on holding; after a merge they do not. Raises `TagInUse` while a run of a mailing to this tag goes, and while
    an import writes.
    """
    if not db.session.scalar(trying_pair(CLIENTS_IN_BULK, owner.id)):
        db.session.rollback()
        raise TagInUse(_("An import is being added to the list right now. Try again in a minute."))
    is_merge = tag_queries.namesake(owner.id, tag, name) is not None
    named = _hold(owner, tag)
    approvals = [] if is_merge else _standing(named)
    for saved in named.filters:
        saved.tree = _renamed_tree(saved.tree, saved.name, tag, name)
    for letter in named.letters:
        _renamed_tree(letter.conditions, letter.title, tag, name)
    change_letters(named.letters, owner.id, tag, lambda tags: _renamed(tags, tag, name))
    for mailing in named.mailings:
        if tag in mailing.tags:
            mailing.tags = _renamed(mailing.tags, tag, name)
            mailing.version += 1
    replaced = case(
        (literal(name) == any_(Client.tags), func.array_remove(Client.tags, tag)),
        else_=func.array_replace(Client.tags, tag, name),
    )
    _rename_in_what_is_to_come(owner, tag, name)
    series_uses.rename_tag(owner.id, tag, name)
    count = _change_clients(owner, tag, replaced)
    db.session.flush()
    _hold_on(approvals)
    db.session.commit()
    return count


def delete_tag(owner: User, tag: str) -> int:
    """Take `tag` from all clients of `owner`, and from what names other tags beside it; how many clients.

    Raises `TagInUse` where a filter would find more people than before, or a mailing would be to nobody.
    """
    named = _hold(owner, tag)
    _require_spare(named, tag, series_uses.with_tag(owner.id, tag))
    for saved in named.filters:
        saved.tree = with_tags(saved.tree, lambda tags: [one for one in tags if one != tag])
    change_letters(named.letters, owner.id, tag, lambda tags: [one for one in tags if one != tag])
    for mailing in named.mailings:
        if tag in mailing.tags and len(mailing.tags) > 1:
            mailing.tags = [one for one in mailing.tags if one != tag]
            mailing.version += 1
    _change_forms(owner, tag, lambda tags: [one for one in tags if one != tag])
    _change_refused(owner, tag, func.array_remove(Client.refused_tags, tag))
    db.session.execute(delete(Topic).where(Topic.owner_id == owner.id, Topic.tag == tag))
    count = _change_clients(owner, tag, func.array_remove(Client.tags, tag))
    db.session.commit()
    return count


def _hold(owner: User, tag: str) -> _Named:
    """Keep the tick and other forms away from what names the tag; raises `TagInUse` while it is being sent to."""
    filters = list(
        db.session.scalars(
            select(ClientFilter)
            .where(ClientFilter.owner_id == owner.id, names_tag(ClientFilter.tree, tag))
            .order_by(ClientFilter.id)
            .with_for_update(**FOR_CHANGE)
        )
    )
    ids, letters = [saved.id for saved in filters], letters_with(owner.id, tag)
    reaches = or_(
        Mailing.message_id.in_([letter.id for letter in letters]),
        Mailing.tags.any(tag),  # type: ignore[arg-type]
        Mailing.filter_id.in_(ids),
        Mailing.segment_ids.overlap(ids),
        Mailing.left_out_ids.overlap(ids),
    )
    mailings = list(
        db.session.scalars(
            select(Mailing)
            .where(Mailing.owner_id == owner.id, reaches)
            .order_by(Mailing.id)
            .with_for_update(**FOR_CHANGE)
        )
    )
    if going := [mailing.name for mailing in mailings if has_open_run(mailing)]:
        db.session.rollback()
        raise TagInUse(
            ngettext(
                "A run of the mailing %(names)s to this tag is in progress. Wait until it ends or stop it.",
                "Runs of the mailings %(names)s to this tag are in progress. Wait until they end or stop them.",
                len(going),
                names=_listed(going),
            )
        )
    return _Named(filters, letters, mailings)


def _require_spare(named: _Named, tag: str, series: list[str]) -> None:
    needing = series + [
        saved.name for saved in named.filters if any(_needs(leaf, tag) for leaf in leaves(saved.tree, "tag"))
    ]
    needing += [
        letter.title
        for letter in named.letters
        if letter.deleted_at is None and any(_needs(leaf, tag) for leaf in leaves(letter.conditions, "tag"))
    ]
    needing += [
        mailing.name
        for mailing in named.mailings
        if mailing.tags == [tag] and mailing.deleted_at is None and mailing.completed_at is None
    ]
    if needing:
        db.session.rollback()
        raise TagInUse(
            _(
                "Without this tag, %(names)s would go to other people or to nobody. Change or delete that first.",
                names=_listed(needing),
            )
        )


def _needs(leaf: dict[str, Any], tag: str) -> bool:
    """Whether the condition would find other people, or nobody, without the tag."""
    return tag in leaf["value"] and (leaf["op"] != "any" or leaf["value"] == [tag])


def _renamed_tree(named: Any, title: str, tag: str, name: str) -> Any:
    tree = with_tags(named, lambda tags: _renamed(tags, tag, name))
    wanted = {one for leaf in leaves(tree, "tag") if leaf["op"] != "none" for one in leaf["value"]}
    if wanted & {one for leaf in leaves(tree, "tag") if leaf["op"] == "none" for one in leaf["value"]}:
        db.session.rollback()
        raise TagInUse(_("%(name)s asks for one of these tags and leaves out the other.", name=_listed([title])))
    return tree


def _rename_in_what_is_to_come(owner: User, tag: str, name: str) -> None:
    """Imports that have not written yet, and drafts of mailings: neither brings the old name back. No commit."""
    ahead = ClientImport.state.in_((ImportState.QUEUED, ImportState.RUNNING))
    waiting = select(ClientImport).where(ClientImport.owner_id == owner.id, ahead)
    for job in db.session.scalars(waiting.order_by(ClientImport.id).with_for_update(**FOR_CHANGE)):
        job.options = job.options | {"tags": _renamed(job.options.get("tags", []), tag, name)}
    _change_forms(owner, tag, lambda tags: _renamed(tags, tag, name))
    kept = func.array_remove(Client.refused_tags, name)  # of two that become one, one is left
    _change_refused(owner, tag, func.array_replace(kept, tag, name))
    topic, taken = (select(Topic).where(Topic.owner_id == owner.id, Topic.tag == one) for one in (tag, name))
    if (renamed := db.session.scalar(topic)) is not None:
        if db.session.scalar(taken) is None:
            renamed.tag = name
        else:
            db.session.delete(renamed)
    drafts = select(Draft).where(Draft.owner_id == owner.id, Draft.endpoint.like("mailings.%"))
    for draft in db.session.scalars(drafts.order_by(Draft.id).with_for_update(**FOR_CHANGE)):
        draft.fields = [[field, name if (field, value) == ("tags", tag) else value] for field, value in draft.fields]


def _change_forms(owner: User, tag: str, change: Callable[[list[str]], list[str]]) -> None:
    """Sign-up forms that give the tag. No commit."""
    giving = select(SignUpForm).where(SignUpForm.owner_id == owner.id, SignUpForm.tags.contains([tag]))
    for form in db.session.scalars(giving.order_by(SignUpForm.id).with_for_update(**FOR_CHANGE)):
        form.tags = change(form.tags)


def _change_refused(owner: User, tag: str, tags: ColumnElement[list[str]]) -> None:
    """Clients who gave the tag back. No commit."""
    refusing = update(Client).where(Client.owner_id == owner.id, Client.refused_tags.contains([tag]))
    db.session.execute(refusing.values(refused_tags=tags).execution_options(synchronize_session=False))


def _renamed(tags: list[str], tag: str, name: str) -> list[str]:
    return list(dict.fromkeys(name if one == tag else one for one in tags))


def _change_clients(owner: User, tag: str, tags: ColumnElement[list[str]]) -> int:
    """One statement for however many there are; how many of the live list they were."""
    changed = (
        update(Client)
        .where(Client.owner_id == owner.id, Client.tags.contains([tag]))
        .values(version=Client.version + 1, updated_at=utcnow(), tags=tags)
        .execution_options(synchronize_session=False)
    )
    count = tag_queries.count_with(owner.id, tag)
    db.session.execute(changed)
    return count


def _standing(named: _Named) -> list[Approval]:
    """The approvals that are about the mailings as they are at this moment."""
    query = select(Approval).where(Approval.mailing_id.in_([mailing.id for mailing in named.mailings]))
    approvals = list(db.session.scalars(query))
    asked_about = {approval.mailing_id for approval in approvals}
    present = {mailing.id: fingerprint(mailing) for mailing in named.mailings if mailing.id in asked_about}
    return [approval for approval in approvals if approval.fingerprint == present[approval.mailing_id]]


def _hold_on(approvals: list[Approval]) -> None:
    for approval in approvals:
        present = fingerprint(approval.mailing)
        taken = select(Approval.id).filter_by(mailing_id=approval.mailing_id, fingerprint=present)
        if db.session.scalar(taken) is None:
            approval.fingerprint = present


def _listed(names: list[str]) -> str:
    return ", ".join(f"“{name}”" for name in names[:5])
