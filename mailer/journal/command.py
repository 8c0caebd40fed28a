"""`flask journal`."""

from __future__ import annotations

import click
from flask_babel import gettext as _

from mailer.errors import Refusal
from mailer.journal.entries import verify
from mailer.terminal import N_, OperatorCommand, SpokenGroup, SpokenOption

journal = SpokenGroup("journal", help=N_("The journal of who did what."))


@journal.command("verify", cls=OperatorCommand, help=N_("Follow the chain of hashes from the first entry to the last."))
@click.option("--kept", help=N_("A hash printed earlier: must still be part of the chain."), cls=SpokenOption)
def verify_journal(kept: str | None) -> None:
    """`flask journal verify`."""
    finding = verify(kept)
    if finding.broken_id is not None:
        raise Refusal(
            _(
                "Broken at entry %(id)s: it, or one before it, is not as written. A changed SECRET_KEY looks the same: "
                "then set JOURNAL_KEY to the old one.",
                id=finding.broken_id,
            )
        )
    if not finding.has_kept:
        raise Refusal(
            _("All %(count)s entries hold together, but the kept hash is not among them.", count=finding.count)
        )
    if finding.bare_count:
        click.echo(_("Entries from before the chain had a key: %(count)s, the first ones.", count=finding.bare_count))
    click.echo(_("%(count)s entries hold together; the last hash is %(hash)s", count=finding.count, hash=finding.head))
