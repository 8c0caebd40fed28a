"""Which database, on which machine, is the one true instance."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, SmallInteger, String
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, mapped_column

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.types import UTCDateTime


class Instance(db.Model):  # type: ignore[misc,name-defined]
    """The one row that says where this database sent from last, as an operator or the first start confirmed it."""

    __tablename__ = "instances"
    __table_args__ = (CheckConstraint("id = 1", name="there_is_one"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False, default=1)
    number: Mapped[uuid.UUID] = mapped_column(UUID, default=uuid.uuid4)  # written beside it: VAR_DIR/instance.json
    cluster: Mapped[str] = mapped_column(String(32))  # PostgreSQL's system identifier
    database: Mapped[int] = mapped_column(BigInteger)  # its oid
    host: Mapped[str] = mapped_column(String(100))  # a digest of the machine's id, or the setting INSTANCE_ID
    data_of: Mapped[datetime | None] = mapped_column(UTCDateTime)  # when the backup restored last was made, if known
    confirmed_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    confirmed_by: Mapped[str | None] = mapped_column(String(254))  # NULL: the first start
