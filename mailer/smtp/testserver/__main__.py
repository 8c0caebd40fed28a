"""`python -m mailer.smtp.testserver`: the test server as a process.

Writes its port as the first line of its output; SIGHUP reads the rules file again; SIGTERM and SIGINT end it.
"""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from mailer.smtp.testserver.offer import Offer
from mailer.smtp.testserver.server import Lab


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(prog="python -m mailer.smtp.testserver", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--ledger", type=Path, help="file of what was accepted, one JSON object a line")
    parser.add_argument("--no-fsync", action="store_true", help="survive our own death only, not the machine's")
    parser.add_argument("--rules", type=Path, help="file of rules")
    parser.add_argument("--no-pipelining", action="store_true")
    parser.add_argument("--connections", type=int, help="how many are allowed at once")
    parser.add_argument("--per-second", type=int, help="how many messages are allowed a second")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    lab = Lab(
        _read(options.rules),
        port=options.port,
        offer=Offer(
            pipelining=not options.no_pipelining,
            connections=options.connections,
            per_second=options.per_second,
        ),
        ledger=options.ledger,
        fsync=not options.no_fsync,
        seed=options.seed,
    )
    asyncio.run(_serve(lab, options.rules))


async def _serve(lab: Lab, rules: Path | None) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lab.stop)
    loop.add_signal_handler(signal.SIGHUP, lambda: lab.obey(_read(rules)))
    await lab.serve(lambda: _announce(lab.port))


def _announce(port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


def _read(rules: Path | None) -> str:
    return rules.read_text(encoding="utf-8") if rules is not None else ""


if __name__ == "__main__":
    main()
