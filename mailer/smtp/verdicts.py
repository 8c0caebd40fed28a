"""What a refusal means: the recipient's and the content's trouble, or the server's."""

from mailer.smtp.replies import Reply
from mailer.smtp.results import Outcome, Phase

# The server does not follow, or does not trust us: no other recipient would fare better.
# 500, 502, 503: command unknown or out of order; 530, 534, 535, 538: RFC 4954, section 6.
_ABOUT_US = frozenset({500, 502, 503, 530, 534, 535, 538})
# 421 closes the connection, 454 is throttling or TLS or AUTH out of order for now.
_ABOUT_NOW = frozenset({421, 454})


def of_refusal(phase: Phase, reply: Reply) -> Outcome:
    """Judge a 4yz or 5yz to MAIL, RCPT or DATA.

    - 4yz is TRANSIENT, except 421 and 454.
    - 5yz to RCPT and DATA is PERMANENT: it names the recipient or what we want to tell them. RCPT 552 is the old
      code of "too many recipients" and is taken for 452 (RFC 5321, section 4.5.3.1.10).
    - 5yz to MAIL comes before any recipient is named, so it is about the sender or our right to send, and would hit
      every recipient alike: SERVER_FAULT, which costs no recipient a try and opens the breaker. Only 552 and 5.3.4,
      the answers to our SIZE, are about this one content (RFC 1870, section 6.1): PERMANENT.
    """
    if reply.code in _ABOUT_US or reply.code in _ABOUT_NOW:
        return Outcome.SERVER_FAULT
    if reply.code < 500:
        return Outcome.TRANSIENT
    if phase is Phase.MAIL:
        is_about_size = reply.code == 552 or reply.enhanced == "5.3.4"
        return Outcome.PERMANENT if is_about_size else Outcome.SERVER_FAULT
    if phase is Phase.RCPT and reply.code == 552:
        return Outcome.TRANSIENT
    return Outcome.PERMANENT


def after_the_dot(reply: Reply) -> Outcome:
    """Judge the answer to the content: any 2yz accepts (RFC 5321, section 4.3.2), 3yz tells nothing.

    Here a 421 is an answer like any 4yz: the server says that it has not taken the message.
    """
    if reply.is_positive:
        return Outcome.ACCEPTED
    if reply.code < 400:
        return Outcome.IN_DOUBT
    return Outcome.TRANSIENT if reply.code < 500 else Outcome.PERMANENT
