"""A subject with placeholders as it is named where nobody's values stand in it."""

from __future__ import annotations

from mailer.composing.names import typed_as
from mailer.composing.placeholders import PlaceholderError, parse


def subject_in_words(subject: str, language: str) -> str:
    """The subject with defaults in their places, and names where there are none: `Hello, [first name]`."""
    try:
        template = parse(subject, None)
    except PlaceholderError:  # of an older service, with less strict rules
        return subject
    parts = (
        part if isinstance(part, str) else part.default or f"[{typed_as(part.name, language).replace('_', ' ')}]"
        for part in template.parts
    )
    return "".join(parts)
