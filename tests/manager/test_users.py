from __future__ import annotations

import re

import pytest
from flask import Flask

from mailer.clock import utcnow
from mailer.models.user import Role, User
from tests.conftest import Browser
from tests.factories import make_client, make_mailing, make_user


def users_on(page: str) -> list[int]:
    return [int(id_) for id_ in re.findall(r'data-user="(\d+)"', page)]


def figure(page: str, user: User, name: str) -> str:
    row = page[page.index(f'data-user="{user.id}"') :]
    cell = re.search(rf'data-figure="{name}">(.*?)</td>', row)
    assert cell is not None
    return re.sub(r"<.*?>", "", cell[1])


def test_those_who_oversee_see_everyone_with_figures(as_manager: Browser, manager: User, owner: User) -> None:
    make_mailing(owner, [make_client(owner), make_client(owner)])
    make_client(owner, deleted_at=utcnow())
    page = as_manager.get("/manager").text
    assert users_on(page) == [owner.id, manager.id]
    assert (figure(page, owner, "clients"), figure(page, owner, "mailings")) == ("2", "1")
    assert (figure(page, manager, "clients"), figure(page, manager, "mailings")) == ("0", "0")


def test_users_are_found_by_name_and_address(as_manager: Browser) -> None:
    vera = make_user(email="a_b@golub.test", name="Вера Птицына")
    make_user(email="axb@golub.test")
    for search in ("птицына", "a_b@"):
        assert users_on(as_manager.get("/manager", query_string={"q": search}).text) == [vera.id]
    assert users_on(as_manager.get("/manager?q=nobody").text) == []


def test_a_page_that_does_not_exist_is_not_found(as_manager: Browser) -> None:
    assert as_manager.get("/manager?page=2").status_code == 404


@pytest.mark.parametrize(("role", "status"), [(Role.ADMIN, 200), (Role.USER, 403), (Role.EDITOR, 403)])
def test_others_are_kept_out(app: Flask, web: Browser, role: Role, status: int) -> None:
    assert web.login(make_user(role=role)).get("/manager").status_code == status


def test_visitors_are_asked_to_log_in(web: Browser) -> None:
    assert web.get("/manager").status_code == 302
