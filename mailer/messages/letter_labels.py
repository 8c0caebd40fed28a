"""The words of the block editor: kinds, fields, choices, and why a value is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask_babel import format_decimal, get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from mailer.composing.languages import offered
from mailer.letters.document import Letter, PlacedBlock, ShownTo
from mailer.letters.kinds import NAME_OF
from mailer.letters.shapes import ValueFault

KINDS = {
    "logo": _l("Logo"),
    "heading": _l("Heading"),
    "text": _l("Text"),
    "button": _l("Button"),
    "picture": _l("Picture"),
    "picture_text": _l("Picture with text"),
    "columns": _l("Columns"),
    "products": _l("Products"),
    "quote": _l("Quote"),
    "divider": _l("Line"),
    "spacer": _l("Space"),
    "contacts": _l("Contacts"),
    "unsubscribe": _l("Unsubscribe link"),
    "html": _l("Own HTML"),
}
STARTERS = {
    "news": (_l("News"), _l("What is new, with pictures and a button")),
    "sale": (_l("Sale"), _l("A big picture, the offer, products with prices")),
    "invitation": (_l("Invitation"), _l("When, where, how much, and where to sign up")),
    "digest": (_l("Digest"), _l("Several articles with pictures and links")),
    "personal": (_l("A simple email"), _l("Only text and a signature: looks personal")),
}
ICONS = {
    "logo": "patch-check",
    "heading": "type-h2",
    "text": "list",
    "button": "play",
    "picture": "image",
    "picture_text": "journal-text",
    "columns": "grid",
    "products": "tag",
    "quote": "quote",
    "divider": "three-dots",
    "spacer": "arrow-down-up",
    "contacts": "person",
    "unsubscribe": "box-arrow-right",
    "html": "code",
}
_FIELDS = {
    "picture": _l("Picture"),
    "alt": _l("What the picture shows"),
    "width": _l("Width in pixels"),
    "align": _l("Alignment"),
    "link": _l("Link"),
    "text": _l("Text"),
    "level": _l("Heading size"),
    "html": _l("Text"),
    "label": _l("Button text"),
    "colour": _l("Colour of the button"),
    "wide": _l("To the edges of the email"),
    "picture_side": _l("Side of the picture"),
    "per_row": _l("In one row"),
    "name": _l("What it is called"),
    "price": _l("Price"),
    "old_price": _l("Old price"),
    "author": _l("Who said it"),
    "height": _l("Height in pixels"),
    "network": _l("Where"),
    "reason": _l("Why the reader gets this email"),
    "background": _l("Background"),
    "subject": _l("Subject"),
    "preheader": _l("Preheader"),
    "language": _l("Language of the email"),
    "words": _l("Plain text written by hand"),
    "logo": _l("Logo"),
    "logo_alt": _l("Text on the logo"),
    "logo_dark": _l("Logo for dark backgrounds"),
    "picture_dark": _l("Logo for dark backgrounds"),
    "accent": _l("Main colour"),
    "page": _l("Around the email"),
    "card": _l("Behind the text"),
    "muted": _l("Colour of notes"),
    "font": _l("Font"),
    "size": _l("Text size"),
    "radius": _l("Corner rounding"),
}
_SPECIAL = {
    ("ColumnsBlock", "items"): _l("Columns"),
    ("ProductsBlock", "items"): _l("Products"),
    ("ContactsBlock", "items"): _l("Links"),
    ("HtmlBlock", "html"): "HTML",
    ("LetterHead", "name"): _l("Name for your lists"),
    ("LetterTheme", "text"): _l("Text colour"),
    ("LetterTheme", "link"): _l("Address of your site"),
    ("UnsubscribeBlock", "label"): _l("Link text"),
}
_HELP = {
    "alt": _l("For people who cannot see it, and until it has loaded."),
    "link": _l("A page, an email address or a telephone number."),
    "preheader": _l("What inboxes show after the subject."),
    "words": _l("If you leave it empty, it is made from the email."),
    "accent": _l("For buttons and links. Links get a darker shade where they would be hard to read."),
    "old_price": _l("Crossed out beside the price."),
}
_CHOICES = {
    "left": _l("left"),
    "center": _l("in the middle"),
    "right": _l("right"),
    "site": _l("Site"),
    "vk": _l("VK"),
    "telegram": "Telegram",
    "whatsapp": "WhatsApp",
    "ok": _l("Odnoklassniki"),
    "youtube": "YouTube",
    "instagram": "Instagram",
    "facebook": "Facebook",
    "tiktok": "TikTok",
    "phone": _l("Telephone"),
    "mail": _l("Email"),
    "map": _l("Map"),
    "arial": "Arial",
    "verdana": "Verdana",
    "trebuchet": "Trebuchet",
    "georgia": "Georgia",
    "times": "Times",
}
INKS = (
    ("", _l("Usual colour")),
    ("ink-accent", _l("Main colour")),
    ("ink-muted", _l("Grey")),
    ("ink-red", _l("Red")),
    ("ink-green", _l("Green")),
    ("ink-blue", _l("Blue")),
    ("ink-violet", _l("Violet")),
)
SIZES = (("", _l("Usual size")), ("size-small", _l("Small")), ("size-large", _l("Large")), ("size-huge", _l("Huge")))


def field_label(kind: type, name: str) -> str:
    """What a field is called."""
    return str(_SPECIAL.get((kind.__name__, name)) or _FIELDS.get(name, name))


def help_of(kind: type, name: str) -> str:
    """A word of help below it."""
    if name == "label" and kind.__name__ == "ProductsBlock":
        return _("If you leave it empty, there are no buttons.")
    return str(_HELP.get(name, ""))


def choices_of(kind: type, name: str, shape: Any) -> list[tuple[str, str]]:
    """What a select offers."""
    if name == "level":
        return [("1", _("large")), ("2", _("smaller"))]
    if name == "per_row":
        return [("2", "2"), ("3", "3")]
    if name == "language":
        return offered(str(get_locale()))
    return [(word, str(_CHOICES.get(word, word))) for word in getattr(shape, "options", ())]


def fault_text(fault: ValueFault) -> str:
    """A sentence for a value that is refused."""
    if fault.code in {"too_long", "number", "count", "contrast"}:
        return _bounds_text(fault)
    sentences = {
        "line_break": _("This must be a single line."),
        "control_character": _("This contains a character that emails cannot contain. Type it again."),
        "too_deep": _("Lists within lists go too deep here. Make it simpler."),
        "scheme": _("Links lead to https, http, mailto or tel addresses only."),
        "no_link": _("This is not the address of a page. Write it like %(example)s.", example="https://site.ru/sale"),
        "not_https": _("Enter an address that begins with https://, or choose one of your pictures."),
        "placeholder": _("A placeholder cannot stand in the address of a picture."),
        "colour": _("Write a colour like %(example)s.", example="#b5541c"),
        "choice": _("Choose one from the list."),
    }
    return sentences.get(fault.code) or _("This cannot be in an email.")


def _bounds_text(fault: ValueFault) -> str:
    numbers = {name: format_decimal(value) for name, value in fault.params.items()}
    if fault.code == "too_long":
        return _("Make it shorter: %(length)s characters, %(limit)s at most.", **numbers)
    if fault.code == "number":
        return _("Write a whole number from %(least)s to %(most)s.", **numbers)
    if fault.code == "count":
        return _("There can be %(least)s to %(most)s of them.", **numbers)
    return _(
        "This is hard to read on its background: the contrast is %(found)s, it must be at least %(least)s.",
        **numbers,
    )


def kind_label(placed: PlacedBlock) -> str:
    """What a block is called."""
    return str(KINDS[NAME_OF[type(placed.block)]])


def block_title(placed: PlacedBlock) -> str:
    """A block by its kind and its first words."""
    words = first_words(placed)
    return f"{kind_label(placed)}: {words}" if words else kind_label(placed)


def shown_label(shown: ShownTo, segments: Mapping[int, str], words: str = "") -> str:
    """Whom a block is for; nothing where it is for everybody. `words`: what conditions of its own say."""
    if shown.op == "all":
        return ""
    if shown.op == "meet":
        return _("only where: %(conditions)s", conditions=words)
    name = segments.get(shown.segment, _("segment deleted"))
    return _("only: %(name)s", name=name) if shown.op == "in" else _("not for: %(name)s", name=name)


def lost_segment_text(title: str) -> str:
    """Why a block of that title cannot be sent."""
    return _("Block “%(name)s”: its segment or its conditions cannot be used. Choose whom it is shown to.", name=title)


def part_title(letter: Letter, part: str) -> str:
    """What a part of the letter is called, where it has no form around it."""
    placed = letter.find(part)
    return block_title(placed) if placed is not None else _("Subject and preview text")


def first_words(placed: PlacedBlock) -> str:
    """What tells a block from others of its kind: its first words."""
    block = placed.block
    for name in ("text", "html", "label", "alt", "author", "picture"):
        text = re.sub(r"<[^>]*>|&nbsp;", " ", getattr(block, name, ""))
        if text.strip():
            return _shortened(text)
    items = getattr(block, "items", ())
    return _shortened(
        ", ".join(getattr(each, "name", "") or getattr(each, "network", "") for each in items).strip(", ")
    )


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return f"{text[:60].rstrip()}…" if len(text) > 61 else text


def remark_text(code: str) -> str:
    """What is still to do in a block."""
    return {
        "example": _("example text"),
        "alt": _("no description of the picture"),
        "link": _("no link"),
        "picture": _("no picture"),
        "empty": _("empty"),
    }[code]
