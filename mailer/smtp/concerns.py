"""Whom a refusal concerns: this email, or us who send it. By enhanced code first, then by phase and words.

RFC 3463 (and the registry of RFC 5248) says it plainly where a server uses it well; many say 5.7.1 or nothing and put
it into words.
"""

import re
from enum import StrEnum

from mailer.smtp.replies import Reply
from mailer.smtp.results import Phase


class Concern(StrEnum):
    """What a 4yz or 5yz is about."""

    EMAIL = "email"  # this recipient or this content
    SENDER = "sender"  # our address, account, right to send or way of sending: no other recipient would fare better
    PACE = "pace"  # too much of ours at once, or today


# 500, 502, 503: command unknown or out of order; 530, 534, 535, 538: RFC 4954, section 6.
_CODES_ABOUT_US = frozenset({500, 502, 503, 530, 534, 535, 538})
# 421 closes the connection, 454 is throttling, or TLS or AUTH out of order for now.
_CODES_ABOUT_NOW = frozenset({421, 454})
# Subject and detail. 1.7, 1.8: the sender's address; 3.2, 3.3, 3.5: the server itself; 7.x: how we send, sign and prove
# who we are (8 credentials … 14 trust, 20-22 DKIM, 23-24 SPF, 25 reverse DNS, 26 several, 27 sender's null MX, 29 ARC).
_ABOUT_US = frozenset(
    ["1.7", "1.8", "3.2", "3.3", "3.5"]
    + [f"7.{detail}" for detail in (3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, *range(20, 28), 29, 30)]
)
# 3.1: the server is full; 4.5: congestion, and what large providers call an account's quota; 7.28: a flood.
_ABOUT_PACE = frozenset({"3.1", "4.5", "7.28"})
# Codes that say no more than "no": words decide. The rest names recipient (1.x, 2.x), route or content.
_VAGUE = frozenset({None, "0.0", "1.0", "3.0", "4.0", "5.0", "5.1", "7.0", "7.1", "7.2"})

_OF_EMAIL = re.compile(
    r"\bsize\b|mail ?box|recipient|inbox|\buser (is|has|you|over)|over ?quota|disk quota"
    r"|storage|ящик|получател|greylist|graylist|grey-list",
    re.IGNORECASE,
)
_PACE_WORDS = re.compile(
    r"(daily|hourly|per[ -]?(second|minute|hour|day)|sending|sender|outgoing|outbound|message|mail|rate|connection)"
    r"\w*[ -](\w+[ -])?(limit|quota)"
    r"|(limit|quota)[^.;]{0,40}(exceed|reach)|exceed\w*[^.;]{0,40}(limit|quota|rate)"
    r"|too (many|much) ([a-z]+ )?(message|mail|e-?mail|connection|request)s?|too fast|throttl|rate[ -]?limit"
    r"|(дневн|суточн|часов)\w+ (лимит|квот)|(лимит|квот)\w* (на )?(отправк|рассыл|сообщен|пис)|слишком (много|часто)",
    re.IGNORECASE,
)
_SENDER_WORDS = re.compile(
    r"relay(ing)?( access)?( is)?( denied| not (allowed|permitted)| prohibited)"
    r"|(unable|not (allowed|permitted)) to relay"
    r"|authenticat\w+( is)? (required|needed)|must( be)? (first )?(authenticate|logged in|log in)"
    r"|sender (address )?(rejected|denied|blocked|refused|not allowed|verify fail|unknown)"
    r"|not (owned by|allowed to send)"
    r"|(your|client|sending|source) (ip|host|server|domain|network|account|address|system)\b[^.;]{0,60}"
    r"(block|black|listed|denied|banned|reputation|suspend|disabled|rejected|spam)"
    r"|black-?list|block-?list|dnsbl|\brbl\b|spamhaus|spamcop|barracudacentral|(ip|domain|sender|low) reputation"
    r"|(sending|your|sender) account[^.;]{0,30}(suspend|disabled|locked|blocked)|\bspf\b|\bdkim\b|\bdmarc\b|reverse dns"
    r"|(требуется|необходима) (аутентификация|авторизация)|отправител\w+ (отклон|заблок|запрещ)"
    r"|(ваш|ip)[- ]?(адрес|сервер|домен|аккаунт)?[^.;]{0,30}(заблокирован|в ч[её]рном списке)",
    re.IGNORECASE,
)


def concern_of(phase: Phase, reply: Reply) -> Concern:
    """Judge a 4yz or 5yz to MAIL, RCPT, DATA or the final dot."""
    if reply.code in _CODES_ABOUT_NOW:
        return Concern.PACE
    if reply.code in _CODES_ABOUT_US:
        return Concern.SENDER
    detail = reply.enhanced[2:] if reply.enhanced else None
    if detail in _ABOUT_US:
        return Concern.SENDER
    if detail in _ABOUT_PACE:
        return Concern.PACE
    if phase is Phase.MAIL:  # before any recipient is named
        return _at_mail(reply, detail)
    return _by_words(reply.text) if detail in _VAGUE else Concern.EMAIL


def _at_mail(reply: Reply, detail: str | None) -> Concern:
    """Only 552 and X.3.4, the answers to our SIZE, are about this one content (RFC 1870, section 6.1)."""
    if reply.code < 500:
        return Concern.PACE
    if detail == "3.4" or (reply.code == 552 and _by_words(reply.text) is Concern.EMAIL):
        return Concern.EMAIL
    return Concern.PACE if _by_words(reply.text) is Concern.PACE else Concern.SENDER


def _by_words(text: str) -> Concern:
    if _PACE_WORDS.search(text) and not _OF_EMAIL.search(text):
        return Concern.PACE
    return Concern.SENDER if _SENDER_WORDS.search(text) else Concern.EMAIL
