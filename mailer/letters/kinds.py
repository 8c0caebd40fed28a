"""The kinds of blocks: what each holds. How they are drawn: `drawing` (HTML) and `text_half`."""

from __future__ import annotations

from dataclasses import dataclass

from mailer.letters.shapes import held_as
from mailer.letters.values import (
    ColourCode,
    LinkTo,
    OneLine,
    OneOf,
    OwnMarkup,
    PictureAddress,
    RichText,
    SeveralOf,
    WholeNumber,
    YesNo,
)

LEFT_OR_CENTER = OneOf(("left", "center"))
NETWORKS = (
    "site",
    "vk",
    "telegram",
    "whatsapp",
    "ok",
    "youtube",
    "instagram",
    "facebook",
    "tiktok",
    "phone",
    "mail",
    "map",
)


@dataclass(frozen=True, slots=True)
class Block:
    """What all kinds have; an empty background is the theme's."""

    background: str = held_as(ColourCode(optional=True), "")


@dataclass(frozen=True, slots=True)
class LogoBlock(Block):
    """The sender's sign, at the top."""

    picture: str = held_as(PictureAddress(), "")
    alt: str = held_as(OneLine(), "")
    width: int = held_as(WholeNumber(40, 400), 160)
    align: str = held_as(LEFT_OR_CENTER, "center")
    link: str = held_as(LinkTo(), "")
    picture_dark: str = held_as(PictureAddress(), "")  # instead, where the ground is dark


@dataclass(frozen=True, slots=True)
class HeadingBlock(Block):
    """A line in large type."""

    text: str = held_as(OneLine(), "")
    level: int = held_as(WholeNumber(1, 2), 1)
    align: str = held_as(LEFT_OR_CENTER, "left")


@dataclass(frozen=True, slots=True)
class TextBlock(Block):
    """Paragraphs."""

    html: str = held_as(RichText(), "")


@dataclass(frozen=True, slots=True)
class ButtonBlock(Block):
    """A link that nobody overlooks."""

    label: str = held_as(OneLine(60), "")
    link: str = held_as(LinkTo(), "")
    colour: str = held_as(ColourCode(optional=True), "")


@dataclass(frozen=True, slots=True)
class PictureBlock(Block):
    """A picture alone; wide: to the edges."""

    picture: str = held_as(PictureAddress(), "")
    alt: str = held_as(OneLine(), "")
    link: str = held_as(LinkTo(), "")
    wide: bool = held_as(YesNo(), False)


@dataclass(frozen=True, slots=True)
class PictureTextBlock(Block):
    """A picture with words beside it."""

    picture: str = held_as(PictureAddress(), "")
    alt: str = held_as(OneLine(), "")
    link: str = held_as(LinkTo(), "")
    html: str = held_as(RichText(), "")
    picture_side: str = held_as(OneOf(("left", "right")), "left")


@dataclass(frozen=True, slots=True)
class TextColumn:
    """One of several texts side by side."""

    html: str = held_as(RichText(8000), "")


@dataclass(frozen=True, slots=True)
class ColumnsBlock(Block):
    """Two or three texts side by side; below each other on a phone."""

    items: tuple[TextColumn, ...] = held_as(SeveralOf(TextColumn, 2, 3), (TextColumn(), TextColumn()))


@dataclass(frozen=True, slots=True)
class Product:
    """Something for sale."""

    picture: str = held_as(PictureAddress(), "")
    alt: str = held_as(OneLine(), "")
    name: str = held_as(OneLine(), "")
    price: str = held_as(OneLine(40), "")
    old_price: str = held_as(OneLine(40), "")
    link: str = held_as(LinkTo(), "")


@dataclass(frozen=True, slots=True)
class ProductsBlock(Block):
    """Things for sale, two or three in a row. An empty label draws no buttons."""

    items: tuple[Product, ...] = held_as(SeveralOf(Product, 1, 12), (Product(), Product(), Product()))
    per_row: int = held_as(WholeNumber(2, 3), 3)
    label: str = held_as(OneLine(40), "")


@dataclass(frozen=True, slots=True)
class QuoteBlock(Block):
    """Somebody's words."""

    html: str = held_as(RichText(4000), "")
    author: str = held_as(OneLine(), "")


@dataclass(frozen=True, slots=True)
class DividerBlock(Block):
    """A thin line."""


@dataclass(frozen=True, slots=True)
class SpacerBlock(Block):
    """Room, in pixels."""

    height: int = held_as(WholeNumber(4, 120), 24)


@dataclass(frozen=True, slots=True)
class Social:
    """A place where the sender is found."""

    network: str = held_as(OneOf(NETWORKS), "site")
    link: str = held_as(LinkTo(), "")


@dataclass(frozen=True, slots=True)
class ContactsBlock(Block):
    """Where the sender is found, and the address below it."""

    items: tuple[Social, ...] = held_as(SeveralOf(Social, 0, 8), ())
    html: str = held_as(RichText(4000), "")


@dataclass(frozen=True, slots=True)
class UnsubscribeBlock(Block):
    """Why the reader gets this, and the way out; exactly one, at the end."""

    reason: str = held_as(OneLine(300), "")
    label: str = held_as(OneLine(60), "")


@dataclass(frozen=True, slots=True)
class HtmlBlock(Block):
    """HTML of the author's own."""

    html: str = held_as(OwnMarkup(), "")


KINDS: dict[str, type[Block]] = {
    "logo": LogoBlock,
    "heading": HeadingBlock,
    "text": TextBlock,
    "button": ButtonBlock,
    "picture": PictureBlock,
    "picture_text": PictureTextBlock,
    "columns": ColumnsBlock,
    "products": ProductsBlock,
    "quote": QuoteBlock,
    "divider": DividerBlock,
    "spacer": SpacerBlock,
    "contacts": ContactsBlock,
    "unsubscribe": UnsubscribeBlock,
    "html": HtmlBlock,
}
NAME_OF = {kind: name for name, kind in KINDS.items()}
