"""The text half of a message with formatted text: made of it, or written by hand and then held against it, so that a
letter that changes later does not say one thing to those who see HTML and another to those who do not."""

from __future__ import annotations

from mailer.composing.html import text_from_html
from mailer.letters import text_half
from mailer.letters.document import from_json
from mailer.letters.text_half import digest
from mailer.models.message import Message, MessageKind


def has_own_text(message: Message) -> bool:
    """Whether its text half was written by hand beside formatted text."""
    if not (message.html_body.strip() and message.text_body.strip()):
        return False
    if message.kind is MessageKind.BLOCKS:
        return bool(from_json(message.document).text.words.strip())
    return True


def is_stale(message: Message) -> bool:
    """Whether the letter has changed since its text half was written by hand."""
    if not has_own_text(message):
        return False
    if message.kind is MessageKind.BLOCKS:
        return text_half.is_stale(from_json(message.document))
    return message.text_written_for not in (None, _digest_for(message.html_body))


def written_for(message: Message, html: str, text: str, *, fits: bool) -> str | None:
    """What to keep of the letter beside a hand-written text that is about to be saved with it; `fits`: its author has
    looked at both. Ask before the new halves are put into `message`."""
    if not (html.strip() and text.strip()):
        return None
    if fits or text != message.text_body or not (message.html_body or "").strip():
        return _digest_for(html)
    # Saved before this was kept: it was written for the letter of then.
    return message.text_written_for or _digest_for(message.html_body)


def _digest_for(html: str) -> str:
    return digest(text_from_html(html))
