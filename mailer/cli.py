"""The `flask` commands for operators: each turns its words into one call."""

from __future__ import annotations

from pathlib import Path

import click
from flask import Flask, current_app

from mailer.accounts.second_factors import remove_second_factor
from mailer.auth.queries import find_user
from mailer.auth.services.registration import create_user as create_account
from mailer.backup.commands import backup, restore_command
from mailer.composing.dkim import KeyRefused
from mailer.errors import Refusal
from mailer.journal.command import journal
from mailer.laboratory.command import lab
from mailer.manager.command import grant, revoke
from mailer.models.user import Role
from mailer.sending import dkim_keys, fence


def init_app(app: Flask) -> None:
    """Add the commands to `flask`."""
    accounts = (create_user, reset_second_factor, grant, revoke)
    for command in (*accounts, journal, load_sample, dkim_key, confirm_instance, lab, backup, restore_command):
        app.cli.add_command(command)


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
    click.echo("Confirmed: sending goes on from now; moments that passed before are not made up for.")


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
