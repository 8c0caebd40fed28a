"""Golub: a self-hosted e-mail mailing service."""

from __future__ import annotations

import os
from typing import Any

from flask import Flask, abort, redirect, request, url_for
from werkzeug.wrappers import Response

from mailer import admin, cli, errors, logs, web
from mailer.accounts import sessions
from mailer.clock import utcnow
from mailer.extensions import babel, cache, csrf, db, limiter, login_manager, mail, migrate
from mailer.journal import watching
from mailer.models import registry  # noqa: F401 - the metadata is whole from here on
from mailer.models.user import User
from mailer.sending import dkim_keys, transports


def create_app(config: Any = None) -> Flask:
    """The application, from `config` or from the environment; raises `config.ConfigError` on unsafe settings."""
    if config is None:
        from config import from_environment

        config = from_environment()
    app = Flask(__name__)
    app.config.from_object(config)
    logs.init_app(app)
    transports.init_app(app)
    dkim_keys.init_app(app)
    _init_extensions(app)
    errors.init_app(app)
    web.init_app(app)
    watching.init_app(app)
    _register_blueprints(app)
    admin.init_app(app)
    cli.init_app(app)
    return app


def _init_extensions(app: Flask) -> None:
    db.init_app(app)
    migrate.init_app(app, db)
    login_manager.init_app(app)
    login_manager.user_loader(_load_user)
    login_manager.session_protection = None  # the address of a phone changes; the row in the database decides
    login_manager.unauthorized_handler(_ask_to_log_in)
    csrf.init_app(app)
    mail.init_app(app)
    cache.init_app(app)
    limiter.init_app(app)
    babel.init_app(app, locale_selector=web.chosen_language, timezone_selector=web.chosen_timezone)
    with app.app_context():
        engine = db.engine
    # A forked RQ work-horse or web worker must never share a connection with its parent (see ecosystem notes in docs).
    os.register_at_fork(after_in_child=lambda: engine.dispose(close=False))


def _register_blueprints(app: Flask) -> None:
    from mailer.auth.views import bp as auth
    from mailer.blog.article_views import bp as articles
    from mailer.blog.review_views import bp as review
    from mailer.blog.views import bp as blog
    from mailer.calendar.views import bp as calendar
    from mailer.clients.views import bp as clients
    from mailer.home.unsubscribe import bp as unsubscribe
    from mailer.home.views import bp as home
    from mailer.mailings.views import bp as mailings
    from mailer.manager.views import bp as manager
    from mailer.messages.views import bp as messages
    from mailer.operations.views import bp as operations

    public = (home, unsubscribe, auth, blog)
    for bp in (*public, clients, messages, mailings, calendar, operations, manager, articles, review):
        app.register_blueprint(bp)


def _load_user(key: str) -> User | None:
    """The person whose live session this key opens, unless blocked or unconfirmed."""
    session = sessions.find(key, utcnow())
    return session.user if session is not None else None


def _ask_to_log_in() -> Response:
    if "HX-Request" in request.headers:  # only a part of the page was asked for: all of it goes to the login
        return Response(status=401, headers={"HX-Redirect": url_for("auth.login")})
    if request.method in {"GET", "HEAD"}:
        return redirect(url_for("auth.login", next=request.full_path.rstrip("?")))
    abort(401)
