"""Column types shared by the models."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, DateTime, Enum

Id = BigInteger
# Characters of columns that take what others wrote, cut to them.
MAX_RESPONSE = 1000  # a mail server's words
MAX_SERVER_NAME = 100  # its host and port
MAX_WORKER_NAME = 64  # host and number of a process
UTCDateTime = DateTime(timezone=True)


def text_enum(kind: type[StrEnum], name: str) -> Enum:
    """A column of readable text that a CHECK holds to the members of `kind`."""

    def values(members: Any) -> list[str]:
        return [member.value for member in members]

    return Enum(kind, name=name, native_enum=False, create_constraint=True, length=32, values_callable=values)
