"""Clicks where their owner looks for them: at the step of a series, and on the page of the person."""

from __future__ import annotations

import re

from sqlalchemy import select

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.delivery import Delivery
from mailer.models.series import Series
from mailer.models.user import User
from mailer.smtp.testserver import Lab
from tests.conftest import Browser, rewrite
from tests.factories import make_client, make_message
from tests.sending.conftest import finish
from tests.series.conftest import put_in, runs_of, turn
from tests.tracking.conftest import CHROME, LETTER, SHOP, fold, path_of


def test_a_click_in_a_series_stands_at_its_step_and_on_the_persons_page(
    lab: Lab, as_owner: Browser, web: Browser, owner: User
) -> None:
    message = make_message(owner, html_body=LETTER, text_body="")
    reader, silent = make_client(owner, email="reader@far.example"), make_client(owner, email="silent@far.example")
    form = {"name": "Welcome", "timezone": "UTC", "entry": "hand", "late_limit_hours": 12, "counts_clicks": "y"}
    step = {"steps-0-message_id": message.id, "steps-0-count": 0, "steps-0-kind": "hours"}
    assert as_owner.post("/series/new", data=form | step).status_code == 303
    series = db.session.scalars(select(Series)).one()
    as_owner.post(f"/series/{series.id}/start", data={"confirmed": "yes"})
    series = db.session.get_one(Series, series.id)
    ticked = re.findall(r'<input(?=[^>]* checked)[^>]* name="(\w+)"', as_owner.get(f"/series/{series.id}/edit").text)
    assert "counts_clicks" in ticked and "counts_opens" not in ticked
    put_in(series, reader, silent)
    turn(series)
    (run,) = runs_of(series)
    finish(run)
    position = db.session.scalar(select(Delivery.position).where(Delivery.client_id == reader.id))
    assert position is not None
    rewrite("UPDATE attempts SET finished_at = finished_at - interval '1 hour'")
    web.get(path_of(run, position, 1), headers=CHROME)
    web.head(path_of(run, position, 2))
    assert fold() == 2

    shown = as_owner.get(f"/series/{series.id}").text
    assert 'data-figure="clicked">1</strong>' in shown
    assert 'data-figure="opened"' not in shown, "opens are not counted here"
    page = as_owner.get(f"/clients/{reader.id}").text
    assert page.count("data-reaction=") == 1, "a robot's is not the person's"
    assert SHOP.replace("&", "&amp;") in page.partition('data-reaction="1"')[2][:600]
    assert "data-reaction=" not in as_owner.get(f"/clients/{silent.id}").text
    rewrite("UPDATE runs SET reactions_ended_at = :now", now=utcnow())
    rewrite("DELETE FROM reactions")
    assert "data-reaction=" not in as_owner.get(f"/clients/{reader.id}").text
    assert 'data-figure="clicked">1</strong>' in as_owner.get(f"/series/{series.id}").text, "the figure stays"
