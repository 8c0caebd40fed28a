"""`flask backup` and `flask restore`."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask_babel import format_decimal
from flask_babel import gettext as _

from mailer.backup.archive import Manifest, opened
from mailer.backup.making import make
from mailer.backup.places import database
from mailer.backup.restoring import look_at, require_known, restore
from mailer.errors import Refusal
from mailer.terminal import N_, OperatorCommand, SpokenOption


@click.command(
    "backup",
    cls=OperatorCommand,
    help=N_("Write database, uploads, keys and secrets into one new file, while the service runs."),
)
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """`flask backup`."""
    with database(is_alone=False) as url:
        manifest = make(url, file.absolute(), click.echo)
    click.echo(_describe(manifest))
    click.echo(_("Written: %(file)s, %(size)s MiB. It holds secrets: keep it as you keep passwords.",
                 file=file, size=format_decimal(round(file.stat().st_size / 2**20, 1))))  # fmt: skip
    if bucket := current_app.config["BUCKET"]:
        click.echo(_("The pictures of letters are not in it: they lie in %(place)s.", place=bucket.place))


@click.command(
    "restore",
    cls=OperatorCommand,
    help=N_("Restore a backup into a new state folder or in place of what is there. Golub must be stopped."),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help=N_("Only read the file and say what it holds."), cls=SpokenOption)
@click.option(
    "--yes", is_flag=True, help=N_("Replace a database with accounts in it without asking."), cls=SpokenOption
)
def restore_command(file: Path, check: bool, yes: bool) -> None:
    """`flask restore`."""
    with opened(file) as (archive, manifest):
        click.echo(_describe(manifest))
        require_known(manifest)
        if check:
            click.echo(_("The file is intact."))
            return
        with database(is_alone=True) as url:
            target = look_at(url)
            if target.is_in_use:
                raise Refusal(_("Golub is working with this database: stop it first."))
            if target.user_count and not yes:
                click.echo(
                    _("The database here has %(count)s accounts; all in it will be lost.", count=target.user_count)
                )
                click.confirm(_("Replace it with the backup?"), abort=True)
            notes = restore(url, archive, manifest)
    click.echo(_("Restored."))
    for note in notes:
        click.echo(note)
    click.echo(
        _("Nothing is sent from here until you confirm that this is the only working instance: flask confirm-instance")
    )


def _describe(manifest: Manifest) -> str:
    counts = ", ".join(f"{name} {format_decimal(count)}" for name, count in manifest.counts.items())
    return f"{manifest.made_at}  {manifest.site_url}  PostgreSQL {manifest.server}  {manifest.revision}\n{counts}"
