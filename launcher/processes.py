"""The process table: which commands make up the service, in the order they are started."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from launcher.part import Part
from launcher.programs import FLASK, PYTHON, answers, ask
from launcher.settings import Settings
from launcher.sign import Sign
from launcher.web import listen

WEB = (PYTHON, "-m", "launcher.web")
WEB_PROCESSES = 2


def web_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Each of glibc's arenas keeps what its threads once needed: a process of eight threads would grow to eight times
    its largest request."""
    return {"MALLOC_ARENA_MAX": "2", **environment}


def application_parts(settings: Settings, environment: Mapping[str, str], port: int, gate: Sign) -> list[Part]:
    """The site, the workers and the scheduler; `environment` carries the addresses of the servers.

    The site's processes load at once and serve when the gate opens; the others look for their database at once.
    """
    logs = settings.var_dir / "logs"

    def part(name: str, *command: str) -> Part:
        return Part(name, command, environment, logs / f"{name}.log")

    listener = listen(settings.host, port)

    def web_part(name: str) -> Part:
        ready = Sign()
        ends = {"--after": gate.reading, "--ready": ready.writing}
        return Part(
            name=name,
            command=(*WEB, str(listener.fileno()), *(f"{option}={end.fileno()}" for option, end in ends.items())),
            environment=web_environment(environment),
            log=logs / f"{name}.log",
            is_ready=lambda: ready.is_made() and answers_health(port, environment["SITE_URL"]),
            sockets=(listener, *ends.values()),
        )

    web = [web_part(f"web-{number}") for number in range(1, WEB_PROCESSES + 1)]
    mailing_workers = [
        part(f"worker-mailings-{number}", *FLASK, "worker", "mailings")
        for number in range(1, settings.mailing_worker_count + 1)
    ]
    receiver = [part("reports", *FLASK, "receive-reports")] if environment.get("BOUNCE_ADDRESS") else []
    return [
        *web,
        *mailing_workers,
        part("worker-accounts", *FLASK, "worker", "accounts"),
        part("worker-ticks", *FLASK, "worker", "ticks"),
        part("scheduler", *FLASK, "scheduler"),
        *receiver,
    ]


def migration(environment: Mapping[str, str], logs: Path, gate: Sign) -> Part:
    """Loads at once, changes the schema when the gate opens."""
    command = (PYTHON, "-m", "launcher.command", str(gate.reading.fileno()), "db", "upgrade")
    return Part("migrate", command, environment, logs / "migrate.log", sockets=(gate.reading,))


def sample_data(environment: Mapping[str, str], logs: Path) -> Part:
    """Puts the sample data in, then ends."""
    return Part("load-sample", (*FLASK, "load-sample"), environment, logs / "load-sample.log")


def answers_health(port: int, site_url: str) -> bool:
    """Whether the site calls itself healthy; asked by the name it is known under."""
    return answers(f"http://127.0.0.1:{port}/health", host=urlsplit(site_url).netloc)


def all_report(settings: Settings, port: int, site_url: str) -> bool:
    """Whether the workers and the scheduler have reported for work, by the site's word; False while it has none."""
    wanted = {"mailings": settings.mailing_worker_count, "accounts": 1, "ticks": 1}
    try:
        with ask(f"http://127.0.0.1:{port}/health", urlsplit(site_url).netloc, seconds=2) as answer:
            known = json.load(answer)
    except (OSError, ValueError):
        return False
    workers = known.get("workers") or {}
    return known.get("scheduler_age_seconds") is not None and all(
        workers.get(name, 0) >= count for name, count in wanted.items()
    )
