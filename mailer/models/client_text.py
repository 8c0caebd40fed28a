"""What a search looks through, apart from the clients themselves."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from mailer.extensions import db

INDEX = "ix_client_texts_search"


class ClientText(db.Model):  # type: ignore[misc,name-defined]
    """The words of one client, folded, and the digits of their numbers without the signs between them.

    Written by triggers on `clients` (migration 0058), so that no door forgets it, and only when a word changes: tags
    and all else that changes often leave the index alone.
    """

    __tablename__ = "client_texts"
    __table_args__ = (
        Index(
            INDEX,
            "words",
            "numbers",
            postgresql_using="gin",
            postgresql_ops={"words": "gin_trgm_ops", "numbers": "gin_trgm_ops"},
        ),
    )

    client_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    owner_id: Mapped[int] = mapped_column(BigInteger)
    words: Mapped[str] = mapped_column(Text)
    numbers: Mapped[str] = mapped_column(Text)
