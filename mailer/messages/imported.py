"""A letter made elsewhere: a file of HTML or MJML, or a ZIP of it with its pictures, which go into the library."""

from __future__ import annotations

import codecs
import html as entities
import posixpath
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import PurePosixPath
from typing import IO
from urllib.parse import unquote

from flask_babel import gettext as _

from mailer.composing.check import BODY_SIZE
from mailer.composing.markup import attributes, tokens
from mailer.errors import Refusal
from mailer.media import services as library
from mailer.media.addresses import public_url
from mailer.media.encoding import MAX_UPLOAD
from mailer.models.user import User

MOST_FILES, MOST_BYTES = 300, 60 * 2**20  # of an archive, unpacked
MOST_PICTURES = 60
MOST_TEXT = 2 * BODY_SIZE  # bytes of the file before it is sieved
MJML_SECONDS = 10
MJML_DEPTH = 200  # its compiler overruns its stack beyond that
ARCHIVE = b"PK\x03\x04"
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([a-z0-9_\-]{3,20})", re.IGNORECASE)
# Its first tag, whatever comments and declarations stand before it.
_BEGINS_AS_MJML = re.compile(r"(?:\s|<!--.*?-->|<[?!][^<>]*>)*+<mj(?:ml|-[a-z]+)(?![\w\-])", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(r"<title[^<>]*>([^<]{1,400})</title", re.IGNORECASE)
_CSS_ADDRESS = re.compile(r"url\(\s*([\"']?)([^\"'()\s]{1,500})\1\s*\)", re.IGNORECASE)
_ELSEWHERE = re.compile(r"(?:[a-z][a-z0-9+.\-]{0,20}:|//|#|\{\{)", re.IGNORECASE)
# A process of its own: what is wrong with a document ends it alone.
_COMPILE = (
    "import sys, mjml; sys.stdout.buffer.write(mjml.mjml2html(sys.stdin.buffer.read().decode(), fonts={}).encode())"
)


@dataclass(slots=True)
class Imported:
    """The letter as HTML, what its title says, and what could not be brought along: (name, reason)."""

    html: str
    title: str
    left_out: list[tuple[str, str]] = field(default_factory=list)


def read_letter(owner: User, upload: IO[bytes], file_name: str) -> Imported:
    """The letter in an uploaded file. Raises Refusal with what is wrong with it."""
    if upload.read(4) == ARCHIVE:
        upload.seek(0)
        return _from_archive(owner, upload)
    upload.seek(0)
    return _letter(_text(upload.read(MOST_TEXT + 1)), file_name)


def _letter(text: str, file_name: str) -> Imported:
    page = compiled_mjml(text) if is_mjml(text) or file_name.lower().endswith(".mjml") else text
    if "<" not in page:
        raise Refusal(_("This file holds no HTML."))
    title = _TITLE.search(text)
    words = entities.unescape(title[1]) if title else PurePosixPath(file_name).stem
    return Imported(page, " ".join(words.split())[:150])


def is_mjml(text: str) -> bool:
    """Whether the text begins as MJML does, not as HTML."""
    return _BEGINS_AS_MJML.match(text) is not None


def compiled_mjml(source: str) -> str:
    """HTML of MJML. Raises Refusal with the compiler's words."""
    if _depth(source) > MJML_DEPTH:
        raise Refusal(_("This MJML is nested too deeply."))
    text = _without_remarks(source.replace("\r\n", "\n")).encode("utf-8", "replace")
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and words
            [sys.executable, "-I", "-c", _COMPILE], input=text, capture_output=True, timeout=MJML_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Refusal(_("This MJML could not be compiled in time.")) from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2].partition(":")[2].strip()
        raise Refusal(_("This MJML cannot be compiled: %(said)s", said=said[:200]))
    return done.stdout.decode()


def _without_remarks(source: str) -> str:
    """MJML as its compiler takes it: in the head it refuses comments, and blanks that begin with no line break.

    Comments go everywhere but for those that Outlook reads. The compiler names what is wrong by its octet, so that
    line breaks stand for all that goes.
    """
    pieces, in_head = [], True
    for token in tokens(source):
        in_head = in_head and not (token.kind == "end" and token.name == "mj-head")
        is_remark = token.kind == "comment" and token.source.endswith("-->")
        is_remark = is_remark and not token.source.startswith(("<!--[", "<!--<!["))
        is_blank = in_head and token.kind == "text" and not token.source.strip(" \t\n")
        octets = len(token.source.encode("utf-8", "replace"))
        pieces.append("\n" * octets if is_remark or is_blank else token.source)
    return "".join(pieces)


def _depth(source: str) -> int:
    deepest = depth = 0
    for token in tokens(source):
        if token.kind == "stray" or (token.kind == "start" and not token.inside.rstrip().endswith("/")):
            depth += 1
        elif token.kind == "end":
            depth -= 1
        deepest = max(deepest, depth)
    return deepest


def _text(content: bytes) -> str:
    if len(content) > MOST_TEXT:
        raise Refusal(_("The email is larger than %(limit)s KB.", limit=MOST_TEXT // 1024))
    try:
        text = content.decode(_wide(content) or "utf-8-sig")
    except UnicodeDecodeError as error:
        named = _CHARSET.search(content[:4000])
        try:
            text = codecs.decode(content, named[1].decode()) if named else ""
        except (LookupError, UnicodeError):
            text = ""
        if not isinstance(text, str) or not text:
            raise Refusal(_("The encoding of this file cannot be read. Save it as UTF-8.")) from error
    if "\0" in text:
        raise Refusal(_("This file holds no HTML."))
    return text.replace("\r\n", "\n")


def _wide(content: bytes) -> str | None:
    """The name of an encoding of two octets a letter, which some programs save in: by its mark, or by the first `<`."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    begins = content.lstrip()[:2]
    return {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}.get(begins)


def _from_archive(owner: User, upload: IO[bytes]) -> Imported:
    try:
        with zipfile.ZipFile(upload) as archive:
            files = {part.filename: part for part in archive.infolist() if not part.is_dir()}
            if len(files) > MOST_FILES or sum(part.file_size for part in files.values()) > MOST_BYTES:
                raise Refusal(_("The archive holds too much: %(count)s files at most.", count=MOST_FILES))
            page = _page_of(files)
            found = _letter(_text(_content(archive, files[page], MOST_TEXT + 1)), page)
            pictures = _Pictures(owner, archive, files, posixpath.dirname(page))
            found.html = with_addresses(found.html, pictures.address_of)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise Refusal(_("The archive is damaged or protected with a password.")) from error
    found.left_out = pictures.left_out
    return found


def _page_of(files: dict[str, zipfile.ZipInfo]) -> str:
    """The letter among the files: `index.html` before others, the outermost first."""
    pages = [name for name in files if name.lower().endswith((".html", ".htm", ".mjml")) and "__MACOSX" not in name]
    if not pages:
        raise Refusal(_("There is no HTML file in the archive."))
    return min(pages, key=lambda name: (name.count("/"), not name.lower().endswith("index.html"), name))


def _content(archive: zipfile.ZipFile, part: zipfile.ZipInfo, most: int) -> bytes:
    with archive.open(part) as file:
        return file.read(most)  # never what the archive says of its size


class _Pictures:
    """The pictures of an archive, put into the library when the letter first shows them."""

    def __init__(self, owner: User, archive: zipfile.ZipFile, files: dict[str, zipfile.ZipInfo], folder: str) -> None:
        self._owner, self._archive, self._files, self._folder = owner, archive, files, folder
        self._known: dict[str, str | None] = {}
        self.left_out: list[tuple[str, str]] = []

    def address_of(self, address: str) -> str | None:
        """The public address of the picture that the letter calls `address`; None to leave it as it is."""
        if address not in self._known:
            self._known[address] = self._added(address)
        return self._known[address]

    def _added(self, address: str) -> str | None:
        path = posixpath.normpath(posixpath.join(self._folder, unquote(address.partition("?")[0])))
        part = self._files.get(path)
        if part is None:
            self.left_out.append((address[:80], _("is not in the archive")))
            return None
        if len(self._known) >= MOST_PICTURES:
            self.left_out.append((address[:80], _("too many pictures")))
            return None
        try:
            content = BytesIO(_content(self._archive, part, MAX_UPLOAD + 1))
            return public_url(library.add_picture(self._owner, content, path))
        except Refusal as refusal:
            self.left_out.append((address[:80], str(refusal)))
            return None


def with_addresses(html: str, address_of: Callable[[str], str | None]) -> str:
    """The HTML with other addresses of the pictures that are named by a path of their own; all else as it is."""
    pieces = []
    for token in tokens(html):
        source = token.source
        if token.kind == "comment":  # Outlook reads it as HTML
            source = "<!--" + with_addresses(source[4:], address_of) if len(source) > 4 else source
        elif token.kind == "style":
            source = _in_css(source, address_of)
        elif token.kind == "start":
            for attribute in attributes(token.inside)[0]:
                if attribute.name in ("src", "background") and (new := _new(attribute.value or "", address_of)):
                    source = source.replace(attribute.source, f' {attribute.name}="{new}"', 1)
                elif attribute.name == "style":
                    source = source.replace(attribute.source, _in_css(attribute.source, address_of), 1)
        pieces.append(source)
    return "".join(pieces)


def _in_css(css: str, address_of: Callable[[str], str | None]) -> str:
    def with_new(found: re.Match[str]) -> str:
        new = _new(found[2], address_of)
        return f"url({new})" if new else found[0]

    return _CSS_ADDRESS.sub(with_new, css)


def _new(address: str, address_of: Callable[[str], str | None]) -> str | None:
    address = address.strip()
    return None if not address or _ELSEWHERE.match(address) else address_of(address)
