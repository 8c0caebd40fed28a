"""The faulty mail server itself: in a thread beside a test, or in a process of its own."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mailer.smtp.testserver.ledger import AcceptanceLedger, Accepted
from mailer.smtp.testserver.offer import Offer
from mailer.smtp.testserver.rules import ReplyRule, RuleBook, parse_rules
from mailer.smtp.testserver.session import LabSession
from mailer.smtp.testserver.state import ServerState


class Lab(ServerState):
    """A mail server on a loopback port, that obeys `rules` and remembers in `ledger` what it accepted.

    `with Lab("RCPT no@* -> 550 5.1.1 No such user") as lab: lab.port` runs it in a thread. All methods
    may be called from any thread. Nothing is accepted without being in the ledger first (on disk,
    when there is a path).
    """

    _thread: threading.Thread  # of a `with`; the others from `serve` on
    _loop: asyncio.AbstractEventLoop
    _stop: asyncio.Event
    _server: asyncio.Server

    def __init__(
        self,
        rules: str | Iterable[ReplyRule] = (),
        *,
        port: int = 0,
        offer: Offer | None = None,
        ledger: Path | None = None,
        fsync: bool = True,
        keep_content: bool = False,
        trace: bool = False,
        seed: int = 0,
    ) -> None:
        kept = AcceptanceLedger(ledger, fsync=fsync)
        super().__init__(RuleBook(seed), offer or Offer(), kept, keeps_content=keep_content)
        self.port = port
        if trace:
            self.trace = []
        self.obey(rules)

    # -- what tests ask and tell --------------------------------------------------------------------

    def obey(self, rules: str | Iterable[ReplyRule]) -> None:
        """Replace all rules; they hold from the next command of every connection on."""
        self.rules.replace(parse_rules(rules) if isinstance(rules, str) else rules)

    @property
    def accepted(self) -> list[Accepted]:
        """Everything accepted so far, oldest first."""
        return list(self.ledger.records)

    def count(self, recipient: str) -> int:
        """Return how many copies the recipient got."""
        return self.ledger.counts[recipient]

    def refuse(self) -> None:
        """Stop listening: new connections are refused, present ones live on."""
        self._call(self._close_door)

    def listen(self) -> None:
        """Listen again on the same port."""
        self._call(self._open_door)

    def drop_connections(self) -> None:
        """Reset every connection."""
        self._call(self._reset_all)

    # -- running ------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run_in_thread, args=(ready,), name="lab", daemon=True)
        self._thread.start()
        ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self.ledger.close()

    async def serve(self, ready: Callable[[], None]) -> None:
        """Serve until stopped, in the running loop; `ready` is called once the port is known."""
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        await self._open_door()
        ready()
        await self._stop.wait()
        await self._close_door()
        await self._reset_all()

    def stop(self) -> None:
        """End `serve`; for the loop's own thread."""
        self._stop.set()

    def _run_in_thread(self, ready: threading.Event) -> None:
        asyncio.run(self.serve(ready.set))

    def _call(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.run_coroutine_threadsafe(work(), self._loop).result()

    async def _open_door(self) -> None:
        tls = self.offer.tls if self.offer.is_implicit_tls else None
        self._server = await self._loop.create_server(
            lambda: LabSession(self), "127.0.0.1", self.port, ssl=tls, backlog=1024
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close_door(self) -> None:
        self._server.close()

    async def _reset_all(self) -> None:
        for session in list(self.sessions):
            session.abort()
