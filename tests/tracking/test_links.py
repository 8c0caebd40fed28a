"""Links and pixels of mails, from the mail to the figures of the run."""

from __future__ import annotations

import os
import quopri
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from launcher.ports import first_free
from launcher.web import listen
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.delivery import Delivery, Reason
from mailer.models.mailing import Mailing
from mailer.models.reaction import LinkHit, Reaction, ReactionHour, ReactionTotal
from mailer.models.run import Run, RunState
from mailer.models.user import User
from mailer.preferences.services import erase
from mailer.sending import tracking
from mailer.sending.runs.approvals import fingerprint
from mailer.smtp.testserver import Lab
from mailer.tracking.hits import HitBuffer, HitRow, buffer
from mailer.tracking.upkeep import forget_old
from tests.conftest import ROOT, Browser, Servers, rewrite
from tests.factories import make_message
from tests.sending.conftest import finish
from tests.tracking.conftest import CHROME, LETTER, SHOP, fold, links_in, path_of
from tests.waiting import wait_until


def test_a_click_leads_on_at_once_and_is_counted_by_and_by(sent: Run, lab: Lab, web: Browser) -> None:
    content = next(one.content for one in lab.ledger.records if one.recipient == "b@far.example")
    assert content is not None
    position = db.session.scalar(select(Delivery.position).where(Delivery.email == "b@far.example"))
    assert position is not None
    expected = [path_of(sent, position, link) for link in (1, 2, 3)]
    assert links_in(content) == [*expected, *expected, path_of(sent, position, 0)]
    assert "считаются открытия и переходы" in quopri.decodestring(content).decode()

    answer = web.get(expected[0], headers=CHROME)
    assert (answer.status_code, answer.headers["Location"]) == (302, SHOP)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in answer.headers
    assert web.head(expected[0]).headers["Location"] == SHOP
    pixel = web.get(path_of(sent, position, 0), headers=CHROME)
    assert pixel.mimetype == "image/gif"
    assert pixel.data.startswith(b"GIF89a")
    assert "Set-Cookie" not in pixel.headers
    _as_if_sent_an_hour_ago(sent)
    assert fold() == 3
    assert _figures(sent) == (1, 1)
    rows = db.session.execute(
        select(Reaction.link, Reaction.verdict, Reaction.rule).order_by(Reaction.link, Reaction.verdict)
    )
    assert [(link, verdict.value, rule.value) for link, verdict, rule in rows] == [
        (0, "person", "none"), (1, "machine", "head"), (1, "person", "none")
    ]  # fmt: skip
    assert db.session.scalar(select(func.count()).select_from(LinkHit)) == 0, "what was asked with is not kept"
    (hour,) = db.session.scalars(select(ReactionHour))
    assert (hour.clicked_count, hour.opened_count) == (1, 1)


def test_whose_uncertain_mail_is_looked_at_by_a_person_has_got_it(
    owner: User, make_run: Any, lab: Lab, web: Browser
) -> None:
    lab.obey("DOT -> accept; drop")  # each answer is lost
    message = make_message(owner, html_body=LETTER, text_body="")
    run = finish(make_run("a@far.example", "b@far.example", message=message, counts_clicks=True, counts_opens=True))
    assert (run.state, run.uncertain_count) == (RunState.INCOMPLETE, 2)
    _as_if_sent_an_hour_ago(run)
    web.head(path_of(run, 1, 1))  # a scanner stands before many a mailbox that the mail never gets to
    assert fold() == 1
    assert run.uncertain_count == 2
    web.get(path_of(run, 1, 1), headers=CHROME)
    assert fold() == 1
    assert (run.state, run.uncertain_count, run.accepted_count) == (RunState.INCOMPLETE, 1, 1)
    web.get(path_of(run, 2, 0), headers=CHROME)
    assert fold() == 1
    assert (run.state, run.uncertain_count, run.accepted_count) == (RunState.COMPLETE, 0, 2)
    assert set(db.session.scalars(select(Delivery.reason))) == {Reason.PROVEN_BY_CLICK}


def test_links_of_nobody_and_links_that_stood_in_no_mail_lead_nowhere(sent: Run, web: Browser) -> None:
    path = path_of(sent, 1, 1)
    other = path_of(Run(id=sent.id + 1, snapshot=sent.snapshot), 1, 1)
    forged = path[:8] + ("A" if path[8] != "A" else "B") + path[9:]
    for address in (path[:-1] + "4", path + "0", path + "99999999", forged, other, f"/l/{'x' * 20}/1", path[:-2]):
        assert web.get(address).status_code == 404, address
    assert web.get(f"{path}?u=https://evil.example").headers["Location"] == SHOP
    assert buffer().flush()
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(LinkHit)) == 1


def test_what_is_asked_for_is_hostile(sent: Run, web: Browser) -> None:
    """Tabs, backslashes and what else the format of COPY means something by."""
    strange = "Mozilla/5.0 \\N\\.\t\\t é" + "x" * 2000
    assert web.get(path_of(sent, 1, 1), headers={"User-Agent": strange, "Sec-Purpose": "\\."}).status_code == 302
    assert buffer().flush()
    assert db.session.scalar(select(LinkHit.agent)) == strange[:300].encode("latin-1", "replace").decode("latin-1")


def test_hits_wait_for_the_database_up_to_a_bound(
    app: Flask, by_the_owner: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailer.tracking.hits.MOST_KEPT", 50)
    monkeypatch.setattr("mailer.tracking.hits.AT_ONCE", 20)
    kept = HitBuffer(app)
    db.session.execute(text("ALTER TABLE link_hits RENAME TO link_hits_away"))
    db.session.commit()
    try:
        for number in range(60):
            kept._waiting.append(HitRow(1, number, 1, utcnow(), False, False, "", "x"))
        assert not kept.flush()
    finally:
        db.session.execute(text("ALTER TABLE link_hits_away RENAME TO link_hits"))
        db.session.commit()
    assert kept.flush()
    assert db.session.scalars(select(LinkHit.position).order_by(LinkHit.id)).all() == [*range(10, 60)]


@pytest.mark.parametrize("server", ["gunicorn", "waitress"])
def test_a_web_server_that_is_told_to_end_has_written_what_it_saw(
    sent: Run, servers: Servers, server: str, tmp_path: Any
) -> None:
    port = first_free(23_500)
    settings = {
        "DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url, "VAR_DIR": str(tmp_path),
        "GOLUB_ENV": "development", "SECRET_KEY": "a secret of the tests, long enough to be one",
    }  # fmt: skip
    process = _serve(server, port, settings)
    path = path_of(sent, 2, 3)
    try:
        wait_until(lambda: _asks(port, path.replace("/3", "/9")) == 404)
        assert _asks(port, path) == 302
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    db.session.rollback()
    assert db.session.scalars(select(LinkHit.link)).all() == [3]


def test_who_clicked_is_forgotten_and_how_many_did_is_not(sent: Run, web: Browser, app: Flask) -> None:
    for position in (1, 2):
        web.get(path_of(sent, position, position), headers=CHROME)
    _as_if_sent_an_hour_ago(sent)
    fold()
    assert _figures(sent) == (2, 2)
    assert forget_old(utcnow() + timedelta(days=89)) == 0
    # Whoever has themselves erased is forgotten at once, and counted no more.
    client = db.session.scalars(
        select(Client).join(Delivery, Delivery.client_id == Client.id).where(Delivery.position == 1)
    ).one()
    erase(client)
    assert _figures(sent) == (1, 1)
    assert forget_old(utcnow() + timedelta(days=91)) == 1
    assert db.session.scalar(select(func.count()).select_from(Reaction)) == 0
    assert web.get(path_of(sent, 3, 1), headers=CHROME).status_code == 302, "the link works for ever"
    assert fold() == 1
    assert _figures(sent) == (1, 1)
    assert db.session.scalar(select(func.sum(ReactionTotal.recipient_count))) == 1


def test_nothing_is_counted_unless_the_mailing_says_so(make_run: Any, lab: Lab, web: Browser) -> None:
    run = make_run("a@far.example")
    assert not run.is_tracked
    assert tracking.link_tokens(run) is None
    assert tracking.of_run(run) is None
    mailing = db.session.get_one(Mailing, run.mailing_id)
    before = fingerprint(mailing)
    mailing.counts_clicks = True
    assert fingerprint(mailing) != before, "a manager approved something else"


def _as_if_sent_an_hour_ago(run: Run) -> None:
    """For hits that come now to be a person's."""
    rewrite("UPDATE attempts SET finished_at = finished_at - interval '1 hour' WHERE run_id = :id", id=run.id)


def _figures(run: Run) -> tuple[int, int]:
    row = db.session.execute(select(Run.clicked_count, Run.opened_count).where(Run.id == run.id)).one()
    return row[0], row[1]


def _serve(server: str, port: int, settings: dict[str, str]) -> subprocess.Popen[bytes]:
    if server == "gunicorn":
        command = ["-m", "gunicorn", "wsgi:app", "--bind", f"127.0.0.1:{port}", "--workers=1", "--threads=2"]
        return subprocess.Popen([sys.executable, *command], cwd=ROOT, env=os.environ | settings)
    listener = listen("127.0.0.1", port)
    try:
        command = ["-m", "launcher.web", str(listener.fileno()), "--threads=2"]
        return subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=os.environ | settings, pass_fds=[listener.fileno()]
        )
    finally:
        listener.close()


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any) -> None:
        """Stay here."""


def _asks(port: int, path: str) -> int:
    try:
        with urllib.request.build_opener(_NoRedirects).open(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
