"""A message's snapshot made into the bytes for one recipient.

Compile once per run, build once per recipient: a person's values touch only their own places.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import format_datetime
from functools import partial
from typing import NamedTuple

from mailer.composing import mime
from mailer.composing.attachments import AttachedFile, InlinePicture, attached, inlined
from mailer.composing.body import RENDERER, Body, Slot, html_body, text_body
from mailer.composing.headers import (
    list_id_line,
    mailbox_line,
    message_id_line,
    one_line,
    text_line,
    unsubscribe_line,
)
from mailer.composing.html import text_from_html
from mailer.composing.names import joined
from mailer.composing.placeholders import Gate, Template, parse
from mailer.composing.tracking import TOKEN, Tracking, pixel, with_links, with_notice
from mailer.composing.value_forms import with_forms

_SLOT_SIZE = 30  # octets that a value takes, roughly
_OWN_HEADERS_SIZE = 400


@dataclass(frozen=True, slots=True)
class Content:
    """Templates, sieved. An empty text is made from the HTML; an empty HTML makes a text-only mail. `renderer`: how the
    HTML becomes a mail (`mailer.composing.body`), which is kept with it."""

    subject: str
    text: str
    html: str
    renderer: int = RENDERER
    files: tuple[AttachedFile, ...] = ()
    inline: tuple[InlinePicture, ...] = ()  # shown by the HTML from within the mail


@dataclass(frozen=True, slots=True)
class MailHeaders:
    """What is the same on every mail of a run. `list_id` looks like a domain name (RFC 2919).

    `feedback_id` and `message_type` are what postmaster pages group their figures by: Google's (up to three words and
    the sender, with colons between) and Mail.ru's.
    """

    from_email: str
    from_name: str
    reply_to: str | None
    list_id: str
    list_name: str
    message_id_domain: str
    unsubscribe_label: str  # the words of the link that is added where the author left it out
    language: str = "ru"
    is_trial: bool = False  # a test for its author: a header says so
    feedback_id: str = ""
    message_type: str = ""
    types: Mapping[str, str] = field(default_factory=dict)  # of fields that are written in a form, by key
    tracking: Tracking | None = None  # None: nothing is counted


class Recipient(NamedTuple):  # made for every mail: four times as quick as a frozen dataclass
    """One addressee. `values` hold fields by their English names and attributes by their own; the address and the
    unsubscribe link are known without them. `message_id` may leave out the domain."""

    email: str
    values: Mapping[str, str]
    message_id: str
    unsubscribe_url: str
    link_token: str = ""  # of the links that are counted

    @property
    def known_values(self) -> dict[str, str]:
        """All values, the address and the links among them: the other pages lie below the one to unsubscribe."""
        link = self.unsubscribe_url
        return {
            **self.values,
            "email": self.email,
            "unsubscribe_url": link,
            "preferences_url": f"{link}/preferences",
            "view_url": f"{link}/view",
            TOKEN.name: self.link_token,
        }

    @property
    def display_name(self) -> str:
        """First and last name, those that are known."""
        return joined((self.values.get("first_name", ""), self.values.get("last_name", "")))


@dataclass(frozen=True, slots=True)
class EmailPreview:
    """A mail as its reader sees it. `html` is a whole document, or empty."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class CompiledEmail:
    """A mail of which only one person's values are missing. Made by `compile_email`."""

    message_id_domain: str
    subject: Template
    text: Body
    html: Body | None
    names: tuple[str, ...]  # the keys of all placeholders
    _date: bytes  # the header
    _slots: tuple[Slot, ...]  # each once, wherever its value stands
    _pieces: tuple[bytes | int, ...]  # fixed octets, and numbers of slots
    _gated: tuple[tuple[int, int, str], ...]  # pieces from, to, and the value that lets them through

    def build(self, recipient: Recipient) -> bytes:
        """The mail for SMTP's DATA: CRLF, dots doubled, without the final dot. The same input gives the same bytes.

        Raises HeaderError when the recipient's address, link or Message-ID cannot be used.
        """
        values = recipient.known_values
        head = (
            mailbox_line("To", recipient.display_name, recipient.email)
            + text_line("Subject", self.subject.render(values))
            + message_id_line(recipient.message_id, self.message_id_domain)
            + unsubscribe_line(recipient.unsubscribe_url)
        )
        own = [slot.encode(values) for slot in self._slots]
        pieces = [piece if type(piece) is bytes else own[piece] for piece in self._pieces]  # type: ignore[index]
        for start, end, name in self._gated:
            if not values.get(name):
                pieces[start:end] = [b""] * (end - start)  # each piece begins a line, so that any may be left out
        return head.encode() + self._date + b"".join(pieces)

    @property
    def size(self) -> int:
        """Bytes that are the same in every mail."""
        return sum(len(piece) for piece in self._pieces if isinstance(piece, bytes))

    def dated(self, date: datetime) -> CompiledEmail:
        """The same mails with another `Date` (aware): that of their hand-over, of which there may be several."""
        return replace(self, _date=_date_line(date))

    def preview(self, recipient: Recipient) -> EmailPreview:
        """What that recipient would read."""
        values = recipient.known_values
        return EmailPreview(
            subject=one_line(self.subject.render(values)),
            text=self.text.render(values),
            html=self.html.render(values) if self.html is not None else "",
        )

    def missing(self, recipient: Recipient) -> list[str]:
        """The keys that would leave a hole in that recipient's mail: no value and no default."""
        values = recipient.known_values
        halves = [half.shown(values) for half in (self.text, self.html) if half is not None]
        places = [
            part.placeholder for half in halves for part in half if isinstance(part, Slot) and part.placeholder != TOKEN
        ]
        return Template((*self.subject.placeholders, *places)).missing(values)


def compile_email(
    content: Content, headers: MailHeaders, date: datetime, attributes: Collection[str] | None = None
) -> CompiledEmail:
    """Prepare a run's mails, to be handed over at `date` (aware).

    Any attribute name is accepted unless `attributes` are given. Raises PlaceholderError for templates and HeaderError
    for headers that cannot be used.
    """
    source = content.text if content.text.strip() else text_from_html(content.html)
    formed = partial(with_forms, types=headers.types, language=headers.language)
    subject, text = formed(parse(content.subject, attributes)), formed(parse(source, attributes))
    markup = formed(parse(content.html, attributes, markup=True)) if content.html.strip() else None
    templates = [template for template in (subject, text, markup) if template is not None]
    subject = with_notice(subject, headers.tracking.notice if headers.tracking else "")
    text_half, html_half = _halves(text, markup, headers, content.renderer)
    texts = content.subject, content.text, content.html
    boundary, outer = mime.boundary_for(*texts), mime.boundary_for(*texts, "files")
    html_pieces = _html_pieces(html_half, content, mime.boundary_for(*texts, "pictures"))
    halves = mime.content(text_half.pieces(), html_pieces, boundary)
    whole = [_head(headers), *mime.with_files(halves, [attached(file) for file in content.files], outer)]
    slots = tuple(dict.fromkeys(piece for piece in whole if isinstance(piece, Slot)))
    pieces = _merged([slots.index(piece) if isinstance(piece, Slot) else piece for piece in whole])
    return CompiledEmail(
        message_id_domain=headers.message_id_domain,
        subject=subject,
        text=text_half,
        html=html_half,
        names=tuple(dict.fromkeys(name for template in templates for name in template.names)),
        _date=_date_line(date),
        _slots=slots,
        _pieces=pieces,
        _gated=_gated(pieces, slots),
    )


def _halves(text: Template, markup: Template | None, headers: MailHeaders, renderer: int) -> tuple[Body, Body | None]:
    tracking, label = headers.tracking, one_line(headers.unsubscribe_label)
    notice = tracking.notice if tracking else ""
    text = with_notice(text, notice)
    text_half = text_body(with_links(text, tracking, markup=False) if tracking else text, label)
    if markup is None:
        return text_half, None
    markup = with_notice(markup, notice, markup=True)
    markup = with_links(markup, tracking, markup=True) if tracking else markup
    return text_half, html_body(markup, label, headers.language, renderer, pixel(tracking))


def _html_pieces(half: Body | None, content: Content, boundary: str) -> Iterator[bytes | Slot] | None:
    if half is None:
        return None
    return mime.html_part(half.pieces(), [inlined(picture) for picture in content.inline], boundary)


def _date_line(date: datetime) -> bytes:
    return f"Date: {format_datetime(date)}\r\n".encode("ascii")


def _head(headers: MailHeaders) -> bytes:
    """The headers that are the same for everybody."""
    lines = [
        mailbox_line("From", headers.from_name, headers.from_email),
        mailbox_line("Reply-To", "", headers.reply_to) if headers.reply_to else "",
        list_id_line(headers.list_name, headers.list_id),
        text_line("Feedback-ID", headers.feedback_id) if headers.feedback_id else "",
        text_line("X-Postmaster-Msgtype", headers.message_type) if headers.message_type else "",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",  # RFC 8058
        "Precedence: bulk\r\n",  # asks autoresponders to be silent
        "X-Golub-Test: yes\r\n" if headers.is_trial else "",
        "MIME-Version: 1.0\r\n",
    ]
    return "".join(lines).encode("ascii")


def _gated(pieces: tuple[bytes | int, ...], slots: tuple[Slot, ...]) -> tuple[tuple[int, int, str], ...]:
    """The pieces between gates."""
    found, start = [], 0
    for at, piece in enumerate(pieces):
        gate = slots[piece].placeholder if isinstance(piece, int) else None
        if isinstance(gate, Gate):
            if gate.opens:
                start = at
            else:
                found.append((start, at, gate.name))
    return tuple(found)


def _merged(pieces: list[bytes | int]) -> tuple[bytes | int, ...]:
    """Neighbouring octets as one piece."""
    merged: list[bytes | int] = []
    for piece in pieces:
        if isinstance(piece, bytes) and merged and isinstance(merged[-1], bytes):
            merged[-1] += piece
        else:
            merged.append(piece)
    return tuple(merged)
