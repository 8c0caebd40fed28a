"""Column types shared by the models."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, DateTime, Enum

Id = BigInteger
UTCDateTime = DateTime(timezone=True)


def text_enum(kind: type[StrEnum], name: str) -> Enum:
    """A column of readable text that a CHECK holds to the members of `kind`."""

    def values(members: Any) -> list[str]:
        return [member.value for member in members]

    return Enum(kind, name=name, native_enum=False, create_constraint=True, length=32, values_callable=values)
