"""The transactions of one connection, without sockets: replies in, bytes out.

With PIPELINING (RFC 2920) MAIL, RCPT and DATA leave in one segment, and the next email's follow the final dot of the
present one in the same write: one round trip an email. Without it every command waits for its reply.

At any moment at most two emails are here: `sent`, whose content has left and whose dot is unanswered, and `current`,
whose envelope is being negotiated. `current` goes no further than its 354 while `sent` is there, since replies come
in order: so at most ONE email a connection is past its mark.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from mailer.smtp import reply_outcomes
from mailer.smtp.envelope import Features, Unsendable, mail_command, rcpt_command
from mailer.smtp.replies import Reply
from mailer.smtp.results import Fault, Outcome, Phase, Result, ServerFault
from mailer.smtp.source import Email


class SessionOwner(Protocol):
    """Whom the session asks for emails and tells what came of them: its connection."""

    def next_email(self) -> Email | None:
        """Give the next email, None when there is none or this connection may carry no more."""

    def ask_mark(self, email: Email) -> None:
        """Ask whether the content of this email may leave."""

    def record(self, result: Result) -> None:
        """Take the end of one try."""

    @property
    def may_ride(self) -> bool:
        """Whether the next envelope may follow a final dot in the same write."""

    def forbid_riding(self) -> None:
        """The server does not bear that."""


class Session:
    """Give it replies with `receive`, marks with `answer_mark`, work with `begin`; write what they return."""

    def __init__(
        self, owner: SessionOwner, sender: str, features: Features, tls: str | None, now: Callable[[], datetime]
    ) -> None:
        self._owner = owner
        self._sender = sender
        self._features = features
        self._tls = tls
        self._now = now
        self._pipelines = features.pipelining
        self.expected: deque[Phase] = deque()  # the replies we wait for, in order
        self.current: Email | None = None
        self.sent: Email | None = None
        self.is_proven = False  # the server has judged an email here, and not with 421
        self._rides = False  # the envelope of `current` followed a dot in the same write
        self._has_served = False  # it has said something final about an email here
        self._refusal: tuple[Phase, Reply, Outcome] | None = None  # the first one to the current envelope
        self._is_first_reply = True  # nothing has been said about the current email yet
        self.awaits_mark = False  # the server waits for the content of `current`, and we for the permission
        self._current_since = self._sent_since = self._now()

    @property
    def is_idle(self) -> bool:
        """Nothing in hand and nothing awaited."""
        return self.current is None and self.sent is None and not self.expected

    def begin(self) -> bytes:
        """Take the next email and open its transaction; empty when there is none."""
        while (email := self._owner.next_email()) is not None:
            self.current = email
            self._current_since = self._now()
            self._refusal = None
            self._is_first_reply = True
            try:
                mail = mail_command(self._sender, email, self._features)
            except Unsendable as reason:
                self.current = None
                self._close_unsendable(email, reason)
                continue
            self.expected.append(Phase.MAIL)
            if not self._pipelines:
                return mail
            self.expected.append(Phase.RCPT)
            self.expected.append(Phase.DATA)
            return b"%b%bDATA\r\n" % (mail, rcpt_command(email, self._features))
        return b""

    def receive(self, reply: Reply) -> bytes:
        """Take one reply, return what to send now; ServerFault when the connection is of no more use."""
        if not self.expected:
            raise ServerFault(reply_outcomes.fault_of(Phase.MARK if self.awaits_mark else Phase.IDLE, reply))
        phase = self.expected.popleft()
        if phase is Phase.CONTENT:
            return self._after_content(reply)
        if phase is Phase.RSET:
            return self._after_reset(reply)
        if phase is Phase.MAIL and self._rides and _is_out_of_order(reply):
            self._refuse_riding(reply)
        self._rides = False
        self._is_first_reply = False
        if phase is Phase.DATA:
            return self._after_data(reply)
        return self._after_envelope(phase, reply)

    def answer_mark(self, email: Email) -> bytes:
        """Let the content of this email go, and right behind it the next envelope."""
        assert self.awaits_mark and email is self.current
        self.awaits_mark = False
        self.sent, self._sent_since = email, self._current_since
        self.current = None
        self.expected.append(Phase.CONTENT)
        if self._pipelines and self._owner.may_ride:
            envelope = self.begin()
            self._rides = bool(envelope)
            return b"%b.\r\n%b" % (email.content, envelope)
        return email.content + b".\r\n"

    def lose(self, fault: Fault) -> None:
        """The connection is gone: close what is in hand.

        Content has left: in doubt. A refusal was already spoken: that stands. The connection had served others and
        went away before a word about this email: aborted, as if never tried. Else: the server's fault.
        """
        if self.sent is not None:
            email, self.sent = self.sent, None
            self._close_without_reply(email, Outcome.IN_DOUBT, fault, Phase.CONTENT, self._sent_since)
            outcome = Outcome.ABORTED
        elif self._is_first_reply and (fault.phase is Phase.IDLE or (fault.is_drop and self._has_served)):
            outcome = Outcome.ABORTED
        else:
            outcome = Outcome.SERVER_FAULT
        if self.current is not None and self._refusal is not None:
            self._close_refused(self._refusal)
        elif self.current is not None:
            self._close_current(outcome, fault)

    def let_go(self, why: str) -> None:
        """We drop the connection ourselves: before the mark that is harmless, after it in doubt."""
        fault = Fault(self.phase, why)
        if self.sent is not None:
            email, self.sent = self.sent, None
            self._close_without_reply(email, Outcome.IN_DOUBT, fault, Phase.CONTENT, self._sent_since)
        if self.current is not None:
            self._close_current(Outcome.ABORTED, fault)

    @property
    def phase(self) -> Phase:
        """Return what is awaited."""
        if self.expected:
            return self.expected[0]
        return Phase.MARK if self.awaits_mark else Phase.IDLE

    # -- one reply each --------------------------------------------------------------------------------------------

    def _after_envelope(self, phase: Phase, reply: Reply) -> bytes:
        if reply.code >= 300 and self._refusal is None:
            self._refuse(phase, reply)
        if self._pipelines:
            return b""
        if self._refusal is not None:
            return self._reset()
        assert self.current is not None
        if phase is Phase.MAIL:
            self.expected.append(Phase.RCPT)
            return rcpt_command(self.current, self._features)
        self.expected.append(Phase.DATA)
        return b"DATA\r\n"

    def _after_data(self, reply: Reply) -> bytes:
        assert self.current is not None
        if reply.code == 354:
            if self._refusal is None:
                self.awaits_mark = True
                self._owner.ask_mark(self.current)
                return b""
            # Opened for nobody: end it at once, whatever the answer (RFC 2920, section 3.1), and start clean.
            self.expected.append(Phase.RSET)
            return b".\r\n" + self._reset()
        if self._refusal is None:
            if reply.code < 400:
                raise ServerFault(reply_outcomes.fault_of(Phase.DATA, reply))
            self._refuse(Phase.DATA, reply)
        return self._reset()

    def _after_content(self, reply: Reply) -> bytes:
        assert self.sent is not None
        outcome = reply_outcomes.after_the_dot(reply)
        if outcome is Outcome.IN_DOUBT:
            raise ServerFault(reply_outcomes.fault_of(Phase.CONTENT, reply))
        email, self.sent = self.sent, None
        if outcome is Outcome.SERVER_FAULT:  # it refused this content for what we are: nobody's next mail fares better
            return self._after_fault_at_dot(email, reply)
        self._close(email, outcome, Phase.CONTENT, reply, self._sent_since)
        if reply.code == 421:
            raise ServerFault(Fault(Phase.IDLE, reply.text, reply.code, reply.enhanced, is_drop=True))
        return b"" if self._pipelines and self.current is not None else self.begin()

    def _refuse_riding(self, reply: Reply) -> None:
        """A server that wants silence after the dot (as some submission servers do): nobody was judged."""
        self._owner.forbid_riding()
        raise ServerFault(Fault(Phase.IDLE, reply.text, reply.code, reply.enhanced, is_drop=True))

    def _after_fault_at_dot(self, email: Email, reply: Reply) -> bytes:
        fault = reply_outcomes.fault_of(Phase.CONTENT, reply)
        if self._rides and _is_out_of_order(reply):
            self._owner.forbid_riding()
        self._close_without_reply(email, Outcome.SERVER_FAULT, fault, Phase.CONTENT, self._sent_since)
        raise ServerFault(replace(fault, phase=Phase.IDLE))

    def _after_reset(self, reply: Reply) -> bytes:
        if self.expected:  # the answer to the lone dot of a refused envelope; the one to RSET follows
            return b""
        if not reply.is_positive:
            raise ServerFault(Fault(Phase.IDLE, reply.text, reply.code, reply.enhanced, is_drop=True))
        return self.begin()

    def _reset(self) -> bytes:
        """Close the refused email and clear the transaction; nothing rides behind, for RSET may fail."""
        assert self._refusal is not None
        self._close_refused(self._refusal)
        self.expected.append(Phase.RSET)
        return b"RSET\r\n"

    def _refuse(self, phase: Phase, reply: Reply) -> None:
        outcome = reply_outcomes.of_refusal(phase, reply) if reply.code >= 400 else Outcome.SERVER_FAULT
        if outcome is Outcome.SERVER_FAULT:
            raise ServerFault(reply_outcomes.fault_of(phase, reply))
        self._refusal = (phase, reply, outcome)

    # -- results ---------------------------------------------------------------------------------------------------

    def _close_refused(self, refusal: tuple[Phase, Reply, Outcome]) -> None:
        phase, reply, outcome = refusal
        assert self.current is not None
        email, self.current = self.current, None
        self._close(email, outcome, phase, reply, self._current_since)

    def _close(self, email: Email, outcome: Outcome, phase: Phase, reply: Reply, since: datetime) -> None:
        self._has_served = True
        self.is_proven = self.is_proven or reply.code != 421
        now = self._now()
        self._owner.record(
            Result(email.key, outcome, phase, reply.code, reply.enhanced, reply.text, since, now, self._tls)
        )

    def _close_current(self, outcome: Outcome, fault: Fault) -> None:
        assert self.current is not None
        email, self.current = self.current, None
        self.awaits_mark = False
        self._close_without_reply(email, outcome, fault, fault.phase, self._current_since)

    def _close_without_reply(self, email: Email, outcome: Outcome, fault: Fault, phase: Phase, since: datetime) -> None:
        now = self._now()
        self._owner.record(
            Result(email.key, outcome, phase, fault.code, fault.enhanced, fault.text, since, now, self._tls)
        )

    def _close_unsendable(self, email: Email, reason: Unsendable) -> None:
        now = self._now()
        self._owner.record(
            Result(
                email.key,
                Outcome.PERMANENT,
                Phase.MAIL,
                None,
                reason.enhanced,
                reason.text,
                self._current_since,
                now,
                self._tls,
            )
        )


def _is_out_of_order(reply: Reply) -> bool:
    """Whether it says that a command came when none should (503, or words about pipelining)."""
    return reply.code == 503 or (reply.code >= 500 and b"pipelin" in b" ".join(reply.lines).lower())
