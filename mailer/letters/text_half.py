"""The plain text of a letter: made from its blocks (what is said, in order, with addresses written out), or written by
its author and held against what the blocks say."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import singledispatch

from mailer.composing.html import text_from_html
from mailer.composing.placeholders import gated, without_gates
from mailer.letters import kinds, rich
from mailer.letters.document import EVERYBODY, Letter


def text_of(letter: Letter) -> str:
    """The text half, placeholders included: its author's, or made."""
    own = without_gates(letter.text.words)  # a gate that somebody typed would shut the rest of the letter away
    return own + "\n" if own.strip() else made_text(letter)


def words_for_everybody(letter: Letter) -> str:
    """What the blocks say that nobody is kept from: a text written by hand is the same for all."""
    some = tuple(each for each in letter.blocks if each.shown == EVERYBODY)
    return made_text(replace(letter, blocks=some)).strip()


def digest(text: str) -> str:
    """Tells whether a text says the same, however it is laid out."""
    return hashlib.sha256(" ".join(text.split()).encode("utf-8", "replace")).hexdigest()[:16]


def is_stale(letter: Letter) -> bool:
    """Whether the blocks say something else than they did when the text half was written by hand."""
    return bool(letter.text.words.strip()) and letter.text.written_for != digest(made_text(letter))


def made_text(letter: Letter) -> str:
    """The text half made of the blocks."""
    parts = ((each, _say(each.block)) for each in letter.blocks)
    whole = "".join(
        f"{part}\n\n" if each.shown == EVERYBODY else gated(f"{part}\n\n", each.id)
        for each, part in parts
        if part.strip()
    )
    return whole.removesuffix("\n")


@singledispatch
def _say(block: kinds.Block) -> str:
    return ""  # a divider, room


@_say.register
def _(block: kinds.LogoBlock) -> str:
    return _with_link(block.alt, block.link)


@_say.register
def _(block: kinds.HeadingBlock) -> str:
    return block.text.upper() if block.level == 1 and "{{" not in block.text else block.text


@_say.register
def _(block: kinds.TextBlock) -> str:
    return rich.as_text(block.html)


@_say.register
def _(block: kinds.HtmlBlock) -> str:
    return text_from_html(block.html)


@_say.register
def _(block: kinds.ButtonBlock) -> str:
    return f"{block.label}: {block.link}" if block.link else block.label


@_say.register
def _(block: kinds.PictureBlock) -> str:
    return _with_link(f"[{block.alt}]" if block.alt else "", block.link)


@_say.register
def _(block: kinds.PictureTextBlock) -> str:
    return "\n".join(part for part in (rich.as_text(block.html), block.link) if part)


@_say.register
def _(block: kinds.ColumnsBlock) -> str:
    return "\n\n".join(rich.as_text(each.html) for each in block.items)


@_say.register
def _(block: kinds.ProductsBlock) -> str:
    return "\n".join(_product(each) for each in block.items)


@_say.register
def _(block: kinds.QuoteBlock) -> str:
    return "\n".join(
        part for part in (f"«{rich.as_text(block.html)}»", f"— {block.author}" if block.author else "") if part
    )


@_say.register
def _(block: kinds.ContactsBlock) -> str:
    links = [each.link.removeprefix("mailto:").removeprefix("tel:") for each in block.items if each.link]
    return "\n".join(part for part in (rich.as_text(block.html), *links) if part)


@_say.register
def _(block: kinds.UnsubscribeBlock) -> str:
    return "-- \n" + (f"{block.reason}\n" if block.reason else "") + f"{block.label}: {{{{ unsubscribe_url }}}}"


def _product(product: kinds.Product) -> str:
    price = product.price + (f" ({product.old_price})" if product.old_price else "")
    line = " — ".join(part for part in (product.name, price) if part)
    return f"- {_with_link(line, product.link)}"


def _with_link(words: str, link: str) -> str:
    return f"{words}: {link}" if words and link else words or link
