"""Brevo signs nothing: a password of our making stands in the webhook's address, and TLS carries it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mailer.bounces.providers.call import METADATA, USER, Provider, ProviderEvent, event, has_password, told, word
from mailer.bounces.report import Kind

NAME = "brevo"
_KINDS = {
    **dict.fromkeys(("hard_bounce", "invalid_email", "soft_bounce", "blocked", "error"), Kind.BOUNCE),
    "spam": Kind.COMPLAINT, "deferred": Kind.DELAYED, "delivered": Kind.DELIVERED,
}  # fmt: skip
_PASSED_OVER = {
    "request", "sent", "opened", "unique_opened", "proxy_open", "unique_proxy_open", "click", "clicked",
}  # fmt: skip
_FOR_GOOD = {"hard_bounce", "invalid_email"}


def events(said: Any) -> Iterator[ProviderEvent]:
    """One event, or several where the webhook brings them together."""
    for data in said if isinstance(said, list) else [said]:
        name = word(data, "event")
        kind = None if name in _PASSED_OVER else _KINDS.get(name, Kind.UNKNOWN)
        person = told(word(data, "email"), word(data, "reason"), "", name in _FOR_GOOD, name[:32])
        when = word(data, "ts_epoch") or word(data, "ts_event")
        event_id = "/".join((name, word(data, "email"), word(data, "message-id"), when))  # it has no number
        yield event(NAME, name, event_id, kind, data, person, word(data, "X-Mailin-custom"))


PROVIDER = Provider(
    NAME, "Brevo", "WEBHOOK_BREVO_PASSWORD", lambda token: f"X-Mailin-custom: {METADATA}:{token}", has_password,
    events, user=USER,
)  # fmt: skip
