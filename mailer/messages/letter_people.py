"""Conditions of a block's own: who gets it, built as segments are, and kept in the letter."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from mailer.letters.document import EVERYBODY, Letter, PlacedBlock, ShownTo, shown_to
from mailer.letters.shapes import build
from mailer.messages import letter_desk
from mailer.messages.letter_desk import LetterWork, condition_of_block
from mailer.models.message import Message
from mailer.models.user import User
from mailer.segments import builder
from mailer.segments.builder import Group
from mailer.segments.naming import names_of
from mailer.segments.scope import ConditionScope, scope_of
from mailer.segments.words import in_words

OWN = "meet"


def words_of(letter: Letter, owner: User) -> dict[str, str]:
    """What the conditions of blocks that have their own say, by the blocks' ids."""
    own = [each for each in letter.blocks if each.shown.op == OWN]
    if not own:
        return {}
    names = names_of(owner, scope_of(owner))
    return {each.id: in_words(condition_of_block(each), names) for each in own}


def group_of(placed: PlacedBlock, scope: ConditionScope) -> Group:
    """What the builder begins with: the block's conditions, its segment as one, or a row to fill in."""
    if placed.shown == EVERYBODY:
        return builder.begun(scope)
    return builder.group_of(condition_of_block(placed), scope)


def keep(message: Message, block_id: str, tree: dict[str, Any], seen: str) -> LetterWork:
    """Show the block to those who meet the tree; to everybody where it says nothing.

    Raises Conflict when the block is for other people than the person saw (`seen`), DocumentError, TooLarge, and
    KeyError for a block that is gone.
    """
    is_nothing = not any(said for part, said in tree.items() if part != "v")
    shown = EVERYBODY if is_nothing else build(ShownTo, {"op": OWN, "tree": tree})
    return letter_desk.change(
        message,
        lambda letter: shown_to(letter, block_id, shown),
        expects=lambda letter: (
            letter.blocks[letter.place_of(block_id)].shown == shown or stamp(letter, block_id) == seen
        ),
    )


def stamp(letter: Letter, block_id: str) -> str:
    """Tells whether a block is for the same people as when a page showed it. Raises KeyError for a block gone."""
    shown = letter.blocks[letter.place_of(block_id)].shown
    said = json.dumps([shown.op, shown.segment, shown.tree])
    return hashlib.sha256(said.encode()).hexdigest()[:16]
