"""Where only those who confirmed are written to, nobody else is: by the owner's wish, and by the installation's."""

from __future__ import annotations

import re
from datetime import time, timedelta

from flask import Flask
from sqlalchemy import select

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.client import Client, Suppression
from mailer.models.delivery import Delivery
from mailer.models.series import DelayKind, Enrolment, Entry
from mailer.models.sign_up import SignUp, SignUpForm
from mailer.models.user import User
from mailer.sending.runs import audience
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.series import control
from mailer.sending.series.entering import enter
from mailer.series import services
from mailer.series.plan import SeriesPlan, StepPlan
from tests.conftest import Browser
from tests.factories import make_client, make_due_run, make_message, save


def confirm(client: Client, form: SignUpForm, *, is_done: bool) -> None:
    values = {"email": client.email, "email_key": client.email_key, "ip": "::1", "client_id": client.id}
    now = utcnow() if is_done else None
    save(SignUp(owner_id=client.owner_id, form_id=form.id, expires_at=utcnow() + timedelta(days=7), confirmed_at=now,
                confirmed_ip="::1" if is_done else None, **values))  # fmt: skip


def reasons_of_a_run(owner: User) -> dict[str, str | None]:
    run = make_due_run(owner)
    write_recipient_list(run.id)
    rows = db.session.scalars(select(Delivery).where(Delivery.run_id == run.id))
    return {row.email: row.reason.value if row.reason else None for row in rows}


def test_only_those_who_confirmed_are_written_to(app: Flask, as_owner: Browser, owner: User) -> None:
    form = save(SignUpForm(owner_id=owner.id, name="Form", title="News", language="en", mail_subject="x",
                           mail_text="{{ link }}"))  # fmt: skip
    names = ("sure", "asked", "imported", "gone")
    sure, asked, imported, gone = (make_client(owner, f"{name}@x.test") for name in names)
    confirm(sure, form, is_done=True)
    confirm(asked, form, is_done=False)
    save(Suppression(owner_id=owner.id, email_key=gone.email_key, reason="manual"))
    page = as_owner.get("/clients/forms/only-confirmed").text
    assert dict(re.findall(r'data-figure="([\w-]+)">(\d+)', page)) == {"total": "3", "confirmed": "1", "left-out": "2"}
    assert set(reasons_of_a_run(owner).values()) == {None, "suppressed"}
    as_owner.post("/clients/forms/only-confirmed", data={"only_confirmed": "1"})
    found = reasons_of_a_run(owner)
    told = (None, "unconfirmed", "unconfirmed", "suppressed")
    assert found == {f"{name}@x.test": reason for name, reason in zip(names, told, strict=True)}
    summary = audience.summary_of([Client.owner_id == owner.id], owner.id)
    assert (summary.unconfirmed, summary.will_get) == (2, 1)
    step = StepPlan(make_message(owner), DelayKind.DAYS, 1, time(10))
    series = services.save_series(owner, SeriesPlan("Welcome", "UTC", [step]))
    control.start(series, utcnow())
    enter(series, [sure.id, imported.id], Entry.HAND)
    assert db.session.scalars(select(Enrolment.client_id)).all() == [sure.id]
    as_owner.post("/clients/forms/only-confirmed", data={})
    assert set(reasons_of_a_run(owner).values()) == {None, "suppressed"}
    app.config["ONLY_CONFIRMED"] = True
    try:
        as_owner.post("/clients/forms/only-confirmed", data={})
        assert reasons_of_a_run(owner) == found
        assert 'name="only_confirmed"' not in as_owner.get("/clients/forms/only-confirmed").text
    finally:
        app.config["ONLY_CONFIRMED"] = False
