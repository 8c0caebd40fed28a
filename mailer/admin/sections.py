"""Which tables of the panel stand together on its first page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l

SECTIONS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (_l("Tasks and monitoring"), ("posts", "machinery")),
    (_l("Accounts"), (
        "users", "approvals", "user_sessions", "second_factors", "own_addresses", "account_emails", "account_tokens",
        "calendar_feeds", "holiday_changes", "drafts",
    )),
    (_l("Clients"), (
        "clients", "client_filters", "client_fields", "client_imports", "suppressions", "client_merges",
        "clients_apart", "sign_up_forms", "sign_ups", "consent_texts", "topics",
    )),
    (_l("Messages"), (
        "messages", "examinations", "attachments", "file_contents", "pictures", "letter_desks", "letter_versions",
        "own_templates", "own_blocks", "own_themes",
    )),
    (_l("Sending"), (
        "mailings", "series", "series_steps", "enrolments", "runs", "waves", "run_tallies", "slices", "deliveries",
        "attempts", "run_faults", "recipient_paces", "run_holds", "mail_exchangers", "warm_ups", "warm_up_days",
        "sending_domains", "domain_keys",
    )),
    (_l("Results"), (
        "mail_reports", "unread_mails", "domain_days", "reactions", "reaction_totals", "reaction_hours",
    )),
)  # fmt: skip
REST = _l("Everything else")


def sections_of(views: Iterable[Any]) -> list[tuple[Any, list[Any]]]:
    """Titles of sections and the views in each, in the order above; what stands in none comes last."""
    left = {view.endpoint.removeprefix("all_"): view for view in views}
    found = [(title, [left.pop(name) for name in names if name in left]) for title, names in SECTIONS]
    return [(title, part) for title, part in [*found, (REST, list(left.values()))] if part]
