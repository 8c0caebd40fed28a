from __future__ import annotations

import stat
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from mailer.blog import images
from mailer.clock import utcnow
from mailer.composing.placeholders import parse
from mailer.composing.sieve import sieve
from mailer.extensions import db
from mailer.models.attempt import Attempt
from mailer.models.blog_post import BlogPost
from mailer.models.client import Client, ClientFilter, Suppression
from mailer.models.delivery import Delivery
from mailer.models.mailing import Mailing, MailingStatus
from mailer.models.message import Message
from mailer.models.run import Run, RunState
from mailer.models.series import Series
from mailer.models.slice import Slice
from mailer.models.user import Role, User
from mailer.sample import Account, load, messages
from mailer.sending.runs import audience
from mailer.sending.runs.start import start_due
from mailer.sending.worker.run_worker import work_on_run
from mailer.smtp.testserver import Lab
from tests.conftest import Browser, browser_of

EVERYTHING = (User, Client, ClientFilter, Message, Mailing, Run, Delivery, Attempt, Suppression, BlogPost)


@dataclass
class Loaded:
    """The sample data, when they were asked for, and into which folder."""

    app: Flask
    folder: Path
    at: datetime
    accounts: list[Account]


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def mailing(name: str) -> Mailing:
    return db.session.scalars(select(Mailing).filter_by(name=name)).one()


def everyone_can_sign_in_with_what_the_file_says(loaded: Loaded) -> None:
    assert {account.role for account in loaded.accounts} == {role.value for role in Role}
    assert stat.S_IMODE((loaded.folder / "accounts.json").stat().st_mode) == 0o600
    for account in loaded.accounts:
        fresh = browser_of(loaded.app)
        fresh.post("/login", data={"email": account.email, "password": account.password})
        with fresh.session_transaction() as session:
            assert "_user_id" in session


def loading_again_changes_nothing(loaded: Loaded) -> None:
    before = {model: count(model) for model in EVERYTHING}
    assert load(loaded.folder) == loaded.accounts
    assert {model: count(model) for model in EVERYTHING} == before


def test_lost_passwords_are_replaced(app: Flask, tmp_path: Path) -> None:
    first = load(tmp_path)
    (tmp_path / "accounts.json").unlink()
    second = load(tmp_path)
    assert [account.email for account in second] == [account.email for account in first]
    assert not {account.password for account in second} & {account.password for account in first}


def test_nobody_signs_in_to_a_half_of_it(
    app: Flask, web: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no room")

    with monkeypatch.context() as cut:
        cut.setattr("mailer.sample.ensure_articles", fail)
        with pytest.raises(OSError, match="no room"):
            load(tmp_path)
    db.session.rollback()
    assert not count(User)
    assert not (tmp_path / "accounts.json").exists()


def test_the_pages_say_while_it_is_loaded(app: Flask, web: Browser) -> None:
    mark = Path(app.config["VAR_DIR"], "sample-loading")
    mark.touch()
    try:
        assert "data-sample-loading" in web.get("/login").text
    finally:
        mark.unlink()
    assert "data-sample-loading" not in web.get("/login").text


def the_shop_is_whole(loaded: Loaded) -> None:
    assert {model: count(model) for model in (User, Client, ClientFilter, Message, Mailing, Series)} == {
        User: 4,
        Client: 200,
        ClientFilter: 1,
        Message: 6,
        Mailing: 3 + 3,  # those of the steps of the series
        Series: 1,
    }
    assert not db.session.scalars(select(Client.email).where(~Client.email.endswith(".test"))).all()


def every_figure_of_every_run_equals_its_rows(loaded: Loaded) -> None:
    for run in db.session.scalars(select(Run)):
        deliveries = db.session.scalars(select(Delivery).filter_by(run_id=run.id)).all()
        outcomes = db.session.scalars(select(Attempt.outcome).filter_by(run_id=run.id)).all()
        counted = {name: sum(one.state.counter == name for one in deliveries) for name in run.counts}
        assert run.counts == counted
        assert run.planned_count == len(deliveries)
        assert run.successful_attempt_count == sum(outcome == "accepted" for outcome in outcomes)
        assert run.failed_attempt_count == sum(outcome != "accepted" for outcome in outcomes)


def the_finished_mailing_shows_what_happens_in_life(loaded: Loaded) -> None:
    finished = mailing("Осенний сбор")
    run = db.session.scalars(select(Run).filter_by(mailing_id=finished.id)).one()
    assert finished.status is MailingStatus.COMPLETED
    assert run.state is RunState.COMPLETE_WITH_REFUSALS
    assert (run.planned_count, run.refused_count, run.excluded_count) == (200, 9, 3)
    codes = set(db.session.scalars(select(Attempt.smtp_code).filter_by(run_id=run.id)))
    assert codes == {250, 451, 550, 552, 554}


def the_daily_mailing_goes_on_at_nine_in_moscow(loaded: Loaded) -> None:
    daily = mailing("Утро в лавке")
    assert daily.status is MailingStatus.STARTED
    assert daily.next_run_local is not None
    assert (daily.next_run_local.hour, daily.next_run_local.minute, daily.timezone) == (9, 0, "Europe/Moscow")
    assert daily.next_run_at is not None
    assert loaded.at < daily.next_run_at <= loaded.at + timedelta(days=1)


def one_mailing_starts_within_seconds_and_nothing_else_does(loaded: Loaded) -> None:
    soon = mailing("Приглашение в клуб")
    assert soon.next_run_at is not None
    assert loaded.at < soon.next_run_at < utcnow() + timedelta(seconds=20)
    assert 30 <= audience.summary(soon).will_get <= 45

    assert start_due(soon.next_run_at - timedelta(seconds=1)) == []
    (run_id,) = start_due(soon.next_run_at)
    assert db.session.get_one(Run, run_id).mailing_id == soon.id


def messages_are_such_as_the_editor_would_save(loaded: Loaded) -> None:
    attributes = {"город"}
    for message in db.session.scalars(select(Message)):
        parse(message.subject, attributes)
        parse(message.text_body, attributes)
        parse(message.html_body, attributes, markup=True)
        assert sieve(message.html_body).html == message.html_body
    for body in messages.HERE.glob("*.html"):
        assert sieve(body.read_text("utf-8")).removed == []


def nobody_would_see_a_hole_in_a_message(loaded: Loaded) -> None:
    for message in db.session.scalars(select(Message)):
        for body in (message.subject, message.text_body, message.html_body):
            places = parse(body, None).placeholders
            assert all(place.default or place.name == "unsubscribe_url" for place in places)


def the_blog_has_articles_with_pictures(loaded: Loaded) -> None:
    posts = db.session.scalars(select(BlogPost)).all()
    assert len(posts) == 6
    web = browser_of(loaded.app)
    for post in posts:
        assert web.get(f"/blog/{post.slug}").status_code == 200
        with Image.open(images.folder() / str(post.image_file)) as image:
            assert image.size == (1280, 720)


def the_owner_finds_filled_pages(loaded: Loaded) -> None:
    web = browser_of(loaded.app).login(db.session.scalars(select(User).filter_by(role=Role.USER)).one())
    for path in ("/dashboard", "/blog", "/", "/series/", "/series/1", "/clients/topics/"):
        assert web.get(path).status_code == 200, path


def every_run_is_made_of_what_a_real_one_is_made_of(loaded: Loaded) -> None:
    """Slices cover every person once, nothing is due in them, and nobody who had unsubscribed was written to."""
    for run in db.session.scalars(select(Run)):
        covered = [
            position
            for slice_ in db.session.scalars(select(Slice).filter_by(run_id=run.id).order_by(Slice.first_position))
            for position in range(slice_.first_position, slice_.last_position + 1)
        ]
        assert covered == list(range(1, run.planned_count + 1))
    assert not db.session.scalar(select(Slice.id).where(Slice.ready_at.is_not(None)).limit(1))
    left_out = select(Suppression.email_key)
    written_to = select(Delivery.email).where(Delivery.email_key.in_(left_out), Delivery.attempt_count > 0)
    assert db.session.scalars(written_to).all() == []


def those_refused_in_the_sample_run_can_be_tried_again(loaded: Loaded) -> None:
    """The first button a newcomer presses."""
    finished = mailing("Осенний сбор")
    run = db.session.scalars(select(Run).filter_by(mailing_id=finished.id)).one()
    with Lab() as catcher:
        loaded.app.config["MAIL_CATCHER_URL"] = f"smtp://127.0.0.1:{catcher.port}"
        try:
            browser_of(loaded.app).login(finished.owner).post(f"/mailings/{finished.id}/runs/{run.id}/retry-refused")
            while work_on_run(run.id, 20):
                pass
        finally:
            loaded.app.config["MAIL_CATCHER_URL"] = None
        assert len(catcher.accepted) == 9
    db.session.refresh(run)
    assert (run.state, run.accepted_count, run.waiting_count) == (RunState.COMPLETE, 197, 0)


WHAT_HOLDS = (
    loading_again_changes_nothing,
    everyone_can_sign_in_with_what_the_file_says,
    the_shop_is_whole,
    every_figure_of_every_run_equals_its_rows,
    the_finished_mailing_shows_what_happens_in_life,
    the_daily_mailing_goes_on_at_nine_in_moscow,
    messages_are_such_as_the_editor_would_save,
    nobody_would_see_a_hole_in_a_message,
    the_blog_has_articles_with_pictures,
    the_owner_finds_filled_pages,
    every_run_is_made_of_what_a_real_one_is_made_of,
    one_mailing_starts_within_seconds_and_nothing_else_does,
    those_refused_in_the_sample_run_can_be_tried_again,
)


def test_what_is_loaded(app: Flask, tmp_path: Path, subtests: pytest.Subtests) -> None:
    """Loaded once; the last two change what is there."""
    at = utcnow()
    loaded = Loaded(app, tmp_path, at, load(tmp_path, at))
    for each in WHAT_HOLDS:
        with subtests.test(each.__name__):
            each(loaded)
