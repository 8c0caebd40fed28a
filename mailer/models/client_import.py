"""One import of a file of clients."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.types import Id, UTCDateTime, text_enum


class ImportState(StrEnum):
    """Where an import stands."""

    UPLOADED = "uploaded"  # the file is here, the owner looks at the preview
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # nothing was written; `error` says why
    UNDONE = "undone"

    @property
    def is_final(self) -> bool:
        """Whether it will not move any more by itself."""
        return self in FINAL_IMPORT_STATES


FINAL_IMPORT_STATES = frozenset({ImportState.DONE, ImportState.FAILED, ImportState.UNDONE})


class ClientImport(db.Model):  # type: ignore[misc,name-defined]
    """A file, how its columns are read, how far the work is, and what became of every row."""

    __tablename__ = "client_imports"
    __table_args__ = (
        CheckConstraint("(state IN ('done','failed','undone')) = (finished_at IS NOT NULL)", name="final_has_an_end"),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    file_name: Mapped[str] = mapped_column(String(255))
    stored_file: Mapped[str] = mapped_column(String(64))
    state: Mapped[ImportState] = mapped_column(text_enum(ImportState, "state"), default=ImportState.UPLOADED)
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)  # encoding, separator, mapping, tags, mode
    row_count: Mapped[int] = mapped_column(default=0)
    done_count: Mapped[int] = mapped_column(default=0)
    created_count: Mapped[int] = mapped_column(default=0)
    updated_count: Mapped[int] = mapped_column(default=0)
    unchanged_count: Mapped[int] = mapped_column(default=0)
    rejected_count: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(String(1000))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
