"""`flask copy-pictures`."""

from __future__ import annotations

import click
from flask import current_app
from flask_babel import format_decimal
from flask_babel import gettext as _

from mailer.errors import Refusal
from mailer.media import copying
from mailer.picture_bucket import bucket_store
from mailer.picture_names import StoreAway
from mailer.picture_store import MediaStore, folder_store
from mailer.terminal import N_, OperatorCommand, SpokenOption

BUCKET, FOLDER = "bucket", "folder"


@click.command(
    "copy-pictures",
    cls=OperatorCommand,
    help=N_("Copy the pictures of letters into the bucket of S3 storage, or from there into the folder."),
)
@click.argument("target", metavar=f"[{BUCKET}|{FOLDER}]", type=click.Choice((BUCKET, FOLDER)))
@click.option(
    "--remove",
    is_flag=True,
    help=N_("Remove them from where they were, once the other place has them all."),
    cls=SpokenOption,
)
def copy_pictures(target: str, remove: bool) -> None:
    """`flask copy-pictures bucket`."""
    if current_app.config["BUCKET"] is None:
        raise Refusal(_("No bucket is named: set S3_BUCKET and what belongs to it (.env.example)."))
    bucket, folder = bucket_store(current_app.config["BUCKET"]), folder_store()
    source: MediaStore = folder if target == BUCKET else bucket
    there: MediaStore = bucket if target == BUCKET else folder
    click.echo(_("From %(source)s to %(target)s", source=source.place, target=there.place))
    try:
        bucket.try_out()  # with nothing to copy, too: the command is how people test the settings
        done = copying.copy(source, there, _say)
        if remove and not done.lost:
            copying.remove(source, there, done)
    except StoreAway as away:
        raise Refusal(
            _(
                "The picture storage is unavailable: %(said)s. Run the command again: it will go on from here.",
                said=away,
            )
        ) from away
    _sum_up(done, remove=remove)


def _say(done: copying.Copied) -> None:
    click.echo(_("%(count)s copied…", count=format_decimal(done.copied)))


def _sum_up(done: copying.Copied, *, remove: bool) -> None:
    click.echo(
        _(
            "Pictures: %(seen)s. Copied now: %(copied)s (%(size)s MiB). Were there already: %(there)s.",
            seen=format_decimal(done.seen),
            copied=format_decimal(done.copied),
            size=format_decimal(round(done.copied_bytes / 2**20, 1)),
            there=format_decimal(done.seen - done.copied - len(done.lost)),
        )
    )
    for name in done.lost:
        click.echo(_("Found in neither place: %(name)s", name=name), err=True)
    if done.lost and remove:
        click.echo(_("Nothing was removed: look at the lines above first."), err=True)
    elif remove:
        click.echo(_("Removed from where they were: %(count)s.", count=format_decimal(done.removed)))
    if done.lost:
        raise SystemExit(1)
