"""What a mail that came back says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MAX_TEXT = 1000
FORWARDED_HEADER = "X-Golub-Forwarded"  # of answers that we handed on: they are not handed on again


class Kind(StrEnum):
    """What a report is about."""

    BOUNCE = "bounce"
    DELAYED = "delayed"  # a server is still trying
    DELIVERED = "delivered"  # or handed on to where no more reports come from
    COMPLAINT = "complaint"
    AUTO_REPLY = "auto_reply"
    REPLY = "reply"  # a person's
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one recipient; all of it hostile until escaped."""

    address: str = ""
    action: str = ""
    status: str = ""  # enhanced, as 5.1.1 (RFC 3463)
    code: int | None = None  # of SMTP, as 550
    text: str = ""
    server: str = ""  # that refused it
    permanent: bool | None = None  # where whoever reports has judged it; wins over status and code

    @property
    def is_permanent(self) -> bool:
        """By the enhanced status, else by the code; a failure with neither is taken for permanent."""
        if self.permanent is not None:
            return self.permanent
        return (self.status or str(self.code or 5))[0] == "5"


@dataclass(frozen=True, slots=True)
class Report:
    """One mail, read. `places` are texts in which a token of ours may stand, the likeliest first."""

    kind: Kind
    said: tuple[Said, ...] = ()
    read_by: str = ""  # rfc3464, rfc5965, rfc3834, flufl, words
    places: tuple[str, ...] = ()
    subject: str = ""
    sender: str = ""
    message_id: str = ""
    goes_round: bool = False  # from nobody, or handed on already: answering or forwarding it could go on for ever

    @property
    def worst(self) -> Said:
        """What counts where several recipients are named: a mail of ours has only one."""
        return min(self.said, key=lambda said: not said.is_permanent, default=Said())
