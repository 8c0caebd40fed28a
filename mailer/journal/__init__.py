"""The journal: who did what, when and from where; chained by hash and append-only."""

from mailer.journal.entries import add_entry, add_entry_now

__all__ = ["add_entry", "add_entry_now"]
