"""One connection to the mail server: sockets, TLS, time-outs; what is said is the handshake's and the session's.

No task and no timer per email: the pool looks at every connection's one deadline now and then. A deadline is set
when an answer begins to be awaited and moved only by whole replies, so no dribbling server can prolong it.
"""

import asyncio
import math
import ssl
from functools import partial

from mailer.smtp.connection_owner import ConnectionOwner
from mailer.smtp.deadline import Deadline
from mailer.smtp.handshake import Handshake
from mailer.smtp.link import Link
from mailer.smtp.replies import GarbledReply, ReplyReader
from mailer.smtp.results import Fault, Phase, Result, ServerFault
from mailer.smtp.session import Session
from mailer.smtp.source import Email
from mailer.smtp.transport import Transport


class Connection(asyncio.Protocol):
    """Opens itself, works through emails while there are any, and says goodbye."""

    def __init__(
        self, owner: "ConnectionOwner[Connection]", transport: Transport, context: ssl.SSLContext | None
    ) -> None:
        self._owner = owner
        self._config = transport
        self._loop = asyncio.get_running_loop()
        self._reader = ReplyReader()
        self._handshake = Handshake(transport)
        self._session: Session | None = None
        self._taken_count = 0
        self._retires_at = math.inf
        self._deadline = Deadline(transport.timeouts, self._loop.time)
        self._is_reading = False
        self._mark_is_asked = False  # and not answered: nothing may be recorded about `current` until it is
        self._early_answer: bool | None = None  # given while replies were still being read
        self._loss: Fault | None = None  # happened while the mark was asked for
        self._is_released = False
        self._is_quitting = False
        self._is_ending = False  # the session is being closed: nothing more may be said
        self._is_over = False
        self._link = Link(self, transport, context, fail=self._fail_to_connect, crash=owner.crash)

    # -- what the pool asks ------------------------------------------------------------------------------------------

    @property
    def is_opening(self) -> bool:
        """Not ready for an email yet."""
        return self._session is None

    @property
    def is_proven(self) -> bool:
        """The server has judged an email here in good order."""
        return self._session is not None and self._session.is_proven

    @property
    def is_free(self) -> bool:
        """Ready for an email and without one."""
        is_busy = self._is_reading or self._is_quitting or self._is_ending or self._is_over
        return not is_busy and self._session is not None and self._session.is_idle

    def work(self) -> None:
        """Take an email if there is one; leave if this connection has had its day."""
        if self._session is None or not self.is_free:
            return
        data = self._session.begin()
        if data:
            self._write(data)
            self._deadline.await_session(self._session)
        elif self._is_spent():
            self.quit()

    def quit(self) -> None:
        """Say goodbye; the answer does not matter (the server has answered for every email)."""
        self._is_quitting = True
        self._write(b"QUIT\r\n")
        self._deadline.set(self._config.timeouts.quit)
        self._owner.is_leaving(self)

    def finish(self) -> None:
        """Take no more; what is in hand is finished first."""
        if self.is_opening:
            self._end(None)
        elif self.is_free:
            self.quit()

    def release(self) -> None:
        """Let go of everything before the mark now; wait for the answer to what is past it."""
        if self.is_opening:
            self._end(None)
            return
        self._is_released = True
        if not self._is_reading:
            self._go_on()

    def drop(self) -> None:
        """Let go of everything now; content that has left is in doubt."""
        self._let_go("the connection was dropped")

    def abandon(self) -> None:
        """Let go of everything without a word, when there is nobody left to tell."""
        self._end(None)

    def check(self, now: float) -> None:
        """Look at the clock."""
        if self._is_over or self._loss is not None:
            return
        has_content = self._session is not None and self._session.sent is not None
        if has_content and not self._deadline.is_moving(self._link.unwritten, now):
            self._fail(Fault(Phase.CONTENT, "the server stopped reading"))
        if now < self._deadline.at:
            return
        if self._is_quitting:
            self._end(None)
        elif self.is_free:
            self.quit()
        else:
            self._fail(Fault(self._phase, "no complete answer in time"))

    # -- asyncio.Protocol --------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the greeting."""
        self._link.made(transport)
        if self._is_over:
            self._link.abort()
        self._retires_at = self._loop.time() + self._config.seconds_per_connection
        self._deadline.set(self._config.timeouts.greeting)

    def data_received(self, data: bytes) -> None:
        """Read replies, answer them all in one write."""
        if self._is_over or self._is_quitting or self._loss is not None:
            return
        try:
            self._reader.feed(data)
            self._read()
        except GarbledReply as garbled:
            self._fail(Fault(self._phase, garbled.text))
        except ServerFault as trouble:
            self._fail(trouble.fault)
        except Exception as error:
            self._owner.crash(error)

    def connection_lost(self, exc: Exception | None) -> None:
        """The server is gone; after QUIT or without an email in hand that is nobody's loss."""
        if self._is_over or self._loss is not None:
            return
        if self._is_quitting or self.is_free:
            self._end(None)
        else:
            words = str(exc) if exc else "the server closed the connection"
            self._fail(Fault(self._phase, words, is_drop=True))

    # -- SessionOwner: what the session asks ---------------------------------------------------------------------------

    def next_email(self) -> Email | None:
        """Give the session an email while this connection may carry one more."""
        if self._is_spent():
            return None
        email = self._owner.take()
        if email is not None:
            self._taken_count += 1
        return email

    def ask_mark(self, email: Email) -> None:
        """Ask the source, unless everything is being let go anyway."""
        if not self._is_released:
            self._mark_is_asked = True
            self._owner.ask_mark(email, partial(self._take_answer, email))

    def record(self, result: Result) -> None:
        """Pass on how it ended."""
        self._owner.record(result)

    @property
    def may_ride(self) -> bool:
        """Whether the next envelope may follow a final dot in the same write."""
        return self._owner.may_ride

    def forbid_riding(self) -> None:
        """The server does not bear that."""
        self._owner.forbid_riding()

    # -- reading and writing -----------------------------------------------------------------------------------------

    def _read(self) -> None:
        self._is_reading = True
        out: list[bytes] = []
        has_replies = False
        try:
            while not self._is_over and (reply := self._reader.next_reply()) is not None:
                has_replies = True
                if self._session is not None:
                    out.append(self._session.receive(reply))
                else:
                    out.append(self._handshake.receive(reply))
                    if self._handshake.wants_tls:
                        self._begin_tls()
                        return
                    if self._handshake.is_done:
                        self._begin_session()
        finally:
            self._is_reading = False
        if not has_replies:
            return
        self._write(b"".join(out) if len(out) > 1 else out[0])
        if self._early_answer is not None:
            self._obey_answer(self._early_answer)
        self._go_on()

    def _begin_session(self) -> None:
        if self._reader.has_rest:
            raise ServerFault(Fault(self._handshake.phase, "the server speaks out of turn"))
        features = self._handshake.features
        self._owner.meet(features)
        if not self._config.pipelining:
            features = features.without_pipelining()
        self._session = Session(self, self._config.sender, features, self._link.tls, self._owner.now)

    def _write(self, data: bytes) -> None:
        if data and not self._is_over:
            self._link.write(data)

    def _take_answer(self, email: Email, is_allowed: bool) -> None:
        session = self._session
        if self._is_over or session is None or not self._mark_is_asked or session.current is not email:
            return  # too late, or twice
        self._mark_is_asked = False
        if self._is_reading:
            self._early_answer = is_allowed
            return
        try:
            self._obey_answer(is_allowed)
            self._go_on()
        except Exception as error:
            self._owner.crash(error)

    def _obey_answer(self, is_allowed: bool) -> None:
        self._early_answer = None
        session = self._session
        assert session is not None and session.current is not None
        if self._loss is not None:
            self._lose(session, self._loss)
        elif is_allowed and not self._is_released:
            self._deadline.begin_content()
            self._write(session.answer_mark(session.current))
        else:
            self._let_go("released before the content left" if is_allowed else "no longer allowed to leave")

    def _go_on(self) -> None:
        """After every exchange: set the deadline, or find something to do."""
        if self._is_over or self._is_quitting:
            return
        session = self._session
        if session is None:
            self._deadline.await_reply(self._handshake.phase)
        elif self._is_released and session.sent is None and session.current and not self._mark_is_asked:
            self._let_go("released before the content left")
        elif not session.is_idle:
            self._deadline.await_session(session)
        elif self._is_spent():
            self.quit()
        else:
            self._deadline.set(self._config.timeouts.idle)
            self._owner.is_idle(self)

    def _is_spent(self) -> bool:
        return (
            self._is_released
            or self._taken_count >= self._config.messages_per_connection
            or self._loop.time() >= self._retires_at
            or self._owner.has_too_many()
        )

    # -- opening and ending ------------------------------------------------------------------------------------------

    def _begin_tls(self) -> None:
        """Everything said before TLS is forgotten; whatever came early was slipped in (CVE-2011-0411)."""
        if self._reader.has_rest:
            raise ServerFault(Fault(Phase.STARTTLS, "the server spoke between STARTTLS and TLS"))
        self._deadline.lift()
        self._link.begin_tls(self._tls_is_up)

    def _tls_is_up(self) -> None:
        self._write(self._handshake.tls_is_up())
        self._go_on()

    @property
    def _phase(self) -> Phase:
        if not self._link.is_up:
            return Phase.CONNECT
        return self._handshake.phase if self._session is None else self._session.phase

    def _fail_to_connect(self, text: str, phase: Phase | None) -> None:
        self._fail(Fault(phase or self._phase, text))

    def _fail(self, fault: Fault) -> None:
        if self._is_over:
            return
        if self._mark_is_asked:
            self._loss = fault  # told when the answer comes
            self._link.abort()
        elif self._session is not None:
            self._lose(self._session, fault)
        else:
            self._end(fault)

    def _lose(self, session: Session, fault: Fault) -> None:
        self._is_ending = True
        session.lose(fault)
        self._end(fault)

    def _let_go(self, why: str) -> None:
        if self._session is not None and not self._is_over:
            self._is_ending = True
            self._session.let_go(why)
        self._end(None)

    def _end(self, fault: Fault | None) -> None:
        if self._is_over:
            return
        self._is_over = True
        self._link.close()
        self._owner.is_gone(self, fault)
