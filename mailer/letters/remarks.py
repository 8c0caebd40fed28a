"""What a careful reader would say of a letter before it leaves; nothing of it stands in the way."""

from __future__ import annotations

from dataclasses import dataclass

from mailer.letters import kinds
from mailer.letters.document import Letter, PlacedBlock
from mailer.letters.starters import examples_left


@dataclass(frozen=True, slots=True)
class Remark:
    """`code` is `example` (words of a starter), `alt`, `link`, `picture` or `empty`: what is missing in the block."""

    block_id: str
    code: str


def remarks(letter: Letter) -> list[Remark]:
    """In the order of the blocks."""
    examples = examples_left(letter)
    found = []
    for each in letter.blocks:
        codes = ["example"] if each.id in examples else []
        found += [Remark(each.id, code) for code in (*codes, *_missing(each))]
    return found


def _missing(placed: PlacedBlock) -> list[str]:
    block = placed.block
    if isinstance(block, kinds.ButtonBlock):
        return [code for code, is_there in (("empty", block.label), ("link", block.link)) if not is_there]
    if isinstance(block, kinds.PictureBlock | kinds.PictureTextBlock):
        return _of_picture(block.picture, block.alt)
    if isinstance(block, kinds.LogoBlock):
        return ["alt"] if not block.alt else []
    if isinstance(block, kinds.ProductsBlock):
        codes = {code for each in block.items for code in _of_picture(each.picture, each.alt) if each.picture}
        return sorted(codes | {"empty" for each in block.items if not each.name})
    words = getattr(block, "html", None) or getattr(block, "text", None)
    return ["empty"] if isinstance(block, kinds.TextBlock | kinds.HeadingBlock) and not words else []


def _of_picture(picture: str, alt: str) -> list[str]:
    if not picture:
        return ["picture"]
    return [] if alt else ["alt"]
