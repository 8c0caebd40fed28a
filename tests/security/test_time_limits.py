"""What a request may ask of the database ends by itself; what a job asks does not."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text

from mailer import database_limits
from mailer.extensions import db
from mailer.long_work import exporting
from tests.conftest import Browser


def setting(name: str) -> str:
    value = db.session.scalar(text("SELECT current_setting(:name)"), {"name": name})
    db.session.rollback()
    return str(value)


def test_requests_have_limits_and_jobs_have_none(app: Flask) -> None:
    db.session.rollback()
    with app.test_request_context("/"):
        assert setting("statement_timeout") == "10s"
        assert setting("statement_timeout") == "10s"  # a rollback does not take it back
        assert setting("lock_timeout") == "5s"
        assert setting("idle_in_transaction_session_timeout") == "1min"
    with app.test_request_context("/", method="POST"):
        assert setting("statement_timeout") == "1min"
    assert setting("statement_timeout") == setting("lock_timeout") == "0"
    assert setting("idle_in_transaction_session_timeout") == "0"


def test_a_question_that_takes_too_long_is_answered_with_a_page(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_limits, "READING_MS", 50)
    monkeypatch.setitem(app.view_functions, "home.privacy", lambda: db.session.execute(text("SELECT pg_sleep(20)")))
    db.session.rollback()
    answer = app.test_client().get("/privacy", headers={"Accept-Language": "en"})
    assert answer.status_code == 503
    assert "This took too long" in answer.text


def test_long_work_has_few_places_and_nobody_waits_for_one(as_owner: Browser) -> None:
    with exporting.one(), exporting.one():
        answer = as_owner.get("/clients/export")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert "Слишком много сразу" in answer.text
    assert as_owner.get("/clients/export").status_code == 200
    with as_owner.head("/clients/export"), as_owner.head("/clients/export"):
        pass
    assert as_owner.get("/clients/export").data.startswith("\ufeff".encode())  # every place is given back
