"""The shortcut before the pages answers as the page does, and leaves to it what it has to."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from config import TestingConfig
from mailer import create_app
from mailer.extensions import db
from mailer.models.reaction import LinkHit
from mailer.models.run import Run
from mailer.tracking import shortcut, targets
from mailer.tracking.hits import buffer
from tests.conftest import Browser
from tests.tracking.conftest import CHROME, path_of

# The id of the request is another each time; the page has looked into the session, of which nothing stands in it.
IGNORED = {"X-Request-Id", "Vary"}


def answered(application: object, path: str, method: str, **headers: str) -> tuple[str, dict[str, str], bytes]:
    """What that WSGI application answers."""
    environ = EnvironBuilder(path, "http://golub.test", method=method, headers=Headers(CHROME | headers)).get_environ()
    body, status, found = run_wsgi_app(application, environ, buffered=True)  # type: ignore[arg-type]
    head = {name: value for name, value in Headers(found).items() if name not in IGNORED}
    assert len(found["X-Request-Id"]) == 12
    return status, head, b"".join(body)


@pytest.mark.parametrize("is_production", [False, True])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("link", [0, 1])
def test_the_shortcut_and_the_page_answer_alike(
    app: Flask, sent: Run, link: int, method: str, is_production: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "PRODUCTION", is_production)
    strange = targets.Targets(("https://пример.рф/ж?а=б#в",), counts_opens=True)
    monkeypatch.setattr(targets, "_known", lambda _app, _run_id: strange)
    short = shortcut.Shortcut(app)
    assert isinstance(app.wsgi_app, shortcut.Shortcut)
    short._further = None  # type: ignore[assignment]
    path = path_of(sent, 2, link)
    by_shortcut = answered(short, path, method, Purpose="prefetch")
    by_page = answered(app.wsgi_app._further, path, method, Purpose="prefetch")
    assert dict(sorted(by_shortcut[1].items())) == dict(sorted(by_page[1].items()))
    assert by_shortcut[::2] == by_page[::2]
    assert by_shortcut[0] == ("302 FOUND" if link else "200 OK")
    assert buffer().flush()
    db.session.rollback()
    rows = db.session.execute(
        select(LinkHit.position, LinkHit.link, LinkHit.is_head, LinkHit.purpose, LinkHit.agent).distinct()
    ).all()
    assert [tuple(row) for row in rows] == [(2, link, method == "HEAD", "prefetch", CHROME["User-Agent"])]
    assert db.session.scalar(select(func.count()).select_from(LinkHit)) == 2


def test_another_host_gets_no_redirect(app: Flask, sent: Run, web: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "TRUSTED_HOSTS", ["golub.test"])
    path = path_of(sent, 1, 1)
    assert answered(shortcut.Shortcut(app), path, "GET")[0] == "302 FOUND"
    assert web.get(path, base_url="http://evil.test").status_code == 400


def test_whose_address_the_proxies_name_is_who_asks(app: Flask, sent: Run) -> None:
    settings = {name: app.config[name] for name in ("DATABASE_URL", "REDIS_URL", "VAR_DIR", "SITE_URL", "LINK_KEY")}
    behind = create_app(TestingConfig(**settings, PROXY_COUNT=1))
    behind.config["SCANNER_NETWORKS"] = [ip_network("192.0.2.0/24")]
    for address in ("192.0.2.7", "198.51.100.1"):
        head = {"X-Forwarded-For": f"192.0.2.9, {address}"}
        assert behind.test_client().get(path_of(sent, 1, 1), headers=head).status_code == 302
    with behind.app_context():
        assert buffer().flush()
    db.session.rollback()
    assert db.session.scalars(select(LinkHit.is_listed).order_by(LinkHit.id)).all() == [True, False]
