"""What is sent, from where it is kept: a message, or the copy of it that a run has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailer.composing.body import FIRST_RENDERER
from mailer.composing.email import Content
from mailer.models.message import Message
from mailer.sending import attachments, inline_pictures, parts_for_some


def content_of(message: Message) -> Content:
    """A message as it stands."""
    return Content(message.subject, message.text_body, message.html_body, message.renderer)


def whole_content_of(message: Message) -> Content:
    """A message as it stands, with its files, and its pictures where they travel inside."""
    content = content_of(message)
    copy = {"files": attachments.as_copy(message), "inline": inline_pictures.as_copy(message)}
    return attachments.with_files(content, message.owner_id, copy)


def as_copy(message: Message) -> dict[str, Any]:
    """The message for a run's snapshot (JSON), without `renderer` for the first one: copies of its time have none."""
    renderer = {} if message.renderer == FIRST_RENDERER else {"renderer": message.renderer}
    compiled_by = {"compiled_by": message.compiled_by} if message.compiled_by else {}
    files, inline = attachments.as_copy(message), inline_pictures.as_copy(message)
    conditions = {"conditions": parts_for_some.written_out(message)} if message.conditions else {}
    return {
        "subject": message.subject,
        "text": message.text_body,
        "html": message.html_body,
        **renderer,
        **compiled_by,
        **conditions,
        **({"files": files} if files else {}),
        **({"inline": inline} if inline else {}),
    }


def content_of_copy(copy: Mapping[str, Any]) -> Content:
    """What such a copy says."""
    return Content(copy["subject"], copy["text"], copy["html"], copy.get("renderer", FIRST_RENDERER))
