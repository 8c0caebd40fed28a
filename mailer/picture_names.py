"""What a picture's file is called, wherever files of pictures lie, and what is raised when they cannot be reached."""

from __future__ import annotations

from typing import NamedTuple

FOLDER = "i/"  # of the public address
KINDS = {"jpg": "image/jpeg", "png": "image/png", "gif": "image/gif"}
YEAR_SECONDS = 31_536_000  # what browsers may keep one


class PictureFile(NamedTuple):
    """A picture's file: by its content for who keeps it once for all, by its public address for who shows it."""

    public_id: str
    digest: str
    extension: str

    @property
    def public_name(self) -> str:
        """The last part of the public address."""
        return f"{self.public_id}.{self.extension}"

    @property
    def content_name(self) -> str:
        """The same for all pictures with this content."""
        return f"{self.digest}.{self.extension}"


class StoreAway(OSError):
    """The storage of pictures does not answer, or refuses us (`is_refusal`); `str()` is what it said.

    As the database away: nobody's mistake, nothing is lost, and the same may work a moment later.
    """

    def __init__(self, said: str, *, is_refusal: bool) -> None:
        super().__init__(said)
        self.is_refusal = is_refusal
        self.is_told = bool(said)
