"""A message looked over before it is sent: what its readers would miss, and how many of them."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

from mailer.clock import utcnow
from mailer.composing.email import CompiledEmail, Content, MailHeaders, Recipient, compile_email
from mailer.composing.inspection import LetterFinding, inspect
from mailer.composing.link_names import names_of_places
from mailer.composing.placeholders import parse
from mailer.messages.check_queries import count_of, lacking, people_of
from mailer.messages.text_halves import is_stale
from mailer.models.mailing import Mailing
from mailer.models.message import Message
from mailer.models.user import User
from mailer.sending.contents import content_of, whole_content_of
from mailer.sending.mail_headers import about_sender, mail_headers_for
from mailer.sending.senders import sender_of

UNSUBSCRIBE = "https://golub.invalid/u/0"
A_LINK = "https://golub.invalid/value"  # stands for a value that is a link


@dataclass(frozen=True, slots=True)
class Checked:
    """`lacking`: by placeholder, how many of `people_count` would find a hole; `findings`: about the HTML."""

    people_count: int
    lacking: dict[str, int]
    findings: list[LetterFinding]
    size: int  # bytes of one mail
    text_is_stale: bool  # the letter changed since its plain text was written by hand


def check(message: Message, owner: User, mailing: Mailing | None) -> Checked:
    """Look over a saved message, for the people of `mailing` or of the whole list."""
    headers = mail_headers_for(owner.id, about_sender(sender_of(owner, mailing), message.language))
    content = content_of(message)
    compiled, reader = _for_everybody(content, message, owner, headers)
    html = compiled.preview(reader).html
    halves = (parse(half, None, markup=half is content.html) for half in (content.subject, content.text, content.html))
    places = [place for template in halves for place in template.placeholders]
    people = people_of(message, mailing)
    own = [f"{current_app.config[base]}/" for base in ("SITE_URL", "MEDIA_URL")]
    return Checked(
        count_of(people),
        lacking(people, places),
        inspect(html, UNSUBSCRIBE, own) if html else [],
        len(compile_email(whole_content_of(message), headers, utcnow()).build(reader)),
        is_stale(message),
    )


def as_everybody(message: Message, owner: User) -> str:
    """The HTML of a mail in which each value stands by its name, or a link where it leads somewhere, and with all that
    only some get; empty for plain text."""
    headers = mail_headers_for(owner.id, about_sender(sender_of(owner), message.language))
    compiled, reader = _for_everybody(content_of(message), message, owner, headers)
    return compiled.preview(reader).html


def _for_everybody(
    content: Content, message: Message, owner: User, headers: MailHeaders
) -> tuple[CompiledEmail, Recipient]:
    compiled = compile_email(content, headers, utcnow())
    links = names_of_places(parse(content.html, None, markup=True), markup=True)
    values = {name: A_LINK if name in links else name for name in compiled.names}
    values |= dict.fromkeys(message.conditions or (), "1")  # what only some get is looked at too
    return compiled, Recipient(owner.email, values, "<check@localhost>", UNSUBSCRIBE)
