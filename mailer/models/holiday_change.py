"""What an owner changed in the holidays of a country."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from mailer.extensions import db


class HolidayChange(db.Model):  # type: ignore[misc,name-defined]
    """One date of one owner's calendar: a holiday with its name, or (without a name) a working day."""

    __tablename__ = "holiday_changes"

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    country: Mapped[str] = mapped_column(String(3), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    name: Mapped[str | None] = mapped_column(String(100))
