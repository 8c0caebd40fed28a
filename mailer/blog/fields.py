"""Fields that only articles have."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_login import current_user
from wtforms import DateTimeLocalField, FileField, StringField, ValidationError

from mailer.blog import images
from mailer.errors import Busy
from mailer.pictures import BadPicture

MAX_TAGS = 5
TAG_LENGTH = 50
FIRST_YEAR, LAST_YEAR = 1970, 2100


class PictureField(FileField):
    """An uploaded picture; `encoded` is what will be kept of it, None when none was chosen."""

    encoded: bytes | None = None

    def pre_validate(self, form: Any) -> None:
        """Read and re-encode the picture. Errors: ValidationError."""
        if getattr(self.data, "filename", ""):
            try:
                self.encoded = images.encode(self.data.stream)
            except (BadPicture, Busy) as error:
                raise ValidationError(_drawing_text() if isinstance(error, Busy) else str(error)) from error


def _drawing_text() -> str:
    return _("We are working on another picture just now. Choose yours again in a few seconds.")


class TagsField(StringField):
    """Words separated by commas; `data` is the list, each word once."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Split what was typed at commas; each tag once, whatever its letter case."""
        words = (" ".join(word.split()) for value in valuelist for word in value.replace("\0", "").split(","))
        unique = {word.casefold(): word for word in words if word}
        self.data = list(unique.values())  # type: ignore[assignment]

    def _value(self) -> str:
        return ", ".join(self.data or ())

    def pre_validate(self, form: Any) -> None:
        """Bound the number of tags and their length. Errors: ValidationError."""
        if len(self.data or ()) > MAX_TAGS:
            raise ValidationError(_("At most %(count)s tags, please.", count=MAX_TAGS))
        if any(len(word) > TAG_LENGTH for word in self.data or ()):
            raise ValidationError(_("A tag is at most %(count)s characters long.", count=TAG_LENGTH))


class MomentField(DateTimeLocalField):
    """A moment typed in the person's own time zone; `moment` is the same in UTC."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["format"] = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
        super().__init__(*args, **kwargs)

    def pre_validate(self, form: Any) -> None:
        """Bound the year, for the database. Errors: ValidationError."""
        if self.data is not None and not FIRST_YEAR <= self.data.year <= LAST_YEAR:
            self.data = None
            raise ValidationError(_("Choose a year from %(first)s to %(last)s.", first=FIRST_YEAR, last=LAST_YEAR))

    def process_data(self, value: Any) -> None:
        """Show an aware moment on the author's clock."""
        self.data = value.astimezone(ZoneInfo(current_user.timezone)).replace(tzinfo=None) if value else None

    @property
    def moment(self) -> datetime | None:
        """Aware, in UTC."""
        if not isinstance(self.data, datetime):
            return None
        return self.data.replace(tzinfo=ZoneInfo(current_user.timezone)).astimezone(UTC)
