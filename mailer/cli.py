"""The `flask` commands for operators: each turns its words into one call."""

from __future__ import annotations

from pathlib import Path

import click
from flask import Flask, current_app
from flask_babel import gettext as _

from mailer.accounts.second_factors import remove_second_factor
from mailer.auth.invitations import link_for
from mailer.auth.queries import find_user
from mailer.auth.services.registration import create_user as create_account
from mailer.backup.commands import backup, restore_command
from mailer.composing.dkim import KeyRefused
from mailer.errors import Refusal
from mailer.journal.command import journal
from mailer.manager.command import grant, revoke
from mailer.manager.labels import role_labels
from mailer.media.commands import copy_pictures
from mailer.models.user import Role
from mailer.returns.commands import receive_reports, take_report
from mailer.selftest.command import self_test
from mailer.sending import instance_guard
from mailer.sending.runs import control
from mailer.sending.servers import dkim_keys
from mailer.terminal import N_, OperatorCommand, SpokenOption


def init_app(app: Flask) -> None:
    """Add the commands to `flask`."""
    accounts = (create_user, invite, reset_second_factor, grant, revoke)
    reports = (take_report, receive_reports)
    others = (journal, load_sample, dkim_key, confirm_instance, self_test, backup, restore_command, copy_pictures)
    for command in (*accounts, *reports, *others):
        app.cli.add_command(command)


@click.command("create-user", cls=OperatorCommand, help=N_("Create a confirmed account."))
@click.argument("email")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.USER.value,
    show_default=True,
    help=N_("What the account may do."),
    cls=SpokenOption,
)
@click.option("--password", help=N_("Asked for when left out; an empty answer generates one."), cls=SpokenOption)
def create_user(email: str, role: str, password: str | None) -> None:
    """`flask create-user`."""
    if password is None:
        password = click.prompt(_("Password (empty: generate)"), default="", hide_input=True, show_default=False)
    user, password = create_account(email, Role(role), password or None)
    click.echo(
        _(
            "%(role)s %(email)s  password: %(password)s",
            role=role_labels()[user.role],
            email=user.email,
            password=password,
        )
    )


@click.command(
    "invite", cls=OperatorCommand, help=N_("Print a link that opens an account for this address, for seven days.")
)
@click.argument("email")
def invite(email: str) -> None:
    """`flask invite`."""
    click.echo(link_for(email))


@click.command(
    "reset-second-factor",
    cls=OperatorCommand,
    help=N_("Let somebody who lost their codes log in with the password alone."),
)
@click.argument("email")
def reset_second_factor(email: str) -> None:
    """`flask reset-second-factor`."""
    user = find_user(email)
    if user is None:
        raise Refusal(_("There is no account with the address %(email)s.", email=email))
    remove_second_factor(user)
    click.echo(_("%(email)s now logs in with the password alone.", email=user.email))


@click.command(
    "load-sample",
    cls=OperatorCommand,
    help=N_("Load sample data: people, clients, messages, mailings, articles. Does nothing the second time."),
)
def load_sample() -> None:
    """`flask load-sample`."""
    from mailer import sample

    for account in sample.load(Path(current_app.config["VAR_DIR"])):
        click.echo(
            _(
                "%(role)s %(email)s  password: %(password)s",
                role=role_labels()[Role(account.role)],
                email=account.email,
                password=account.password,
            )
        )


@click.command(
    "confirm-instance",
    cls=OperatorCommand,
    help=N_("Confirm that this database, on this machine, is the only working instance: after a restore or a move."),
)
@click.option("--yes", is_flag=True, help=N_("Do not ask."), cls=SpokenOption)
@click.option(
    "--runs-go-on",
    is_flag=True,
    help=N_("Nothing has been sent since the copy was made: open runs need no checking."),
    cls=SpokenOption,
)
def confirm_instance(yes: bool, runs_go_on: bool) -> None:
    """`flask confirm-instance`."""
    reason = instance_guard.why_held()
    if reason is None:
        click.echo(_("Nothing to confirm: this is the only working instance."))
        return
    click.echo(
        _(
            "Sending is held back. %(reason)s If another copy still runs, people get everything twice.",
            reason=instance_guard.label_of(reason),
        )
    )
    if not yes:
        click.confirm(_("Is this the only working instance?"), abort=True)
    paused_count = instance_guard.confirm(
        "flask confirm-instance", pause_runs=None if runs_go_on else control.pause_restored
    )
    click.echo(_("Confirmed: sending goes on from now; runs missed before are not made up for."))
    if paused_count:
        click.echo(instance_guard.paused_text(paused_count))


@click.command(
    "dkim-key",
    cls=OperatorCommand,
    help=N_("Make a key for DKIM; print the DNS record and the setting that go with it. Never replaces a key."),
)
@click.option(
    "--type",
    "kind",
    type=click.Choice(dkim_keys.KINDS),
    default="rsa",
    show_default=True,
    help=N_("The kind of the key."),
    cls=SpokenOption,
)
@click.option("--selector", required=True, help=N_("A name of your choice, such as the year."), cls=SpokenOption)
@click.option(
    "--file", "path", type=click.Path(path_type=Path), help=N_("Default: VAR_DIR/dkim/<selector>.pem"), cls=SpokenOption
)
def dkim_key(kind: str, selector: str, path: Path | None) -> None:
    """`flask dkim-key`."""
    path = (path or Path(current_app.config["VAR_DIR"]) / "dkim" / f"{selector}.pem").resolve()
    try:
        signer = dkim_keys.make_key(kind, dkim_keys.domain_of(current_app.config), selector, path)
    except FileExistsError as error:
        raise Refusal(_("%(file)s exists already.", file=path)) from error
    except KeyRefused as error:
        raise click.ClickException(str(error)) from error
    setting = ",".join(filter(None, (current_app.config["DKIM_KEYS"], f"{selector}:{path}")))
    click.echo(_("Publish:  %(record)s", record=dkim_keys.zone_line(signer)))
    click.echo(_("Then set: DKIM_KEYS=%(setting)s", setting=setting))
