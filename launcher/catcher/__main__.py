"""python -m launcher.catcher SMTP_PORT WEB_PORT FOLDER [RETURNS_PORT]"""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from pathlib import Path

import uvloop

from launcher.catcher.returns import Returns
from launcher.catcher.smtp import serve_smtp
from launcher.catcher.spool import Spool
from launcher.catcher.web import serve_pages


async def catch(smtp_port: int, web_port: int, folder: Path, returns_port: int | None = None) -> None:
    """Catch mail, show it, and send back what is to come back, until asked to stop."""
    spool = Spool(folder)
    back = Returns(returns_port) if returns_port is not None else None

    def keep(sender: bytes, recipients: list[bytes], content: bytes) -> None:
        spool.add(sender, recipients, content)
        if back is not None:
            back.answer(sender, recipients, content)

    stopping = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stopping.set)
    server = await serve_smtp(keep, smtp_port)
    pages = serve_pages(spool, web_port, sends_back=back is not None)  # last: whoever sees the page may send
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    await stopping.wait()
    server.close()
    if back is not None:
        back.end()
    pages.shutdown()


if __name__ == "__main__":
    uvloop.run(catch(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), *map(int, sys.argv[4:5])))
