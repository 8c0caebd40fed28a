"""The `flask` commands of mail that comes back."""

from __future__ import annotations

import sys

import click
from flask import current_app
from flask_babel import gettext as _
from sqlalchemy.exc import DBAPIError

from mailer.errors import Refusal
from mailer.extensions import db
from mailer.models.mail_report import Door
from mailer.returns import receiver
from mailer.returns.taking import Taken, take
from mailer.terminal import N_, OperatorCommand, SpokenOption

TEMPORARY = 75  # EX_TEMPFAIL of sysexits.h: mail servers keep the mail and try again


@click.command(
    "take-report",
    cls=OperatorCommand,
    help=N_("Take one email that came back from standard input, as a mail server pipes it."),
)
@click.option(
    "--recipient",
    "recipients",
    multiple=True,
    help=N_("A recipient of its envelope; may be repeated."),
    cls=SpokenOption,
)
def take_report(recipients: tuple[str, ...]) -> None:
    """`flask take-report < mail`."""
    require_address()
    content = sys.stdin.buffer.read(receiver.SIZE_LIMIT)
    try:
        receipt = take(content, Door.COMMAND, recipients)
    except DBAPIError as error:
        db.session.rollback()
        click.echo(_("The database is unavailable; deliver the email again later."), err=True)
        raise SystemExit(TEMPORARY) from error
    click.echo(
        {
            Taken.NOTED: _("Recorded for run %(run)s.", run=str(receipt.run_id)),
            Taken.KEPT: _("Not understood, or about no email of ours: kept for an administrator."),
            Taken.KNOWN: _("Already known."),
            Taken.PROBE: _("The probe has come back."),
            Taken.GONE: _("About an account that was deleted."),
        }[receipt.taken]
    )


@click.command(
    "receive-reports", cls=OperatorCommand, help=N_("Take mail that comes back by LMTP or SMTP on loopback.")
)
def receive_reports() -> None:
    """`flask receive-reports`."""
    require_address()
    try:
        receiver.run()
    except OSError as error:
        raise Refusal(
            _("Port %(port)s: %(words)s", port=str(current_app.config["BOUNCE_PORT"]), words=str(error))
        ) from error


def require_address() -> None:
    """Without it no report could be told from another."""
    if not current_app.config["BOUNCE_ADDRESS"]:
        raise Refusal(_("BOUNCE_ADDRESS is not set: mail does not come back here."))
