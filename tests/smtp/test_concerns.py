"""Whom a refusal concerns, in the words of servers that people really use."""

import pytest

from mailer.smtp.concerns import Concern, concern_of
from mailer.smtp.replies import Reply
from mailer.smtp.results import Phase

EMAIL, SENDER, PACE = Concern.EMAIL, Concern.SENDER, Concern.PACE
MAIL, RCPT, DATA, DOT = Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.CONTENT

SAID = [
    # the enhanced code decides where it says something
    (RCPT, "550 5.1.7 The sender's mailbox syntax is wrong", SENDER),
    (RCPT, "553 5.1.8 Sender address rejected: domain not found", SENDER),
    (RCPT, "550 5.1.1 Your account has been blocked: no such user", EMAIL),
    (RCPT, "550 5.1.10 Recipient not found", EMAIL),
    (RCPT, "552 5.2.2 Mailbox over quota", EMAIL),
    (RCPT, "450 4.2.1 The user you are trying to contact is receiving mail too quickly", EMAIL),
    (RCPT, "452 4.3.1 Insufficient system storage", PACE),
    (RCPT, "451 4.3.2 System not accepting messages", SENDER),
    (DOT, "550 5.4.5 Daily user sending limit exceeded", PACE),
    (DOT, "421 4.7.28 Unusual rate of unsolicited mail", PACE),
    (DOT, "550 5.7.26 This mail is unauthenticated", SENDER),
    (RCPT, "550 5.7.25 The sending IP has no PTR record", SENDER),
    (DATA, "550 5.7.13 User account disabled", SENDER),
    (DOT, "554 5.6.0 Malformed message", EMAIL),
    (DOT, "552 5.3.4 Message too big", EMAIL),
    # codes that mean us whatever follows
    (RCPT, "530 Authentication required", SENDER),
    (RCPT, "535 5.7.8 Bad credentials", SENDER),
    (DATA, "503 Bad sequence", SENDER),
    (RCPT, "454 Throttling failure", PACE),
    # before any recipient is named
    (MAIL, "450 4.7.1 Error: too much mail from 192.0.2.1", PACE),
    (MAIL, "452 Too many connections", PACE),
    (MAIL, "451 4.3.0 Later", PACE),
    (MAIL, "550 5.7.1 Sender not welcome", SENDER),
    (MAIL, "550 Daily limit reached", PACE),
    (MAIL, "552 5.3.4 Message size exceeds fixed limit", EMAIL),
    (MAIL, "552 Message size exceeds fixed limit", EMAIL),
    # words, where the code says nothing
    (RCPT, "550 Daily limit exceeded for user news", PACE),
    (RCPT, "550 5.7.1 Sending quota exceeded for your account", PACE),
    (RCPT, "451 4.7.1 Rate limit exceeded", PACE),
    (RCPT, "450 Слишком много писем, превышен суточный лимит", PACE),
    (RCPT, "554 5.7.1 <ann@x.test>: Relay access denied", SENDER),
    (RCPT, "554 5.7.1 Service unavailable; client host [192.0.2.1] blocked using zen.spamhaus.org", SENDER),
    (RCPT, "550 5.7.1 Sender address rejected: not owned by user news", SENDER),
    (RCPT, "450 4.7.1 Greylisted, please try again in 300 seconds", EMAIL),
    (RCPT, "452 Mailbox full, over quota", EMAIL),
    (RCPT, "550 5.7.1 Blocked by policy 17", EMAIL),
    (RCPT, "550 No such user here", EMAIL),
    (DOT, "550 Message size limit exceeded", EMAIL),
    (RCPT, "451 4.3.0 Later", EMAIL),
    (DOT, "554 5.7.1 Looks like spam", EMAIL),
    (DOT, "550", EMAIL),
]


@pytest.mark.parametrize(("phase", "said", "concern"), SAID, ids=[f"{phase} {said}" for phase, said, _ in SAID])
def test_whom_it_concerns(phase: Phase, said: str, concern: Concern) -> None:
    assert concern_of(phase, Reply(int(said[:3]), (said[4:].encode(),))) is concern
