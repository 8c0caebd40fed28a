"""A mail as lists of mails show it before it is opened: who writes, the subject, and the first words of the letter."""

from __future__ import annotations

import html as entities
import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailer.composing.markup import tokens

OPENING_LENGTH = 200  # characters: more than any list shows
# Signs without a width, and joiners, with which senders keep a letter's words out of what follows the preheader.
_UNSEEN = re.compile("[\u00ad\u034f\u061c\u115f\u17b4\u17b5\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
# A sign as people count them: what is put on top of a character, or joined to it, is none of its own.
_SIGN = re.compile(
    "(?:.(?:[\u0300-\u036f\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]|\u200d.)*)", re.DOTALL
)
_BREAKS = frozenset(("br", "p", "div", "td", "tr", "li", "h1", "h2", "h3", "table"))


@dataclass(frozen=True, slots=True)
class Inbox:
    """What a list of mails has room for, in characters: `line` for subject and first words together where they share
    one, else 0 and `opening` for the words below. Rounded figures of ordinary screens; every reader's window differs.
    """

    name: str
    sender: int
    subject: int
    opening: int
    line: int = 0


INBOXES = (
    Inbox("Gmail", sender=20, subject=70, opening=100, line=110),
    Inbox("Mail.ru", sender=24, subject=65, opening=90, line=95),
    Inbox("phone", sender=26, subject=40, opening=80),
)
PHONE, COMPUTER = INBOXES[2].subject, INBOXES[0].subject


@dataclass(frozen=True, slots=True)
class InboxRow:
    """What is seen in one of `INBOXES`; cut texts end with `…`."""

    inbox: str
    sender: str
    subject: str
    opening: str


def inbox_rows(sender: str, subject: str, opening: str) -> list[InboxRow]:
    """The mail in each of `INBOXES`."""
    return [_row(inbox, sender, subject, opening) for inbox in INBOXES]


def _row(inbox: Inbox, sender: str, subject: str, opening: str) -> InboxRow:
    subject = cut(subject, inbox.subject)
    room = min(inbox.opening, inbox.line - width(subject)) if inbox.line else inbox.opening
    return InboxRow(inbox.name, cut(sender, inbox.sender), subject, cut(opening, room))


def width(text: str) -> int:
    """Characters as people count them."""
    return sum(_is_seen(sign) for sign in _SIGN.findall(text))


def cut(text: str, most: int) -> str:
    """The text if it has room in `most` characters, else its beginning with `…`."""
    signs = [sign for sign in _SIGN.findall(text) if _is_seen(sign)]
    return text if len(signs) <= most else "".join(signs[: max(0, most - 1)]).rstrip() + "…"


def _is_seen(sign: str) -> bool:
    return len(sign) > 1 or not _UNSEEN.match(sign)


def opening_of(html: str, text: str) -> str:
    """The first words of a mail, hidden ones too: lists show them after the subject. Of the plain text if there is no
    HTML."""
    words, length = [], 0
    for piece in _said(html) if html else [text[: 4 * OPENING_LENGTH]]:
        words.append(piece)
        length += len(piece)
        if length > 4 * OPENING_LENGTH:
            break
    return cut(" ".join(_UNSEEN.sub("", "".join(words)).split()), OPENING_LENGTH)


def _said(html: str) -> Iterator[str]:
    for token in tokens(html):
        if token.kind == "text":
            yield _UNSEEN.sub("", entities.unescape(token.source)).replace("\u00a0", " ")
        elif token.name in _BREAKS:
            yield " "
