"""The `flask` commands: each turns its words into one call."""

from __future__ import annotations

import uuid
from pathlib import Path

import click
from flask import Flask, current_app

from mailer.accounts.second_factors import remove_second_factor
from mailer.auth.queries import find_user
from mailer.auth.services.registration import create_user as create_account
from mailer.composing.dkim import KeyRefused
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.jobs.schedule import run_scheduler
from mailer.jobs.workers import run_worker
from mailer.journal.command import journal
from mailer.laboratory.command import lab
from mailer.models.mailing import Mailing
from mailer.models.run import Run
from mailer.models.user import Role
from mailer.queue import WORKERS
from mailer.sending import dkim_keys, fence
from mailer.sending.closing import stop_what_must
from mailer.sending.planning import start_due, start_now
from mailer.sending.stretch import runs_with_work, send_run
from mailer.sending.windows import turn_at_the_hours

LONG = 24 * 3600.0


def init_app(app: Flask) -> None:
    """Add the commands to `flask`."""
    accounts = (create_user, reset_second_factor, journal)
    for command in (send_mailings, worker, scheduler, *accounts, load_sample, dkim_key, confirm_instance, lab):
        app.cli.add_command(command)


@click.command("send-mailings")
@click.option("--mailing", "mailing_id", type=int, help="Send this mailing now, due or not.")
def send_mailings(mailing_id: int | None) -> None:
    """Send all that is due, or one mailing, in this process. Needs no Redis; safe beside running workers."""
    try:
        fence.require_confirmed()
        run_ids = [_start_one(mailing_id)] if mailing_id is not None else _start_all()
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from refusal
    for run_id in run_ids:
        while send_run(run_id, LONG):
            pass
        click.echo(_report(run_id))
    stop_what_must()
    if not run_ids:
        click.echo("Nothing is due.")


def _start_one(mailing_id: int) -> int:
    mailing = db.session.get(Mailing, mailing_id)
    if mailing is None or mailing.deleted_at is not None:
        raise click.ClickException(f"There is no mailing {mailing_id}.")
    if not mailing.may_send or mailing.owner.blocked_at is not None:
        raise click.ClickException(f"Mailing {mailing_id} is {mailing.status.value}: it must be resumed first.")
    return int(start_now(mailing, f"cli:{uuid.uuid4().hex}").id)


def _start_all() -> list[int]:
    start_due()
    turn_at_the_hours()
    return [waiting.run_id for waiting in runs_with_work(limit=10_000)]


def _report(run_id: int) -> str:
    run = db.session.get_one(Run, run_id, populate_existing=True)
    figures = ", ".join(f"{name} {count}" for name, count in run.counts.items())
    line = f"mailing {run.mailing_id}, run {run.id}: {run.state.value}; planned {run.planned_count} = {figures}"
    db.session.rollback()
    return line


@click.command("worker")
@click.argument("name", type=click.Choice(list(WORKERS)))
def worker(name: str) -> None:
    """Run an RQ worker: mailings, accounts or ticks."""
    run_worker(name)


@click.command("scheduler")
def scheduler() -> None:
    """Run rq-scheduler with the tick."""
    run_scheduler()


@click.command("create-user")
@click.argument("email")
@click.option("--role", type=click.Choice([role.value for role in Role]), default=Role.USER.value, show_default=True)
@click.option("--password", help="Asked for when left out; an empty answer generates one.")
def create_user(email: str, role: str, password: str | None) -> None:
    """Create a confirmed account."""
    if password is None:
        password = click.prompt("Password (empty: generate)", default="", hide_input=True, show_default=False)
    try:
        user, password = create_account(email, Role(role), password or None)
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(f"{user.role.value} {user.email}  password: {password}")


@click.command("reset-second-factor")
@click.argument("email")
def reset_second_factor(email: str) -> None:
    """Let somebody who lost their codes in by the password alone."""
    user = find_user(email)
    if user is None:
        raise click.ClickException(f"There is no account with the address {email}.")
    remove_second_factor(user)
    click.echo(f"{user.email} logs in by the password alone now.")


@click.command("load-sample")
def load_sample() -> None:
    """Load sample data: people, clients, messages, mailings, articles. Does nothing the second time."""
    from mailer import sample

    for account in sample.load(Path(current_app.config["VAR_DIR"])):
        click.echo(f"{account.role:8} {account.email}  password: {account.password}")


@click.command("confirm-instance")
@click.option("--yes", is_flag=True, help="Do not ask.")
def confirm_instance(yes: bool) -> None:
    """Say that this database, on this machine, is the one true instance: after a restore or a move."""
    reason = fence.why_held()
    if reason is None:
        click.echo("Nothing to confirm: this is the one true instance.")
        return
    click.echo(f"Sending is held back ({reason.value}). If another copy still runs, people get everything twice.")
    if not yes:
        click.confirm("Is this the one true instance?", abort=True)
    fence.confirm("flask confirm-instance")
    click.echo("Confirmed: sending goes on by the rules of each mailing.")


@click.command("dkim-key")
@click.option("--type", "kind", type=click.Choice(dkim_keys.KINDS), default="rsa", show_default=True)
@click.option("--selector", required=True, help="A name of your choice, such as the year.")
@click.option("--file", "path", type=click.Path(path_type=Path), help="Default: VAR_DIR/dkim/<selector>.pem")
def dkim_key(kind: str, selector: str, path: Path | None) -> None:
    """Make a key for DKIM; print the DNS record and the setting that go with it. Never replaces a key."""
    path = (path or Path(current_app.config["VAR_DIR"]) / "dkim" / f"{selector}.pem").resolve()
    try:
        signer = dkim_keys.make_key(kind, dkim_keys.domain_of(current_app.config), selector, path)
    except FileExistsError as error:
        raise click.ClickException(f"{path} exists already.") from error
    except KeyRefused as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Publish:  {dkim_keys.zone_line(signer)}")
    click.echo(f"Then set: DKIM_KEYS={','.join(filter(None, (current_app.config['DKIM_KEYS'], f'{selector}:{path}')))}")
