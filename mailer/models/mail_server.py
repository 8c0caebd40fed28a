"""How the outside mail server is doing, shared by all workers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Float, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from mailer.extensions import db
from mailer.models.types import MAX_RESPONSE, MAX_SERVER_NAME, UTCDateTime


class MailServer(db.Model):  # type: ignore[misc,name-defined]
    """The breaker of one transport: closed while `probe_at` is null; else nobody connects before that moment.

    A fault opens it for 30 s, each further one for twice as long, up to 5 min; the first worker past `probe_at` moves
    it on by a conditional UPDATE and so becomes the only one to probe. A mail accepted closes it.
    """

    __tablename__ = "mail_servers"
    __table_args__ = (CheckConstraint("(fault_count = 0) = (probe_at IS NULL)", name="open_has_a_probe"),)

    name: Mapped[str] = mapped_column(String(MAX_SERVER_NAME), primary_key=True)
    fault_count: Mapped[int] = mapped_column(default=0, server_default="0")
    probe_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_fault: Mapped[str | None] = mapped_column(String(MAX_RESPONSE))
    last_fault_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_fault_phase: Mapped[str | None] = mapped_column(String(32))  # a `Phase`
    last_fault_code: Mapped[int | None] = mapped_column(SmallInteger)
    last_success_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    needs_admin_since: Mapped[datetime | None] = mapped_column(UTCDateTime)  # login, TLS, sender: waiting may not help
    # What conversations have taught; see `sending.servers.habits`.
    pace: Mapped[float | None] = mapped_column(Float)  # emails a second that it takes of one worker
    paced_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    refuses_riding_since: Mapped[datetime | None] = mapped_column(UTCDateTime)  # an envelope behind a final dot
    size_limit: Mapped[int | None] = mapped_column(BigInteger)  # bytes of one mail; None: unknown or none named
    takes_smtputf8: Mapped[bool | None]
    met_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # when it last said what it offers
    admins_told_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
