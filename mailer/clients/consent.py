"""Whether people may be written to, in the words that other programs and people use for it."""

from __future__ import annotations

import re

from mailer.clients.refused import ValueRefused
from mailer.models.client import SuppressionReason

_WORDS_FOR_YES = (
    "yes y true 1 + да д subscribed active confirmed optin optedin doubleoptin singleoptin granted permission enabled "
    "подписан подписана подписаны активен активна активный согласен согласна есть"
)
_WORDS_FOR_NO = (
    "no n false 0 нет н notsubscribed neversubscribed nonsubscribed unconfirmed pending inactive disabled archived "
    "suppressed blocked transactional denied donotwrite неподписан неподписана неактивен неактивна неписать"
)
_WORDS_FOR_LEFT = (
    "unsubscribed unsub optout optedout complained complaint spam "
    "отписан отписана отписались отписался отписалась жалоба"
)
_WORDS_FOR_BAD = "cleaned bounced bounce hardbounce invalid undeliverable недоступен несуществует ошибка"
_YES, _NO, _LEFT, _BAD = (
    frozenset(words.split()) for words in (_WORDS_FOR_YES, _WORDS_FOR_NO, _WORDS_FOR_LEFT, _WORDS_FOR_BAD)
)
_DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}(?:[ T].*)?")


def clean_subscribed(raw: str) -> str:
    """Why not to write to the person, as a value of `SuppressionReason`; empty for «подписан», “yes” and the like.

    Raises `ValueRefused` for a word that says neither.
    """
    word = _bare(raw)
    if word in _LEFT:
        return SuppressionReason.UNSUBSCRIBED.value
    if word in _BAD:
        return SuppressionReason.BAD_ADDRESS.value
    if word in _NO or raw.strip() == "-":
        return SuppressionReason.MANUAL.value
    if word in _YES or raw.strip() in ("+", ""):
        return ""
    raise ValueRefused("subscription_unknown")


def clean_unsubscribed(raw: str) -> str:
    """`clean_subscribed` for a column of who left: “yes”, or a date, is a person who unsubscribed."""
    if _DATE.fullmatch(raw.strip()):
        return SuppressionReason.UNSUBSCRIBED.value
    word = _bare(raw)
    if word in _YES and word not in ("subscribed", "подписан", "подписана"):
        return SuppressionReason.UNSUBSCRIBED.value
    if word in _NO and word not in ("неписать", "suppressed", "blocked"):
        return ""
    return clean_subscribed(raw)


def _bare(raw: str) -> str:
    return re.sub(r"[\W_]", "", raw.casefold())
