"""The socket of a connection: opened, put under TLS, written to, cut off."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast

from mailer.smtp.results import Phase
from mailer.smtp.transport import Security, Transport


class Link:
    """Opens itself for `protocol`; tells `fail` of trouble with the network: words, and the phase if it is known."""

    def __init__(
        self,
        protocol: asyncio.Protocol,
        transport: Transport,
        context: ssl.SSLContext | None,
        *,
        fail: Callable[[str, Phase | None], None],
        crash: Callable[[Exception], None],
    ) -> None:
        self._protocol = protocol
        self._config = transport
        self._context = context
        self._fail = fail
        self._crash = crash
        self._loop = asyncio.get_running_loop()
        self._socket: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = self._loop.create_task(self._guard(self._connect))

    @property
    def is_up(self) -> bool:
        """The server has taken the connection."""
        return self._socket is not None

    def made(self, transport: asyncio.BaseTransport) -> None:
        """The loop has connected us."""
        self._socket = cast(asyncio.Transport, transport)

    def write(self, data: bytes) -> None:
        """Send this, as soon as the socket takes it."""
        if self._socket is not None:
            self._socket.write(data)

    @property
    def unwritten(self) -> int:
        """Bytes that the socket has not taken yet."""
        return 0 if self._socket is None else self._socket.get_write_buffer_size()

    @property
    def tls(self) -> str | None:
        """Version and cipher; None in the clear."""
        secured = None if self._socket is None else self._socket.get_extra_info("ssl_object")
        return f"{secured.version()} {secured.cipher()[0]}" if secured is not None else None

    def begin_tls(self, then: Callable[[], None]) -> None:
        """Read nothing more in the clear; call `then` when TLS is up."""
        assert self._socket is not None
        self._socket.pause_reading()
        self._task = self._loop.create_task(self._guard(partial(self._upgrade, then)))

    def abort(self) -> None:
        """Cut it off at once."""
        if self._socket is not None:
            self._socket.abort()

    def close(self) -> None:
        """Cut it off, or stop opening it."""
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
        self.abort()

    async def _guard(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run one of the two things that take a task."""
        try:
            await work()
        except TimeoutError:
            self._fail("no connection in time", None)
        except ssl.SSLError as error:
            self._fail(str(error), Phase.STARTTLS)
        except OSError as error:
            self._fail(str(error), None)
        except Exception as error:
            self._crash(error)
        finally:
            self._task = None

    async def _connect(self) -> None:
        tls = self._context if self._config.security is Security.TLS else None
        host = self._config.host
        async with asyncio.timeout(self._config.timeouts.connect):
            await self._loop.create_connection(
                lambda: self._protocol, host, self._config.port, ssl=tls, server_hostname=host if tls else None
            )

    async def _upgrade(self, then: Callable[[], None]) -> None:
        assert self._socket is not None and self._context is not None
        async with asyncio.timeout(self._config.timeouts.connect):
            upgraded = await self._loop.start_tls(
                self._socket, self._protocol, self._context, server_hostname=self._config.host
            )
        if upgraded is None:
            raise ConnectionError("the connection closed during the TLS handshake")
        self._socket = upgraded
        then()
