"""`make bench`: Golub beside raw SMTP and public tools, on this machine, in one run, rounds interleaved."""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

from bench import longer, parts, report
from bench.postfix import Missing, Sink, running_sink, source_rate, tool
from bench.processes import stolen_percent
from bench.report import ONE, RAW, TWO, Figures
from bench.rivals import environment, flask_mail_loop
from bench.sending import first_mails, send
from bench.service import Service, running_service
from mailer.models.user import User


def options(words: Sequence[str]) -> argparse.Namespace:
    """What may be asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--mails", type=int, default=100_000, help="mails of one run of Golub and of raw SMTP")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured; medians count")
    parser.add_argument("--million", type=int, default=1_000_000, help="mails of the huge run, idle mailings")
    parser.add_argument("--var-dir", type=Path, default=Path("var"), help="where bench/sending.json is written")
    parser.add_argument("--no-rivals", action="store_true", help="leave the other tools out")
    parser.add_argument("--no-longer", action="store_true", help="leave out the million, the scaling and the ticks")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    """Measure, show, save."""
    asked = options(words)
    logging.disable(logging.WARNING)
    try:
        tool("smtp-source"), tool("smtp-sink")
    except Missing as missing:
        print(f"{missing}\nWithout them there is no yardstick, and nothing was measured.", file=sys.stderr)
        return 2
    python = None if asked.no_rivals else environment.ready_python(asked.var_dir.resolve())
    figures = Figures()
    folder = Path(tempfile.mkdtemp(prefix="golub-bench-"))
    try:
        with running_service(folder) as service:
            measure(service, figures, asked, python)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report.show(figures)
    report.save(figures, asked.var_dir.resolve() / "bench", python)
    return 0


def measure(service: Service, figures: Figures, asked: argparse.Namespace, python: Path | None) -> None:
    """Everything, in the order in which it says so."""
    owner = service.owner_of(asked.mails)
    for number in range(1, asked.rounds + 1):
        print(f"Round {number} of {asked.rounds} …", flush=True)
        one_round(service, owner, figures, asked.mails, python)
    print("Parts …", flush=True)
    measure_parts(service, owner, figures, asked.mails)
    if not asked.no_longer:
        print("Scaling, a million, ticks (some minutes) …", flush=True)
        measure_longer(service, figures, asked.million)


def one_round(service: Service, owner: User, figures: Figures, mail_count: int, python: Path | None) -> None:
    """Golub with one worker, then with two between two halves of raw, and the others, one after another."""
    stolen_percent()  # from here on
    send_with(service, owner, figures, mail_count, ONE, 1)
    half = mail_count // 2
    seconds, stolen = raw_seconds(half), stolen_percent()
    send_with(service, owner, figures, mail_count, TWO, 2)
    seconds, stolen = seconds + raw_seconds(half), max(stolen, stolen_percent())
    figures.add_rate(RAW, 2 * half / seconds, stolen)
    if python is None:
        return
    with running_sink() as sink:
        for name, measure in rivals(service, python, sink).items():
            figures.add_rate(name, measure(), stolen_percent())


def send_with(service: Service, owner: User, figures: Figures, mail_count: int, name: str, workers: int) -> None:
    """One run of Golub's into a sink of its own."""
    with running_sink() as sink:
        sent = send(service, owner, sink, workers=workers, mail_count=mail_count)
    figures.add_rate(name, sent.rate, stolen_percent())
    figures.cpu_us.setdefault(name, []).append((sent.worker_us, sent.server_us, sent.database_us))
    figures.first_mail_after.append(sent.first_mail_after)


def raw_seconds(mail_count: int) -> float:
    """What smtp-source takes for so many mails into a sink of its own."""
    with running_sink() as sink:
        return mail_count / source_rate(sink, mail_count, parts.mail_size())


def rivals(service: Service, python: Path, sink: Sink) -> dict[str, Callable[[], float]]:
    """The other tools: what measures each one's mails per second."""
    return {
        "Flask-Mail, one connection": partial(flask_mail_loop.rate, sink.port, 1500, keeps_connection=True),
        "Flask-Mail, mail.send()": partial(flask_mail_loop.rate, sink.port, 1000, keeps_connection=False),
        "django-post_office": partial(environment.django_rate, python, service, "post_office", sink.port, 4000),
        "django-mailer": partial(environment.django_rate, python, service, "mailer", sink.port, 800),
    }


def measure_parts(service: Service, owner: User, figures: Figures, mail_count: int) -> None:
    """Each part of sending alone."""
    planned, run_id = parts.planned_rows_per_second(service, owner, mail_count)
    recorded = parts.recorded_rows_per_second(run_id)
    parts.forget(run_id)
    figures.others |= {
        "mail_size_bytes": parts.mail_size(),
        "composing_us": round(parts.composing_us(), 1),
        "dkim_us": {name: round(value, 1) for name, value in parts.signing_us().items()},
        "planned_rows_per_second": round(planned),
        "marked_and_recorded_rows_per_second": round(recorded),
    }


def measure_longer(service: Service, figures: Figures, million: int) -> None:
    """What takes minutes."""
    first = first_mails(service, 10_000, 20)
    rates = longer.scaling(service)
    huge = longer.send_a_million(service, service.owner_of(million), million)
    ticks = longer.ticks(service, million)
    figures.others |= {
        "first_mail_of_10000_after_seconds": {"median": round(median(first), 2), "worst of 20": round(first[-1], 2)},
        "scaling_at_100_ms": {str(n): round(rate, 1) for n, rate in rates.items()},
        "scaling_efficiency": {str(n): round(rate / n / rates[1], 3) for n, rate in rates.items()},
        "huge_run": {
            "mails": huge.mail_count,
            "mails_per_second": round(huge.rate),
            "first_mail_after_seconds": round(huge.first_mail_after_seconds, 1),
            "memory_mib": {
                at: {name: round(value, 1) for name, value in found.items()} for at, found in huge.memory_mib.items()
            },
        },
        "tick_ms": {
            f"{ticks.idle_count} idle": round(ticks.idle_ms, 2),
            f"{ticks.due_count} due": round(ticks.due_ms, 1),
        },
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
