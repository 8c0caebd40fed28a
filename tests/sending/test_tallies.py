"""What a closed run tells by reason, and how many mails it sent."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.run import Run
from mailer.models.run_tally import RunTally
from mailer.models.user import User
from mailer.sending.runs.closing import count_uncertain_as_accepted, retry_refused
from mailer.sending.runs.tallies import tally_closed_runs
from mailer.smtp.results import Outcome, Phase
from tests.factories import make_mailing
from tests.mailings.builders import ANSWERS, close, make_deliveries, make_run


@pytest.fixture
def mailing(owner: User) -> Mailing:
    return make_mailing(owner)


def tallies(run: Run) -> dict[tuple[str, str], int]:
    rows = db.session.scalars(select(RunTally).where(RunTally.run_id == run.id))
    return {(row.kind, row.reason): row.count for row in rows}


def test_a_closed_run_is_counted_by_reason_and_again_when_it_closed_anew(mailing: Mailing) -> None:
    run = make_run(mailing)
    make_deliveries(run, accepted=2, refused=3, excluded=4)
    make_deliveries(run, reason="retries_ran_out", refused=1)
    make_deliveries(run, reason="suppressed", excluded=2)
    assert tally_closed_runs() == 0  # it goes on
    close(run)
    assert tally_closed_runs() == 1
    assert tallies(run) == {
        ("refused", "bad_address"): 3,
        ("refused", "retries_ran_out"): 1,
        ("excluded", "unsubscribed"): 4,
        ("excluded", "suppressed"): 2,
    }
    assert tally_closed_runs() == 0

    retry_refused(run)
    db.session.execute(db.text("UPDATE deliveries SET state = 'accepted', reason = NULL WHERE state = 'waiting'"))
    db.session.commit()
    db.session.refresh(run)
    close(run)
    assert tally_closed_runs() == 1
    assert tallies(run) == {("excluded", "unsubscribed"): 4, ("excluded", "suppressed"): 2}


@pytest.mark.parametrize(
    ("said", "code", "kind"),
    [("5.1.1", 550, "bad_address"), ("5.2.2", 552, "mailbox"), ("5.2.3", 552, "too_large"), ("5.7.1", 554, "policy"),
     ("5.3.4", 552, "too_large"), (None, 550, "bad_address"), (None, 552, "mailbox"), (None, 554, "other"),
     ("5.0.0", 550, "other")],
)  # fmt: skip
def test_refusals_are_sorted_by_what_the_server_meant(
    mailing: Mailing, said: str | None, code: int, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ANSWERS, "refused", (Outcome.PERMANENT, Phase.RCPT, code, "no"))
    run = make_run(mailing)
    make_deliveries(run, enhanced=said, refused=1)
    close(run)
    tally_closed_runs()
    assert tallies(run) == {("refused", kind): 1}


def test_mails_sent_are_those_whose_text_was_handed_over(mailing: Mailing, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(mailing)
    make_deliveries(run, accepted=3, refused=2, uncertain=1, excluded=1)  # the refused never got as far as their text
    monkeypatch.setitem(ANSWERS, "refused", (Outcome.PERMANENT, Phase.CONTENT, 554, "5.7.1 spam"))
    make_deliveries(run, refused=1)
    db.session.refresh(run)
    assert (run.sent_count, run.accepted_count, run.successful_attempt_count) == (5, 3, 3)

    count_uncertain_as_accepted(run)  # the owner's word is no mail
    db.session.commit()
    db.session.refresh(run)
    assert (run.sent_count, run.accepted_count, run.successful_attempt_count) == (5, 4, 3)


def test_attempts_written_before_their_delivery_is_settled_count_once(mailing: Mailing) -> None:
    """As the sender writes them: the attempt first, then the end of the delivery."""
    run = make_run(mailing)
    db.session.execute(
        db.text(
            "INSERT INTO deliveries (run_id, position, email, email_key) VALUES (:run, 1, 'a@a.test', 'a@a.test');"
            "INSERT INTO attempts (run_id, position, number, outcome, phase, response, started_at, finished_at, worker)"
            " VALUES (:run, 1, 1, 'in_doubt', 'content', '', now(), now(), 'w')"
        ),
        {"run": run.id},
    )
    db.session.refresh(run)
    assert run.sent_count == 0
    db.session.execute(db.text("UPDATE deliveries SET attempt_count = 1, state = 'uncertain'"))
    db.session.refresh(run)
    assert run.sent_count == 1
    db.session.execute(db.text("UPDATE deliveries SET transient_count = 0"))
    db.session.refresh(run)
    assert run.sent_count == 1
