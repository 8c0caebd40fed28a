"""`flask self-test`: proof on the spot that nobody is lost, whatever the mail server does."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from gettext import gettext as _  # the system's: mails have languages of their own
from itertools import chain

import click
from flask import current_app

from mailer.bounces.report import Kind
from mailer.selftest.coming_back import ADDRESSES, play_all
from mailer.selftest.finding import Finding
from mailer.selftest.scenarios import SCENARIOS
from mailer.selftest.stage import LEASE_SECONDS, ROOT, furnish, is_throw_away, play, throw_away_database
from mailer.terminal import N_, SpokenCommand, SpokenOption

COLUMNS = (
    N_("scenario"), N_("emails"), N_("accepted"), N_("refused"), N_("uncertain"), N_("waiting"), N_("copies"),
    N_("adds up"), N_("seconds"),
)  # fmt: skip
CAME_BACK = {
    Kind.BOUNCE: N_("came back:"), Kind.DELAYED: N_("delays noted:"), Kind.COMPLAINT: N_("marked as spam:"),
    Kind.AUTO_REPLY: N_("automatic replies:"), Kind.DELIVERED: N_("forwarded:"), Kind.REPLY: N_("replies from "
        "people:"),
}  # fmt: skip
LAYOUT = "{:<15} {:>6} {:>9} {:>9} {:>13} {:>8} {:>7}  {:<8} {:>8}"


@click.command(
    "self-test",
    cls=SpokenCommand,
    help=N_(
        "Send to a faulty mail server of our own, and hold our figures against its ledger.\n\nEverything "
        "happens in a throw-away database on the configured server. 'copies' are the emails in the mail "
        "server's own ledger: those accepted, and of the uncertain those that did arrive. In the last four "
        "scenarios, reports come back from the mail catcher through the receiver; what came of them is said below."
    ),
)
@click.option("--mails", default=1000, show_default=True, help=N_("Emails in each scenario."), cls=SpokenOption)
@click.option(
    "--scenario",
    "names",
    multiple=True,
    type=click.Choice([each.name for each in (*SCENARIOS, *ADDRESSES)]),
    help=N_("Only this scenario; may be given again."),
    cls=SpokenOption,
)
@click.option("--here", is_flag=True, hidden=True)
def self_test(mails: int, names: tuple[str, ...], here: bool) -> None:
    """`flask self-test`."""
    if here:
        _play_here(mails, names)
        return
    words = [*("--mails", str(mails)), *(word for name in names for word in ("--scenario", name)), "--here"]
    with throw_away_database() as url:  # a process of its own, so that nothing here knows the service's database
        environment = os.environ | {
            "DATABASE_URL": url,
            "DATABASE_OWNER_URL": "",  # else the upgrade would be one of the service's database
            "LEASE_SECONDS": str(LEASE_SECONDS),
            "SLICE_SIZE": "100",
        }
        command = [sys.executable, "-m", "flask", "self-test", *words]
        sys.exit(subprocess.call(command, cwd=ROOT, env=environment | {"FLASK_APP": "wsgi.py"}))  # noqa: S603


def _play_here(mails: int, names: tuple[str, ...]) -> None:
    if not is_throw_away():
        raise click.ClickException(_("This is not a database to throw away."))
    logging.disable(logging.ERROR)  # the faults are meant
    furnish()
    click.echo(LAYOUT.format(*map(_, COLUMNS)))
    wanted = set(names) or {each.name for each in (*SCENARIOS, *ADDRESSES)}
    findings: list[Finding] = []
    for finding in chain(
        (play(current_app, each, mails) for each in SCENARIOS if each.name in wanted),
        play_all(current_app, [each for each in ADDRESSES if each.name in wanted], mails),
    ):
        findings.append(finding)
        click.echo(_line(finding))
    if not all(finding.adds_up for finding in findings):
        raise click.ClickException(_("The ledgers do not agree."))


def _line(finding: Finding) -> str:
    counts = (finding.counts[name] for name in ("accepted", "refused", "uncertain", "waiting"))
    verdict = _("yes") if finding.adds_up else _("NO")
    line = LAYOUT.format(
        finding.scenario, finding.mail_count, *counts, finding.copy_count, verdict, f"{finding.seconds:.1f}"
    )
    said = [(_(CAME_BACK[kind]), count) for kind, count in finding.came_back.items()]
    if said:
        said.append((_("no longer written to:"), finding.left_out_count))
    return "\n".join([line, *(f"{'':<15} {words} {count}" for words, count in said)])
