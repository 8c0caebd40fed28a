"""What a placeholder may be called: our fields in two languages, and the owner's own attributes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from types import MappingProxyType

# Field -> its Russian name; the field's own name is the English one.
FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "email": "почта",
        "first_name": "имя",
        "last_name": "фамилия",
        "patronymic": "отчество",
        "full_name": "полное_имя",
        "birth_year": "год_рождения",
        "comment": "комментарий",
        "unsubscribe_url": "ссылка_отписки",
        "preferences_url": "ссылка_настроек",
        "view_url": "ссылка_просмотра",
        "tracking_notice": "о_подсчёте",
    }
)
# Links of the mail itself, and what it says of them: no values of anybody's.
LINKS = frozenset({"unsubscribe_url", "preferences_url", "view_url", "tracking_notice"})
_FIELD_OF = {name: field for field, russian in FIELDS.items() for name in (field, russian)}
# What other programs and people call our fields: known to suggestions only.
_LIKE = {
    "name": "first_name", "firstname": "first_name", "fname": "first_name", "lname": "last_name",
    "surname": "last_name",
    "fio": "full_name", "fullname": "full_name", "mail": "email", "e-mail": "email", "year": "birth_year",
    "birthday": "birth_year", "unsubscribe": "unsubscribe_url", "unsubscribe_link": "unsubscribe_url",
    "unsub": "unsubscribe_url", "фио": "полное_имя", "имейл": "почта", "емейл": "почта", "адрес": "почта",
    "имя_клиента": "имя", "клиент": "имя", "год": "год_рождения", "отписка": "ссылка_отписки",
    "отписаться": "ссылка_отписки",
    "preferences": "preferences_url", "настройки": "ссылка_настроек", "view": "view_url", "webversion": "view_url",
    "view_in_browser": "view_url", "браузер": "ссылка_просмотра",
    "tracking": "tracking_notice", "подсчёт": "о_подсчёте", "о_подсчете": "о_подсчёте",
    "imya": "имя", "familiya": "фамилия", "otchestvo": "отчество",
}  # fmt: skip
_FULL_NAME_PARTS = ("last_name", "first_name", "patronymic")
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")


def typed_as(key: str, language: str) -> str:
    """What a person of that language types for the key of a field of ours."""
    return FIELDS.get(key, key) if language == "ru" else key


class Vocabulary:
    """The names known in one owner's messages. `attributes=None` knows every name (a snapshot was checked before)."""

    def __init__(self, attributes: Collection[str] | None = frozenset()) -> None:
        self._knows_all = attributes is None
        self._attributes = {folded(name): name for name in attributes or ()}

    def resolve(self, typed: str) -> str | None:
        """The key a value is found under: our field's English name, else the attribute's; None for an unknown name."""
        name = folded(typed)
        return _FIELD_OF.get(name) or self._attributes.get(name) or (typed if self._knows_all else None)

    def suggest(self, typed: str) -> str | None:
        """The name that was meant, else the nearest known one in the alphabet of what was typed."""
        name = folded(typed)
        if name in _LIKE:
            return _LIKE[name]
        alphabet = [known for known in (*_FIELD_OF, *self._attributes) if _same_alphabet(known, name)]
        nearest = get_close_matches(name, alphabet, n=1)
        return self._attributes.get(nearest[0], nearest[0]) if nearest else None


@lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """A name without the differences people do not mean: case, composed letters, spaces for underscores."""
    return "_".join(unicodedata.normalize("NFC", name).casefold().split())


def value_of(name: str, values: Mapping[str, str]) -> str:
    """The value of a key that `Vocabulary.resolve` gave, or an empty string. The full name is made of its parts."""
    value = values.get(name)
    if value is not None:
        return value
    if name == "full_name":
        return joined(values.get(part, "") for part in _FULL_NAME_PARTS)
    if name in FIELDS:
        return ""
    wanted = folded(name)
    return next((value for key, value in values.items() if folded(key) == wanted), "")


def joined(parts: Iterable[str]) -> str:
    """The known parts with a space between them."""
    return " ".join(part for part in parts if part)


def _same_alphabet(one: str, other: str) -> bool:
    return (_CYRILLIC.search(one) is None) == (_CYRILLIC.search(other) is None)
