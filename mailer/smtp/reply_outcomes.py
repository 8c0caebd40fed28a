"""What a refusal means: the recipient's and the content's trouble, or the server's and the sender's."""

import re

from mailer.smtp.concerns import Concern, concern_of
from mailer.smtp.replies import Reply
from mailer.smtp.results import Fault, Outcome, Phase, Result


def of_refusal(phase: Phase, reply: Reply) -> Outcome:
    """Judge a 4yz or 5yz to MAIL, RCPT or DATA.

    What concerns the sender or the pace is a SERVER_FAULT: it would hit every recipient alike, costs nobody a try, and
    the run waits. What concerns this email is TRANSIENT (4yz) or PERMANENT (5yz). RCPT 552 is the old code of "too many
    recipients" and is taken for 452 (RFC 5321, section 4.5.3.1.10).
    """
    if concern_of(phase, reply) is not Concern.EMAIL:
        return Outcome.SERVER_FAULT
    if reply.code < 500 or (phase is Phase.RCPT and reply.code == 552):
        return Outcome.TRANSIENT
    return Outcome.PERMANENT


def after_the_dot(reply: Reply) -> Outcome:
    """Judge the answer to the content: any 2yz accepts (RFC 5321, section 4.3.2), 3yz tells nothing.

    Any other answer says that the server has not taken the message. Here a 421 or 454 is one like any 4yz.
    """
    if reply.is_positive:
        return Outcome.ACCEPTED
    if reply.code < 400:
        return Outcome.IN_DOUBT
    if reply.code not in (421, 454) and concern_of(Phase.CONTENT, reply) is not Concern.EMAIL:
        return Outcome.SERVER_FAULT
    return Outcome.TRANSIENT if reply.code < 500 else Outcome.PERMANENT


_TOO_LARGE = re.compile(r"\bsize\b|too (big|large|long)|размер|слишком (больш|велик)", re.IGNORECASE)
_OF_MAILBOX = re.compile(r"mail ?box|quota|storage|inbox|ящик", re.IGNORECASE)


def is_about_size(result: Result) -> bool:
    """Whether this email was refused for being larger than the server takes, as all of its kind will be.

    Said to MAIL with its SIZE, or to the content (RFC 1870, section 6), or by ourselves where the server named its
    limit in its answer to EHLO. What is said to RCPT is about that mailbox.
    """
    if result.outcome is not Outcome.PERMANENT or result.phase not in (Phase.MAIL, Phase.CONTENT):
        return False
    return says_too_large(result.code, result.enhanced, result.text)


def says_too_large(code: int | None, enhanced: str | None, text: str) -> bool:
    """Whether these are a server's words about the size of an email, and not about the room in a mailbox."""
    if enhanced == "5.3.4":
        return True
    return code == 552 and bool(_TOO_LARGE.search(text)) and not _OF_MAILBOX.search(text)


def is_about_pace(result: Result) -> bool:
    """Whether the server refused this email because it has had enough of ours, and lives on."""
    if result.code is None or not 400 <= result.code < 600 or result.code in (421, 454):
        return False
    return concern_of(result.phase, Reply(result.code, (result.text.encode(),))) is Concern.PACE


def fault_of(phase: Phase, reply: Reply) -> Fault:
    """The fault that ends the conversation at this reply."""
    concern = concern_of(phase, reply) if reply.code >= 400 else Concern.EMAIL
    return Fault(
        phase,
        reply.text,
        reply.code,
        reply.enhanced,
        is_about_pace=concern is Concern.PACE and reply.code != 421,
        is_about_sender=concern is Concern.SENDER or (concern is Concern.PACE and reply.code >= 500),
    )
