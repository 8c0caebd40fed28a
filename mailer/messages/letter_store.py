"""What an owner keeps for the next letter: a theme, templates and blocks of their own."""

from __future__ import annotations

from typing import TypeVar

from flask_babel import gettext as _
from sqlalchemy import func, select

from mailer.errors import Refusal, refused_by, undone_when_refused
from mailer.extensions import db
from mailer.letters.document import Letter, LetterTheme, blocks_to_json, from_json, theme_from, to_json
from mailer.letters.shapes import DocumentError, plain
from mailer.letters.starters import dressed
from mailer.locks import FOR_CHANGE
from mailer.models.letter import OwnBlocks, OwnTemplate, OwnTheme
from mailer.models.user import User

MOST_TEMPLATES, MOST_BLOCKS_KEPT = 50, 100
Kept = TypeVar("Kept", OwnTemplate, OwnBlocks)


class TemplateRefused(Refusal):
    """A template, or blocks, that cannot be kept."""


def theme_of(owner_id: int) -> LetterTheme | None:
    """The owner's theme, if they have chosen one."""
    row = db.session.get(OwnTheme, owner_id)
    try:
        return theme_from(row.theme) if row is not None else None
    except DocumentError:  # of an older service, with less strict rules
        return None


def keep_theme(owner_id: int, theme: LetterTheme) -> None:
    """Let new letters begin with it."""
    row = db.session.get(OwnTheme, owner_id) or OwnTheme(owner_id=owner_id)
    row.theme = plain(theme)
    db.session.add(row)
    db.session.commit()


def templates_of(owner_id: int) -> list[OwnTemplate]:
    """The owner's templates, the newest first."""
    return list(
        db.session.scalars(select(OwnTemplate).where(OwnTemplate.owner_id == owner_id).order_by(OwnTemplate.id.desc()))
    )


def template_of(owner_id: int, template_id: int) -> OwnTemplate:
    """The owner's template of that id; else 404."""
    return db.one_or_404(select(OwnTemplate).where(OwnTemplate.id == template_id, OwnTemplate.owner_id == owner_id))


def letter_of(template: OwnTemplate) -> Letter:
    """The letter that a template holds."""
    return from_json(template.document)


def in_the_owners_look(letter: Letter, owner: User) -> Letter:
    """A starter's letter with the owner's theme, if there is one."""
    theme = theme_of(owner.id)
    return dressed(letter, theme) if theme is not None else letter


@undone_when_refused
def keep_template(owner: User, name: str, letter: Letter) -> OwnTemplate:
    """Keep the letter under a name. Raises TemplateRefused."""
    _require_room(OwnTemplate, owner, MOST_TEMPLATES)
    return _kept(OwnTemplate(owner_id=owner.id, name=_name(name), document=to_json(letter)))


def blocks_of(owner_id: int) -> list[OwnBlocks]:
    """The blocks that the owner keeps, by name."""
    query = select(OwnBlocks).where(OwnBlocks.owner_id == owner_id)
    return list(db.session.scalars(query.order_by(func.lower(OwnBlocks.name), OwnBlocks.id)))


def own_blocks(owner_id: int, blocks_id: int) -> OwnBlocks:
    """The owner's blocks of that id; else 404."""
    return db.one_or_404(select(OwnBlocks).where(OwnBlocks.id == blocks_id, OwnBlocks.owner_id == owner_id))


@undone_when_refused
def keep_blocks(owner: User, name: str, letter: Letter, first: str, last: str) -> OwnBlocks:
    """Keep the blocks of a letter from one to another under a name, but for the way out. Raises TemplateRefused."""
    ids = [each.id for each in letter.blocks[:-1]]
    if first not in ids or last not in ids:
        raise TemplateRefused(_("Choose blocks of the email."))
    ends = sorted((ids.index(first), ids.index(last)))
    _require_room(OwnBlocks, owner, MOST_BLOCKS_KEPT)
    blocks = blocks_to_json(letter.blocks[ends[0] : ends[1] + 1])
    return _kept(OwnBlocks(owner_id=owner.id, name=_name(name), blocks=blocks))


@undone_when_refused
def rename(row: OwnTemplate | OwnBlocks, name: str) -> None:
    """Call it otherwise. Raises TemplateRefused."""
    row.name = _name(name)
    _kept(row)


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= 150 or not name.isprintable():
        raise TemplateRefused(_("Give it a name of up to 150 characters."))
    return name


def _require_room(kind: type[OwnTemplate | OwnBlocks], owner: User, most: int) -> None:
    db.session.execute(select(User.id).where(User.id == owner.id).with_for_update(**FOR_CHANGE))  # one counts at a time
    if (db.session.scalar(select(func.count()).select_from(kind).where(kind.owner_id == owner.id)) or 0) >= most:
        raise TemplateRefused(_("You already have %(count)s of these, and no more fit. Delete one.", count=most))


def _kept(row: Kept) -> Kept:
    taken = TemplateRefused(_("This name is already taken. Choose another one."))
    with refused_by(f"uq_{row.__tablename__}_owner_id_name", taken):
        db.session.add(row)
        db.session.commit()
    return row


def delete_blocks(row: OwnBlocks) -> None:
    """Throw them away; copies in letters stay."""
    db.session.delete(row)
    db.session.commit()


def delete_template(template: OwnTemplate) -> None:
    """Throw it away; letters made of it stay."""
    db.session.delete(template)
    db.session.commit()
