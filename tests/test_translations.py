"""Russian is complete: every sentence a person may read has one."""

from __future__ import annotations

import io
import re
import string
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from tests.conftest import ROOT

CATALOGUE = ROOT / "mailer" / "translations" / "ru" / "LC_MESSAGES" / "messages.po"


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    """The Russian catalogue."""
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="ru")


def sentences() -> set[str | tuple[str, ...]]:
    """Every msgid in the code and the templates."""
    settings = io.StringIO((ROOT / "babel.cfg").read_text())
    method_map, options_map = parse_mapping_cfg(settings)  # type: ignore[no-untyped-call]
    keywords = DEFAULT_KEYWORDS | {"_l": None, "lazy_gettext": None}
    found = extract_from_dir(str(ROOT), method_map, options_map, keywords=keywords, directory_filter=_is_ours)
    return {message for _file, _line, message, _comments, _context in found if message}


def _is_ours(folder: str | Path) -> bool:
    path = Path(folder)
    return path == ROOT or (path.is_relative_to(ROOT / "mailer") and path.name not in {"static", "translations"})


def test_every_sentence_has_its_russian(catalogue: Catalog) -> None:
    known = {message.id if isinstance(message.id, str) else message.id[0] for message in catalogue if _is_done(message)}
    wanted = {message if isinstance(message, str) else message[0] for message in sentences()}
    assert sorted(wanted - known) == []


def test_the_russian_keeps_the_placeholders(catalogue: Catalog) -> None:
    wrong = [
        (message.id, text)
        for message in catalogue
        if message.id and message.string
        for text in (message.string if isinstance(message.string, tuple | list) else [message.string])
        if _names(text) - _names(message.id if isinstance(message.id, str) else message.id[-1])
        or (isinstance(message.id, str) and _names(message.id) - _names(text))
    ]
    assert wrong == []


def _is_done(message: Message) -> bool:
    texts = message.string if isinstance(message.string, tuple | list) else [message.string]
    return bool(message.id) and not message.fuzzy and all(texts)


def _names(text: str) -> set[str]:
    """The named placeholders of a `%`-format."""
    names = set()
    for piece in text.replace("%%", "").split("%(")[1:]:
        name, found, rest = piece.partition(")")
        if found and rest[:1] in string.ascii_letters:
            names.add(name)
    return names


def test_no_sentence_hides_in_a_formatted_string() -> None:
    """Babel does not read the inside of an f-string: what stands there would stay English."""
    hidden = re.compile(r"""\bf("[^"\n]*\{_\('|'[^'\n]*\{_\(")""")
    assert [path.name for path in (ROOT / "mailer").rglob("*.py") if hidden.search(path.read_text())] == []
