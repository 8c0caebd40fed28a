"""A copy of the service sends nothing until somebody says that it is the true one."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from mailer.cli import confirm_instance
from mailer.extensions import db
from mailer.jobs import ticking
from mailer.models.instance import Instance
from mailer.models.run import Run, RunState
from mailer.models.user import User
from mailer.queue import MAILINGS, queue
from mailer.sending import instance_guard
from mailer.sending.instance_guard import HoldReason, InstanceHeld
from mailer.sending.runs import control
from mailer.sending.runs.next_run import set_next_run
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.runs.start import start_due, start_now
from mailer.smtp.testserver import Lab
from tests.conftest import Browser, owner_engine
from tests.factories import make_client, make_mailing
from tests.sending.conftest import finish, states
from tests.sending.test_planning import NOW, at


def due(owner: User) -> None:
    make_client(owner)
    mailing = make_mailing(owner, starts_local=at(20))
    set_next_run(mailing, NOW)
    db.session.commit()


def change(**values: object) -> None:
    db.session.execute(update(Instance).values(**values))
    db.session.commit()


def the_file(app: Flask) -> Path:
    row = db.session.get_one(Instance, 1)
    return Path(app.config["VAR_DIR"]) / "instance" / f"{row.cluster}-{row.database}.json"


@pytest.fixture
def confirmed(app: Flask) -> None:
    """As after the first start."""
    assert not instance_guard.sending_is_blocked()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"cluster": "7"}, HoldReason.OTHER_DATABASE),  # a dump restored on another server
        ({"database": 7}, HoldReason.OTHER_DATABASE),  # … or beside the old one
        ({"host": "another machine"}, HoldReason.OTHER_HOST),  # a copied data directory, a cloned machine
        ({"number": "00000000-0000-0000-0000-000000000007"}, HoldReason.OTHER_CONTENT),
    ],
)
def test_a_copy_sends_nothing(
    app: Flask, owner: User, confirmed: None, values: dict[str, object], reason: HoldReason
) -> None:
    due(owner)
    change(**values)
    assert instance_guard.why_held() is reason
    assert start_due(NOW) == []
    ticking.run_tick()
    assert queue(MAILINGS).count == 0
    assert db.session.scalar(select(Run.id)) is None


def test_on_demand_is_refused_with_the_reason(app: Flask, owner: User, confirmed: None) -> None:
    make_client(owner)
    mailing = make_mailing(owner)
    change(cluster="7")
    with pytest.raises(InstanceHeld):
        start_now(mailing, "form")


def test_a_run_that_goes_is_held_too(lab: Lab, make_run: Callable[..., Run]) -> None:
    run = make_run("a@example.test")
    change(cluster="7")
    assert finish(run).state is RunState.PLANNED
    assert lab.accepted == []
    assert instance_guard.confirm("boss@golub.test", pause_runs=None) == 0
    assert finish(run).state is RunState.COMPLETE


def test_a_run_open_in_a_copy_waits_for_its_owner(lab: Lab, make_run: Callable[..., Run]) -> None:
    run = make_run("a@example.test")  # planned in the copy: elsewhere it may be over long since
    change(cluster="7")
    assert (
        instance_guard.open_run_count()
        == instance_guard.confirm("boss@golub.test", pause_runs=control.pause_restored)
        == 1
    )
    run = finish(run)
    assert (run.state, run.pause_reason, run.waiting_count, lab.accepted) == (RunState.PAUSED, "restored", 1, [])
    control.resume(run.mailing)
    db.session.commit()
    run = finish(run)
    assert (run.state, run.pause_reason) == (RunState.COMPLETE, None)


def test_a_run_half_sent_in_a_backup_waits_and_what_was_leaving_then_is_uncertain(
    lab: Lab, make_run: Callable[..., Run], as_owner: Browser
) -> None:
    run = make_run("a@example.test", "b@example.test", "c@example.test")
    write_recipient_list(run.id)
    change(cluster=instance_guard.RESTORED, host=f"{instance_guard.BACKUP_OF}2026-11-01T03:20:00+00:00")
    db.session.execute(
        text(
            "UPDATE slices SET marked = '100', lease_token = gen_random_uuid(), leased_by = 'w', "
            "leased_until = now() - interval '1 day'"
        )
    )
    db.session.commit()
    assert instance_guard.confirm("boss@golub.test", pause_runs=control.pause_restored) == 1
    assert instance_guard.data_of() == datetime(2026, 11, 1, 3, 20, tzinfo=UTC)
    assert finish(run).state is RunState.PAUSED
    assert sorted(states(run).values()) == ["uncertain", "waiting", "waiting"]
    page = as_owner.get(f"/mailings/{run.mailing_id}/runs/{run.id}").text
    assert "восстановлены из резервной копии" in page and f"/mailings/{run.mailing_id}/resume" in page
    assert "1 нояб. 2026" in page
    as_owner.post(f"/mailings/{run.mailing_id}/resume")
    assert finish(run).state is RunState.INCOMPLETE
    assert len(lab.accepted) == 2


def test_a_run_goes_on_by_itself_after_a_move(lab: Lab, make_run: Callable[..., Run]) -> None:
    run = make_run("a@example.test")
    change(host="another machine")
    assert (
        instance_guard.open_run_count()
        == instance_guard.confirm("boss@golub.test", pause_runs=control.pause_restored)
        == 0
    )
    assert finish(run).state is RunState.COMPLETE


@pytest.mark.usefixtures("by_the_owner")
def test_a_database_set_back_in_time_is_noticed(app: Flask, owner: User, confirmed: None) -> None:
    due(owner)
    start_due(NOW)
    assert not instance_guard.sending_is_blocked()
    db.session.execute(text("SELECT setval(pg_get_serial_sequence('runs', 'id'), 1, false)"))
    db.session.commit()
    assert instance_guard.sending_is_blocked()
    assert instance_guard.why_held() is HoldReason.BACK_IN_TIME


def test_a_run_that_another_process_notes_meanwhile_is_no_step_back(
    app: Flask, owner: User, confirmed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = instance_guard._place()
    due(owner)
    start_due(NOW)
    assert not instance_guard.sending_is_blocked()  # and the run is noted
    monkeypatch.setattr(instance_guard, "_place", lambda: before)  # as asked for just before
    assert not instance_guard.sending_is_blocked()


@pytest.mark.usefixtures("by_the_owner")
def test_runs_deleted_with_their_owner_are_no_copy(app: Flask, owner: User, confirmed: None) -> None:
    due(owner)
    start_due(NOW)
    assert not instance_guard.sending_is_blocked()
    db.session.execute(text("DELETE FROM runs"))
    db.session.commit()
    assert not instance_guard.sending_is_blocked()


def test_a_lost_file_is_no_copy(app: Flask, confirmed: None) -> None:
    the_file(app).unlink()
    assert not instance_guard.sending_is_blocked()
    assert the_file(app).exists()


def test_a_file_half_written_is_no_copy(app: Flask, confirmed: None) -> None:
    the_file(app).write_text('{"number"')
    assert not instance_guard.sending_is_blocked()


def test_several_hosts_are_one_instance_when_they_say_so(
    app: Flask, confirmed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "INSTANCE_ID", "production")
    instance_guard.confirm("boss", pause_runs=control.pause_restored)
    other_host = json.loads(the_file(app).read_text()) | {"number": "another host's"}
    the_file(app).write_text(json.dumps(other_host))
    assert not instance_guard.sending_is_blocked()
    monkeypatch.setitem(app.config, "INSTANCE_ID", "staging")
    assert instance_guard.why_held() is HoldReason.OTHER_HOST


def test_the_command_confirms(app: Flask, owner: User, confirmed: None) -> None:
    due(owner)
    assert "Nothing to confirm" in app.test_cli_runner().invoke(confirm_instance).output
    change(cluster="7")
    assert app.test_cli_runner().invoke(confirm_instance, input="n\n").exit_code == 1
    assert instance_guard.sending_is_blocked()
    assert app.test_cli_runner().invoke(confirm_instance, ["--yes"]).exit_code == 0
    assert not instance_guard.sending_is_blocked()
    assert start_due(NOW) == [], "what passed before is not made good"


def test_the_first_start_confirms_itself_whoever_is_quicker(app: Flask) -> None:
    assert instance_guard.why_held() is None
    assert not instance_guard.sending_is_blocked()
    number = db.session.get_one(Instance, 1).number
    instance_guard.confirm(None, pause_runs=None)
    assert db.session.get_one(Instance, 1, populate_existing=True).number == number


def test_an_ordinary_role_of_postgres_may_ask(app: Flask) -> None:
    with owner_engine().connect() as connection:
        connection.exec_driver_sql("CREATE ROLE golub_plain")
        connection.exec_driver_sql("SET ROLE golub_plain")
        assert connection.exec_driver_sql("SELECT system_identifier FROM pg_control_system()").scalar()
        connection.rollback()
