"""Who may pass: every route of this feature, asked as owner, stranger, manager, editor and nobody."""

from __future__ import annotations

import pytest
from flask import Flask

from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.run import Run
from mailer.models.user import Role, User
from tests.conftest import Browser
from tests.factories import make_client, make_mailing, make_user
from tests.mailings.builders import close, make_deliveries, make_run

LOOKING = [
    "/mailings/{mailing}",
    "/mailings/{mailing}/progress",
    "/mailings/{mailing}/runs/{run}",
    "/mailings/{mailing}/runs/{run}/progress",
    "/mailings/{mailing}/runs/{run}/deliveries/1",
]
OWNERS_PAGES = [
    "/mailings/{mailing}/edit",
    "/mailings/{mailing}/copy",
    "/mailings/{mailing}/send-now",
    "/mailings/{mailing}/runs/{run}/deliveries.csv",
]
ACTS = [
    "/mailings/{mailing}/edit",
    "/mailings/{mailing}/delete",
    "/mailings/{mailing}/pause",
    "/mailings/{mailing}/resume",
    "/mailings/{mailing}/stop",
    "/mailings/{mailing}/send-now",
    "/mailings/{mailing}/runs/{run}/resend-uncertain",
    "/mailings/{mailing}/runs/{run}/count-as-accepted",
    "/mailings/{mailing}/runs/{run}/retry-refused",
]
LISTS = ["/mailings", "/mailings/new"]


@pytest.fixture
def run(mailing: Mailing) -> Run:
    run = make_run(mailing)
    make_deliveries(run, accepted=1, refused=1, uncertain=1)
    return close(run)


@pytest.fixture
def as_editor(app: Flask, web: Browser) -> Browser:
    return web.login(make_user(role=Role.EDITOR))


def state_of_everything() -> list[tuple[object, ...]]:
    db.session.expire_all()
    mailings = [(m.name, m.version, m.paused_at, m.deleted_at) for m in db.session.query(Mailing).order_by("id")]
    return mailings + [(r.state, r.closed_at, *r.counts.values()) for r in db.session.query(Run).order_by("id")]


def filled(path: str, run: Run) -> str:
    return path.format(mailing=run.mailing_id, run=run.id)


@pytest.mark.parametrize("path", LOOKING + OWNERS_PAGES)
def test_a_stranger_cannot_even_tell_that_it_exists(as_stranger: Browser, run: Run, path: str) -> None:
    assert as_stranger.get(filled(path, run)).status_code == 404


@pytest.mark.parametrize("path", ACTS)
def test_a_strangers_act_changes_nothing(as_stranger: Browser, run: Run, path: str) -> None:
    before = state_of_everything()
    assert as_stranger.post(filled(path, run), data={"token": "0" * 32}).status_code == 404
    assert state_of_everything() == before


@pytest.mark.parametrize("path", LOOKING)
def test_a_manager_may_look(as_manager: Browser, run: Run, path: str) -> None:
    assert as_manager.get(filled(path, run)).status_code == 200


@pytest.mark.parametrize("path", OWNERS_PAGES)
def test_a_manager_may_not_work_on_it(as_manager: Browser, run: Run, path: str) -> None:
    assert as_manager.get(filled(path, run)).status_code == 403


@pytest.mark.parametrize("path", ACTS)
def test_a_managers_act_changes_nothing(as_manager: Browser, run: Run, path: str) -> None:
    before = state_of_everything()
    assert as_manager.post(filled(path, run), data={"token": "0" * 32}).status_code == 403
    assert state_of_everything() == before


@pytest.mark.parametrize("path", LOOKING + OWNERS_PAGES)
def test_for_an_editor_mailings_do_not_exist(as_editor: Browser, run: Run, path: str) -> None:
    assert as_editor.get(filled(path, run)).status_code == 404


@pytest.mark.parametrize("path", LISTS)
def test_an_editor_has_no_mailings(as_editor: Browser, path: str) -> None:
    assert as_editor.get(path).status_code == 403


@pytest.mark.parametrize("path", ["/mailings/new"])
def test_a_manager_creates_no_mailings(as_manager: Browser, path: str) -> None:
    assert as_manager.get(path).status_code == 403
    assert as_manager.post(path).status_code == 403


@pytest.mark.parametrize("path", LISTS + LOOKING + OWNERS_PAGES)
def test_somebody_not_signed_in_is_asked_to_sign_in(web: Browser, run: Run, path: str) -> None:
    answer = web.get(filled(path, run))
    assert answer.status_code == 302


@pytest.mark.parametrize("path", ["/mailings/new", *ACTS])
def test_somebody_not_signed_in_cannot_act(web: Browser, run: Run, path: str) -> None:
    assert web.post(filled(path, run)).status_code == 401


@pytest.mark.parametrize("path", [path for path in LOOKING + OWNERS_PAGES if "{run}" in path])
def test_a_run_belongs_to_its_own_mailing_only(as_owner: Browser, owner: User, run: Run, path: str) -> None:
    other = make_mailing(owner, [make_client(owner)])
    assert as_owner.get(path.format(mailing=other.id, run=run.id)).status_code == 404


@pytest.mark.parametrize("path", [path for path in ACTS if "{run}" in path])
def test_a_run_cannot_be_decided_about_through_another_mailing(
    as_owner: Browser, owner: User, run: Run, path: str
) -> None:
    other = make_mailing(owner, [make_client(owner)])
    before = state_of_everything()
    assert as_owner.post(path.format(mailing=other.id, run=run.id)).status_code == 404
    assert state_of_everything() == before


@pytest.mark.parametrize("path", ACTS)
def test_looking_never_acts(as_owner: Browser, run: Run, path: str) -> None:
    before = state_of_everything()
    assert as_owner.get(filled(path, run)).status_code in {200, 405}
    assert state_of_everything() == before


@pytest.mark.parametrize("id_", ["0", "-1", str(2**63), "9" * 30, "abc"])
def test_ids_that_are_none(as_owner: Browser, id_: str) -> None:
    assert as_owner.get(f"/mailings/{id_}").status_code == 404


def test_a_user_who_lost_the_right_to_send_cannot_act_on_what_was_his(as_owner: Browser, owner: User, run: Run) -> None:
    owner.role = Role.EDITOR
    db.session.commit()
    before = state_of_everything()
    assert as_owner.post(f"/mailings/{run.mailing_id}/delete").status_code == 403
    assert state_of_everything() == before


def test_anothers_deleted_mailing_cannot_be_brought_back(as_stranger: Browser, as_owner: Browser, run: Run) -> None:
    as_owner.post(f"/mailings/{run.mailing_id}/delete")
    assert as_stranger.post(f"/mailings/{run.mailing_id}/restore").status_code == 404
