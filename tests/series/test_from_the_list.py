"""From the list of clients into a series, with the numbers first, and back."""

from __future__ import annotations

import re
from datetime import time

from sqlalchemy import select

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.client import Suppression
from mailer.models.series import DelayKind, Enrolment, Entry
from mailer.models.user import User
from mailer.sending.series import control
from mailer.sending.series.entering import enter
from mailer.series import services
from mailer.series.plan import SeriesPlan, StepPlan
from tests.conftest import Browser
from tests.factories import make_client, make_message, save

ASK = "/clients/into-series/"


def test_those_found_enter_once_their_number_was_seen(as_owner: Browser, owner: User, stranger: User) -> None:
    here, new, left_out, other = (make_client(owner, tags=["vip"] * (n < 3)) for n in range(4))
    make_client(stranger, tags=["vip"])
    save(Suppression(owner_id=owner.id, email_key=left_out.email_key, reason="unsubscribed"))
    page = as_owner.post(ASK, data={"everyone": "1"}).text
    assert "/series/" in page, "the way to one"
    series = services.save_series(
        owner, SeriesPlan("Welcome", "UTC", [StepPlan(make_message(owner), DelayKind.DAYS, 1, time(10))])
    )
    control.start(series, utcnow())
    enter(series, [here.id], Entry.SIGN_UP)
    db.session.commit()
    assert as_owner.post(ASK, data={}).status_code == 303, "nobody is marked"
    page = as_owner.post(ASK, data={"everyone": "1", "tag": "vip"}).text
    assert re.findall(r'name="tag" value="([^"]+)"', page.replace("\n    ", " ")) == ["vip"]
    figures = dict(re.findall(r'data-figure="(\w+)">(\d+)<', page))
    assert figures == {"chosen": "3", "known": "1", "suppressed": "1", "enter": "1"}
    stamp = re.findall(r'name="confirmed" value="([^"]+)"', page)[0]
    form = {"everyone": "1", "tag": "vip", "series_id": str(series.id), "confirmed": stamp}
    more = make_client(owner, tags=["vip"])
    assert as_owner.post(ASK, data=form).status_code == 200, "two meanwhile: asked about anew"
    done = as_owner.post(ASK, data=form | {"confirmed": f"{series.id}:2"})
    people = select(Enrolment.client_id).where(Enrolment.series_id == series.id).order_by(Enrolment.client_id)
    assert "tag=vip" in done.location
    assert db.session.scalars(people).all() == [here.id, new.id, more.id]
    undo = re.findall(r'action="(/clients/into-series/[^"]+/undo[^"]*)"', as_owner.get("/clients/").text)[0]
    as_owner.post(undo.replace("&amp;", "&"))
    assert db.session.scalars(people).all() == [here.id]
    marked = {"ids": [other.id], "series_id": str(series.id), "confirmed": f"{series.id}:1"}
    as_owner.post(ASK, data=marked)
    assert db.session.scalars(people).all() == [here.id, other.id]
