"""Pictures of the library that travel inside a mail, where its message asks for it (RFC 2387, RFC 2392).

What is kept, shown in a browser and counted goes on naming their addresses: only the mail itself has them within.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy import select

from mailer.composing.attachments import InlinePicture
from mailer.composing.email import Content
from mailer.extensions import db
from mailer.models.message import Message
from mailer.models.picture import Picture
from mailer.picture_names import KINDS, PictureFile
from mailer.picture_store import media_store

MOST_BYTES = 3 * 2**20  # of all of them in a mail; those beyond it are loaded from their addresses
MOST_PICTURES = 20
# Where a mail shows one: not where it links to one.
_SHOWN = re.compile(
    r"""((?:\bsrc|\bbackground)\s*=\s*["']?|url\(\s*(?:["']|&quot;|&\#3[49];|&apos;)?)"""
    r"""https?://[^\s"'()<>&{}]{1,300}/i/([0-9a-f]{32})\.(?:jpg|png|gif)\b""",
    re.IGNORECASE,
)
log = structlog.get_logger()


def shown_by(message: Message) -> list[Picture]:
    """The pictures of the owner's library that its HTML shows, each once, in order."""
    ids = list(dict.fromkeys(found[2].lower() for found in _SHOWN.finditer(message.html_body)))
    query = select(Picture).where(Picture.owner_id == message.owner_id, Picture.public_id.in_(ids))
    found = {picture.public_id: picture for picture in db.session.scalars(query)} if ids else {}
    return [found[id_] for id_ in ids if id_ in found]


def that_fit(pictures: list[Picture]) -> list[Picture]:
    """Those that travel inside: one after the other as long as there is room."""
    taken: list[Picture] = []
    for picture in pictures:
        if len(taken) < MOST_PICTURES and sum(one.size for one in taken) + picture.size <= MOST_BYTES:
            taken.append(picture)
    return taken


def as_copy(message: Message) -> list[dict[str, Any]]:
    """What a run keeps of them; nothing where the message leaves pictures at their addresses."""
    if not message.inlines_pictures:
        return []
    return [{"id": one.public_id, "file": f"{one.digest}.{one.extension}"} for one in that_fit(shown_by(message))]


def with_pictures(content: Content, copy: Mapping[str, Any]) -> Content:
    """The content with the pictures inside that a copy of a message names.

    One whose file is not found stays at its address: its reader sees it all the same. Errors: StoreAway, while nobody
    can tell whether it is there.
    """
    inside = {}
    listed = [PictureFile(one["id"], *one["file"].split(".")) for one in copy.get("inline") or []]
    for picture, file in zip(listed, media_store().read_all(listed) if listed else (), strict=True):
        if file is None:
            log.warning("a picture stays at its address: its file is not here", file=picture.content_name)
            continue
        id_, extension = picture.public_id, picture.extension
        inside[id_] = InlinePicture(f"{id_}@pictures", f"{id_[:8]}.{extension}", KINDS[extension], file)
    if not inside:
        return content

    def placed(found: re.Match[str]) -> str:
        picture = inside.get(found[2].lower())
        return f"{found[1]}cid:{picture.content_id}" if picture is not None else found[0]

    return replace(content, html=_SHOWN.sub(placed, content.html), inline=tuple(inside.values()))
