"""Names that may stand before a sender's address, and those that would deceive."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

NAME_LENGTH = 100
# Letters that look alike, and figures that are put for letters: all as one of them.
_LOOK_ALIKE = str.maketrans("авезкмнорстухіјѕԁԛԝһ01i", "abe3kmhopctyxljsdqwholl")
_INVISIBLE = {"Cf", "Cc", "Cs", "Zl", "Zp", "Mn", "Me"}
_WORD = re.compile(r"[^\W_]+")
# What is said of a service rather than of a person: "Golub Support" is Golub, "Anna Golub" is not.
_OF_A_SERVICE = frozenset(
    "support team service services mail mailer mailing mailings news info admin administrator security help helpdesk "
    "official noreply no reply the account accounts notification notifications postmaster robot bot "
    "служба поддержка поддержки техподдержка команда сервис сервиса почта почты рассылка рассылки рассылок новости "
    "администрация администратор безопасность безопасности помощь официальный аккаунт уведомление уведомления робот "
    "бот от из".translate(_LOOK_ALIKE).split()
)


def fault_of(name: str, service_names: Iterable[str]) -> str | None:
    """Why `name` may not be a sender's: `address` (it imitates one), `service` (it imitates one of those), or None."""
    plain = _plain(name)
    if "@" in plain:
        return "address"
    words = _words(plain)
    for service in service_names:
        if words and words == _words(_plain(service)):
            return "service"
    return None


def _plain(name: str) -> str:
    """As it looks: full-width forms are plain ones, and what cannot be seen is not there."""
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(character for character in decomposed if unicodedata.category(character) not in _INVISIBLE)


def _words(plain: str) -> str:
    """The words that say who it is, in letters that look alike only once."""
    words = _WORD.findall(plain.casefold().translate(_LOOK_ALIKE))
    return "".join(word for word in words if word not in _OF_A_SERVICE)
