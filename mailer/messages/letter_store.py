"""What an owner keeps for the next letter: a theme, templates of their own."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import func, select

from mailer.errors import Refusal, refused_by
from mailer.extensions import db
from mailer.letters.document import Letter, LetterTheme, from_json, theme_from, to_json
from mailer.letters.shapes import DocumentError, plain
from mailer.letters.starters import dressed
from mailer.models.letter import OwnTemplate, OwnTheme
from mailer.models.user import User

MOST_TEMPLATES = 50


class TemplateRefused(Refusal):
    """A template that cannot be kept."""


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


def keep_template(owner: User, name: str, letter: Letter) -> OwnTemplate:
    """Keep the letter under a name. Raises TemplateRefused."""
    name = " ".join(name.split())
    if not 0 < len(name) <= 150:
        raise TemplateRefused(_("Give the template a name of up to 150 characters."))
    count = (
        db.session.scalar(select(func.count()).select_from(OwnTemplate).where(OwnTemplate.owner_id == owner.id)) or 0
    )
    if count >= MOST_TEMPLATES:
        raise TemplateRefused(
            _("You have %(count)s templates, and there is no room for more. Delete one.", count=count)
        )
    template = OwnTemplate(owner_id=owner.id, name=name, document=to_json(letter))
    taken = TemplateRefused(_("There is a template of that name. Choose another name."))
    with refused_by("uq_own_templates_owner_id_name", taken):
        db.session.add(template)
        db.session.commit()
    return template


def delete_template(template: OwnTemplate) -> None:
    """Throw it away; letters made of it stay."""
    db.session.delete(template)
    db.session.commit()
