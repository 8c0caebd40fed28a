"""Where a picture is found: by everybody, at an address that never changes."""

from __future__ import annotations

import re

from flask import current_app, url_for

from mailer.models.picture import Picture
from mailer.picture_names import FOLDER

PATH = f"/{FOLDER}"  # a test holds it to the route
FILE_NAME = re.compile(r"([0-9a-f]{32})\.(jpg|png|gif)")


def public_url(picture: Picture) -> str:
    """The address for letters, under MEDIA_URL."""
    return f"{current_app.config['MEDIA_URL']}{PATH}{picture.file_name}"


def as_json(picture: Picture) -> dict[str, object]:
    """What a page that lets one choose has to know; `src` is the address within this site."""
    return {
        "id": picture.id,
        "url": public_url(picture),
        "src": url_for("media.show_file", name=picture.file_name),
        "name": picture.name,
        "alt": picture.alt,
        "is_decorative": picture.is_decorative,
        "width": picture.width,
        "height": picture.height,
        "size": picture.size,
    }
