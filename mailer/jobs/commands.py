"""The `flask` commands of the processes that work: they send, tick and push ticks, and answer no requests."""

from __future__ import annotations

import uuid

import click
from flask import Flask
from flask_babel import force_locale
from flask_babel import gettext as _

from mailer.errors import Refusal
from mailer.extensions import db
from mailer.jobs.no_room import ended_by_a_sentence
from mailer.jobs.schedule import run_scheduler
from mailer.jobs.workers import run_worker
from mailer.mailings import labels
from mailer.models.mailing import Mailing
from mailer.models.run import Run
from mailer.queue import WORKERS
from mailer.sending import instance_guard
from mailer.sending.runs import stuck
from mailer.sending.runs.closing import stop_what_must
from mailer.sending.runs.start import start_due, start_now
from mailer.sending.runs.windows import open_and_close_windows
from mailer.sending.worker.run_worker import runs_with_work, work_on_run
from mailer.terminal import N_, SpokenCommand, SpokenOption, language

LONG = 24 * 3600.0


def init_app(app: Flask) -> None:
    """Add the commands to `flask`."""
    for command in COMMANDS:
        app.cli.add_command(command)


@click.command(
    "send-mailings",
    cls=SpokenCommand,
    help=N_(
        "Send all that is due, or one mailing, in this process. Needs no Redis; safe beside running "
        "workers.\n\nWith --mailing it fails when nobody could be sent to."
    ),
)
@click.option("--mailing", "mailing_id", type=int, help=N_("Send this mailing now, due or not."), cls=SpokenOption)
def send_mailings(mailing_id: int | None) -> None:
    """`flask send-mailings`."""
    with force_locale(language()):  # not around the sending: mails have languages of their own
        try:
            instance_guard.require_confirmed()
            run_ids = [_start_one(mailing_id)] if mailing_id is not None else _start_all()
        except Refusal as refusal:
            raise click.ClickException(str(refusal)) from refusal
    for run_id in run_ids:
        while work_on_run(run_id, LONG):
            pass
        with force_locale(language()):
            click.echo(_report(run_id))
    stop_what_must()
    with force_locale(language()):
        if not run_ids:
            click.echo(_("Nothing is due."))
        if mailing_id is not None:
            _require_sent(run_ids[0])


def _start_one(mailing_id: int) -> int:
    mailing = db.session.get(Mailing, mailing_id)
    if mailing is None or mailing.deleted_at is not None:
        raise Refusal(_("There is no mailing %(id)s.", id=mailing_id))
    if not mailing.may_send or mailing.owner.blocked_at is not None:
        raise Refusal(
            _(
                "Mailing %(id)s is %(state)s: it must be resumed first.",
                id=mailing_id,
                state=labels.mailing_statuses()[mailing.status],
            )
        )
    return int(start_now(mailing, f"cli:{uuid.uuid4().hex}").id)


def _start_all() -> list[int]:
    start_due()
    open_and_close_windows()
    stuck.heal()
    return [waiting.run_id for waiting in runs_with_work(limit=10_000)]


def _report(run_id: int) -> str:
    run = db.session.get_one(Run, run_id, populate_existing=True)
    names = labels.counters()
    line = _(
        "mailing %(mailing)s, run %(run)s: %(state)s; planned %(planned)s = %(figures)s",
        mailing=str(run.mailing_id),
        run=str(run.id),
        state=labels.run_states()[run.state],
        planned=str(run.planned_count),
        figures=", ".join(f"{names[name]} {count}" for name, count in run.counts.items()),
    )
    db.session.rollback()
    return line


def _require_sent(run_id: int) -> None:
    """Raise ClickException, with the server's words if it had any, when no mail of the run was accepted."""
    run = db.session.get_one(Run, run_id, populate_existing=True)
    if not run.accepted_count:
        why = run.last_fault or labels.stop_reasons().get(run.stop_reason) or _("see the run’s page")
        raise click.ClickException(_("No email was accepted: %(reason)s", reason=why))


@click.command("worker", cls=SpokenCommand, help=N_("Run an RQ worker: mailings, accounts or ticks."))
@click.argument("name", type=click.Choice(list(WORKERS)))
def worker(name: str) -> None:
    """`flask worker`."""
    with ended_by_a_sentence():
        run_worker(name)


@click.command("scheduler", cls=SpokenCommand, help=N_("Run rq-scheduler with the tick."))
def scheduler() -> None:
    """`flask scheduler`."""
    with ended_by_a_sentence():
        run_scheduler()


COMMANDS = (send_mailings, worker, scheduler)
