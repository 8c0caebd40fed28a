"""What all lists have in common: whose things they show, and what an address that asks for something unknown gets."""

from __future__ import annotations

import pytest
from flask import Flask

from mailer.extensions import db
from mailer.models.user import Role, User
from tests.conftest import Browser, browser_of
from tests.factories import make_mailing, make_message, make_user
from tests.mailings.builders import close, make_deliveries, make_run
from tests.world import populate

LISTS = ["/mailings", "/messages", "/calendar", "/calendar/punctuality", "/dashboard", "/dashboard/live"]
UNKNOWN = {
    "owner": [
        "/clients/?sort=x&q=a", "/clients/?order=x", "/clients/?state=x", "/clients/?born_from=1",
        "/clients/export?state=x",
        "/mailings?status=x", "/mailings?trouble=x", "/mailings?sort=x", "/mailings?order=x", "/messages?sort=x",
        "/mailings/1/runs/1?outcome=x", "/mailings/1/runs/1/deliveries.csv?outcome=x", "/reports?rows=x",
        "/reports/print?from=x", "/reports/report.csv?from=x", "/calendar?view=x",
    ],
    "manager": ["/manager?role=x", "/manager?state=x"],
    "admin": [
        "/manager/journal?action=x", "/manager/journal?from=x", "/manager/journal?to=1999-01-01",
        "/admin/runs/?state=x", "/admin/runs/?from=x&to=y", "/admin/runs/?owner_id=x", "/admin/runs/export.csv?state=x",
    ],
}  # fmt: skip


@pytest.fixture
def works(owner: User) -> User:
    """Another person with one of each thing, all called Theirs; the owner's are called Ours."""
    other = make_user(name="Other Person")
    for person, name in ((owner, "Ours"), (other, "Theirs")):
        mailing = make_mailing(person, name=name, message=make_message(person, subject=name))
        run = make_run(mailing)
        make_deliveries(run, accepted=1 if person is owner else 2)
        close(run)
    return other


def names_on(page: str) -> set[str]:
    main = page.partition("<main")[2] or page
    return {name for name in ("Ours", "Theirs") if name in main}


@pytest.mark.parametrize("path", LISTS)
def test_who_has_things_of_their_own_gets_them_and_asks_for_others(
    as_owner: Browser, owner: User, works: User, path: str
) -> None:
    assert names_on(as_owner.get(path).text) == {"Ours"}
    assert as_owner.get(f"{path}?owner=all").status_code == 404
    assert as_owner.get(f"{path}?owner={works.id}").status_code == 404
    owner.granted = ["oversee"]
    db.session.commit()
    assert names_on(as_owner.get(path).text) == {"Ours"}
    assert names_on(as_owner.get(f"{path}?owner=all").text) == {"Ours", "Theirs"}
    assert names_on(as_owner.get(f"{path}?owner={works.id}").text) == {"Theirs"}
    assert as_owner.get(f"{path}?owner=99999").status_code == 404
    assert as_owner.get(f"{path}?owner=²").status_code == 404
    if not path.endswith("live"):
        assert 'name="owner"' in as_owner.get(path).text


@pytest.mark.parametrize("path", LISTS)
def test_who_only_oversees_gets_everybodys(as_manager: Browser, works: User, path: str) -> None:
    assert names_on(as_manager.get(path).text) == {"Ours", "Theirs"}
    assert names_on(as_manager.get(f"{path}?owner={works.id}").text) == {"Theirs"}


def test_figures_follow(as_owner: Browser, owner: User, works: User) -> None:
    owner.granted = ["oversee"]
    db.session.commit()
    own, all_ = (as_owner.get(f"/dashboard/live{query}").text for query in ("", "?owner=all"))
    assert own.split("<dd>")[2].startswith("1<")
    assert all_.split("<dd>")[2].startswith("3<")
    assert "/dashboard/live?owner=all" in all_


def test_an_unknown_choice_is_named_and_a_way_out_is_shown(app: Flask, owner: User) -> None:
    populate(app, owner)
    people = {"owner": owner, "manager": make_user(role=Role.MANAGER), "admin": make_user(role=Role.ADMIN)}
    for who, paths in UNKNOWN.items():
        browser = browser_of(app).login(people[who])
        for path in paths:
            answer = browser.get(path)
            assert answer.status_code == 400, path
            assert "Такого варианта нет" in answer.text, path
            name = path.partition("?")[2].partition("=")[0]
            assert f"«{name}=" in answer.text, path
            way_out = path.partition("?")[0] + ("?q=a" if "q=a" in path else "")
            assert f'href="{way_out}">Показать без этого' in answer.text, path
            assert browser.get(way_out).status_code == 200, path
            assert "сеанс" not in answer.text.partition("<main")[2], path
