"""Rules and writes of messages; each call is one commit."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from mailer.clock import utcnow
from mailer.composing.body import RENDERER
from mailer.composing.check import check_body, check_subject
from mailer.composing.placeholders import PlaceholderError, parse, placed
from mailer.composing.sieve import sieve
from mailer.errors import Conflict, Refusal
from mailer.extensions import db
from mailer.locks import FOR_CHANGE, lock_row
from mailer.messages.copies import take_blocks, take_files
from mailer.messages.imported import compiled_mjml, is_mjml
from mailer.messages.labels import by_field, problem_text
from mailer.messages.text_halves import written_for
from mailer.models.mailing import Mailing
from mailer.models.message import Message, MessageKind
from mailer.models.user import User


class MessageRefused(Refusal):
    """A text that cannot be a mail: `reasons` by form field, sentences for the person."""

    def __init__(self, reasons: dict[str, list[str]]) -> None:
        super().__init__(" ".join(reason for found in reasons.values() for reason in found))
        self.reasons = reasons


class MessageInUse(Refusal):
    """A mailing that is not over sends this message."""


@dataclass(frozen=True, slots=True)
class MessageDraft:
    """Subject and bodies as typed."""

    subject: str
    html_body: str
    text_body: str
    name: str = ""  # for the owner's own lists
    language: str = "ru"
    conditions: dict[str, Any] = field(default_factory=dict)  # as in `Message`
    text_fits: bool = False  # its author says that the text still says what the changed HTML says
    renderer: int = RENDERER

    def checked(self, attributes: Collection[str]) -> tuple[MessageDraft, list[str]]:
        """The draft fit to be a mail, and what its HTML lost; MessageRefused with everything that is wrong."""
        reasons = by_field([*check_subject(self.subject), *check_body(self.text_body, self.html_body)])
        if reasons:
            raise MessageRefused(reasons)
        clean = sieve(self._html())
        draft = replace(self, subject=self.subject.strip(), html_body=clean.html, name=self.name.strip())
        for name, text in (("subject", draft.subject), ("html_body", draft.html_body), ("text_body", draft.text_body)):
            try:
                parse(text, attributes, markup=name == "html_body")
            except PlaceholderError as error:
                problems = placed(error.problems, self.html_body) if name == "html_body" else error.problems
                reasons[name] = [problem_text(problem, name) for problem in problems]
        if not (draft.html_body.strip() or draft.text_body.strip()):
            reasons["html_body"] = [_("Nothing in this HTML can be sent. Write some text.")]
        if reasons:
            raise MessageRefused(reasons)
        return draft, clean.removed

    def _html(self) -> str:
        """The HTML typed, or what MJML in its place stands for."""
        if not is_mjml(self.html_body):
            return self.html_body
        try:
            html = compiled_mjml(self.html_body)
        except Refusal as refusal:
            raise MessageRefused({"html_body": [str(refusal)]}) from refusal
        if reasons := by_field(check_body(self.text_body, html)):
            raise MessageRefused(reasons)
        return html


@dataclass(frozen=True, slots=True)
class CopiedMessage:
    """The message that a new one was copied from, and whether its files go along."""

    original: Message
    takes_files: bool


def save_message(
    owner: User,
    draft: MessageDraft,
    attributes: Collection[str],
    message: Message | None = None,
    version: int | None = None,
    copied: CopiedMessage | None = None,
) -> tuple[Message, list[str]]:
    """Create a message or change the given one; the message, and what was taken out of its HTML.

    `attributes` are the owner's own placeholder names; `copied` is what a new one was made from. Raises MessageRefused
    and Conflict.
    """
    draft, removed = draft.checked(attributes)
    if message is None:
        message = Message(owner_id=owner.id)
        copied = copied if copied is not None and copied.original.owner_id == owner.id else None
    else:
        lock_row(message, FOR_CHANGE)
        if message.version != version:
            raise Conflict(
                _("This message has changed in the meantime. What you typed is kept below: check it and save again.")
            )
    earlier = copied.original if copied is not None else message
    message.text_written_for = written_for(earlier, draft.html_body, draft.text_body, fits=draft.text_fits)
    message.subject, message.html_body, message.text_body = draft.subject, draft.html_body, draft.text_body
    message.name, message.language, message.renderer = draft.name, draft.language, RENDERER
    message.kind = MessageKind.HTML if draft.html_body.strip() else MessageKind.TEXT
    message.compiled_by = message.conditions = None  # typed by hand from now on
    db.session.add(message)
    if copied is not None:
        message.inlines_pictures = copied.original.inlines_pictures
        db.session.flush()
        take_blocks(message, copied.original)
        if copied.takes_files:
            take_files(message, copied.original)
    db.session.commit()
    return message, removed


def delete_message(message: Message) -> None:
    """Hide the message until `restore_message`; MessageInUse names the mailings that still need it."""
    lock_row(message, FOR_CHANGE)
    names = list(
        db.session.scalars(
            select(Mailing.name)
            .where(Mailing.message_id == message.id, Mailing.deleted_at.is_(None), Mailing.completed_at.is_(None))
            .order_by(Mailing.name)
        )
    )
    if names:
        raise MessageInUse(
            _("This message is still needed by: %(names)s.", names=", ".join(f"“{name}”" for name in names[:10]))
        )
    message.deleted_at = utcnow()
    db.session.commit()


def restore_message(message: Message) -> None:
    """Undo a deletion."""
    message.deleted_at = None
    db.session.commit()
