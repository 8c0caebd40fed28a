"""What a mail server said when it, and not a recipient, kept a run from being sent."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from mailer.extensions import db
from mailer.models.types import MAX_RESPONSE, MAX_SERVER_NAME, Id, UTCDateTime, text_enum
from mailer.smtp.results import Phase


class RunFault(db.Model):  # type: ignore[misc,name-defined]
    """The same words of the same server at the same step, in one run: how often, and from when to when."""

    __tablename__ = "run_faults"
    __table_args__ = (
        Index("ix_run_faults_run_last", "run_id", "last_at"),
        CheckConstraint("count > 0", name="count_is_positive"),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    server: Mapped[str] = mapped_column(String(MAX_SERVER_NAME))  # host and port
    phase: Mapped[Phase] = mapped_column(text_enum(Phase, "phase"))
    smtp_code: Mapped[int | None] = mapped_column(SmallInteger)
    response: Mapped[str] = mapped_column(String(MAX_RESPONSE))  # hostile until escaped
    count: Mapped[int] = mapped_column(default=1, server_default="1")
    first_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_at: Mapped[datetime] = mapped_column(UTCDateTime)
