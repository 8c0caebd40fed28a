from __future__ import annotations

import pytest
from flask import Flask

from mailer.models.blog_post import BlogPost
from mailer.models.user import Role
from tests.conftest import Browser
from tests.factories import make_user, save

PAGES = ["/admin/", "/admin/posts/", "/admin/posts/new/", "/admin/posts/edit/?id=1", "/admin/posts/preview/?id=1"]
ACTS = ["/admin/posts/new/", "/admin/posts/edit/?id=1", "/admin/posts/delete/", "/admin/posts/action/"]


@pytest.fixture(autouse=True)
def post(app: Flask) -> BlogPost:
    return save(BlogPost(title="Draft", slug="draft", content="Words."))


@pytest.mark.parametrize("path", PAGES)
def test_visitors_are_asked_to_log_in(web: Browser, path: str) -> None:
    answer = web.get(path)
    assert answer.status_code == 302
    assert "/login" in answer.location


@pytest.mark.parametrize("path", ACTS)
def test_visitors_can_do_nothing(web: Browser, path: str) -> None:
    assert web.post(path).status_code == 401


@pytest.mark.parametrize("role", [Role.USER, Role.MANAGER])
def test_others_are_kept_out(web: Browser, role: Role) -> None:
    web.login(make_user(role=role))
    assert [web.get(path).status_code for path in PAGES] == [403] * len(PAGES)
    assert [web.post(path).status_code for path in ACTS] == [403] * len(ACTS)


@pytest.mark.parametrize("role", [Role.EDITOR, Role.ADMIN])
def test_editors_and_admins_come_in_under_the_strict_policy(web: Browser, role: Role) -> None:
    web.login(make_user(role=role))
    for path in PAGES:
        answer = web.get(path)
        assert answer.status_code == 200, path
        assert "script-src 'self';" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert not any(trace in answer.text for trace in ("onclick=", "style=", "<style", "javascript:"))
        assert answer.text.count("<h1") == 1


@pytest.mark.parametrize("path", ACTS)
def test_every_act_needs_the_form_token(app: Flask, web: Browser, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    web.login(make_user(role=Role.EDITOR))
    assert web.post(path, data={"id": 1}).status_code == 400
