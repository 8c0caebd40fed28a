"""`flask journal`."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from mailer.journal.verifying import verify

journal = AppGroup("journal", help="The journal of who did what.")


@journal.command("verify")
@click.option("--kept", help="A hash printed earlier: must still be part of the chain.")
def verify_journal(kept: str | None) -> None:
    """Follow the chain of hashes from the first entry to the last."""
    finding = verify(kept)
    if finding.broken_id is not None:
        raise click.ClickException(f"Broken at entry {finding.broken_id}: it, or one before it, is not as written.")
    if not finding.has_kept:
        raise click.ClickException(f"All {finding.count} entries hold together, but the kept hash is not among them.")
    click.echo(f"{finding.count} entries hold together; the last hash is {finding.head}")
