"""The file of a backup: a ZIP with the database's dump, uploads, keys and secrets, and a manifest that describes it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from zlib import error as BadStream  # noqa: N812

from flask_babel import gettext as _

from mailer.errors import Refusal

FORMAT = 1
MANIFEST, DUMP, SECRETS, SETTINGS = "manifest.json", "database.dump", "secrets.json", "settings.env"
UPLOADS = ("media", "imports")  # folders of VAR_DIR
KEYS = "dkim"
KNOWN_FILES = {MANIFEST, DUMP, SECRETS, SETTINGS}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: `revision` is the newest migration in it, `tools` the major version of `pg_dump`."""

    format: int
    made_at: str
    site_url: str
    revision: str
    server: int
    tools: int
    counts: dict[str, int]
    files: int

    def write(self, archive: zipfile.ZipFile) -> None:
        """Into the archive, as its last part."""
        archive.writestr(MANIFEST, json.dumps(asdict(self), indent=2))


@contextmanager
def opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """A backup whose every byte was checked. Refusal when it is not one, or cut short, or damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            if (damaged := archive.testzip()) is not None:
                raise Refusal(_("%(file)s is damaged: %(part)s cannot be read.", file=path, part=damaged))
            yield archive, _manifest(archive, path)
    except FileNotFoundError as error:
        raise Refusal(_("There is no file %(file)s.", file=path)) from error
    except (zipfile.BadZipFile, EOFError, BadStream, NotImplementedError) as error:
        raise Refusal(
            _("%(file)s is not a Golub backup, or is incomplete: %(error)s", file=path, error=error)
        ) from error


def files_under(archive: zipfile.ZipFile, folder: str) -> Iterator[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """Parts of the archive under `folder`, with their paths inside it."""
    for part in archive.infolist():
        path = PurePosixPath(part.filename)
        if path.parts[:1] == (folder,):
            yield part, path.relative_to(folder)


def _manifest(archive: zipfile.ZipFile, path: Path) -> Manifest:
    try:
        found = json.loads(archive.read(MANIFEST))
        manifest = Manifest(**found)
        datetime.fromisoformat(manifest.made_at)
        archive.getinfo(DUMP)
    except (KeyError, ValueError, TypeError) as error:
        if isinstance(error, ValueError | TypeError) and found_newer(archive):
            raise Refusal(_("%(file)s was made by a newer release of Golub.", file=path)) from error
        raise Refusal(_("%(file)s is not a Golub backup.", file=path)) from error
    if manifest.format != FORMAT:
        raise Refusal(_("%(file)s was made by a newer release of Golub.", file=path))
    for name in map(PurePosixPath, archive.namelist()):
        is_known = str(name) in KNOWN_FILES or (name.parts[0] in (*UPLOADS, KEYS) and len(name.parts) > 1)
        if not is_known or ".." in name.parts or name.is_absolute():
            raise Refusal(_("%(file)s is not a Golub backup: it holds %(part)s.", file=path, part=name))
    return manifest


def found_newer(archive: zipfile.ZipFile) -> bool:
    """Whether the manifest, which cannot be read as ours, names a later format."""
    try:
        return int(json.loads(archive.read(MANIFEST))["format"]) > FORMAT
    except (KeyError, ValueError, TypeError):
        return False
