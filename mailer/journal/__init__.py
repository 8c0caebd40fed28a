"""The journal: who did what, when and from where; chained by hash and append-only."""

from mailer.journal.entries import note, note_apart

__all__ = ["note", "note_apart"]
