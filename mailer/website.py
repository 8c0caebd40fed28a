"""The website: its pages, the panel, and the commands for operators, with the extensions only these need."""

from __future__ import annotations

from flask import Flask, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_migrate import Migrate
from werkzeug.wrappers import Response

from mailer import admin, cli
from mailer.accounts import sessions
from mailer.auth import views as auth_views
from mailer.blog.article_views import bp as articles
from mailer.blog.review_views import bp as review
from mailer.blog.views import bp as blog
from mailer.calendar.views import bp as calendar
from mailer.clients.unsubscribe_views import bp as unsubscribe
from mailer.clients.views import bp as clients
from mailer.clock import utcnow
from mailer.drafts import hooks as draft_hooks
from mailer.drafts.views import bp as drafts
from mailer.extensions import csrf, db, limiter, login_manager
from mailer.guide.views import bp as guide
from mailer.home.views import bp as home
from mailer.journal import request_hook
from mailer.mailings import action_views
from mailer.mailings import views as mailing_views
from mailer.mailings.blueprint import bp as mailings
from mailer.mailings.form import views as form_views
from mailer.mailings.runs import views as run_views
from mailer.manager import approval_views, journal_views, user_views
from mailer.manager import mailing_views as others_mailing_views
from mailer.manager.blueprint import bp as manager
from mailer.messages.views import bp as messages
from mailer.models.user import User
from mailer.operations.views import bp as operations
from mailer.reports.views import bp as reports

ROOMS = (
    home, unsubscribe, auth_views.bp, blog, clients, messages, mailings, calendar, operations, manager, articles,
    review, reports, drafts, guide,
)  # fmt: skip
# Rooms whose blueprint is shared by several files of views: importing these hangs their routes on it.
SHARED = (
    auth_views, action_views, mailing_views, form_views, run_views, user_views, approval_views, journal_views,
    others_mailing_views,
)  # fmt: skip


def init_app(app: Flask) -> None:
    """Register everything that answers requests or commands."""
    Migrate(app, db)
    _init_login(app)
    csrf.init_app(app)
    limiter.init_app(app)
    request_hook.init_app(app)
    for bp in ROOMS:
        app.register_blueprint(bp)
    draft_hooks.init_app(app)
    admin.init_app(app)
    cli.init_app(app)


def _init_login(app: Flask) -> None:
    login_manager.init_app(app)
    login_manager.user_loader(_load_user)
    login_manager.session_protection = None  # the address of a phone changes; the row in the database decides
    login_manager.unauthorized_handler(_ask_to_log_in)


def _load_user(key: str) -> User | None:
    """The person whose live session this key opens, unless blocked or unconfirmed."""
    session = sessions.find(key, utcnow())
    return session.user if session is not None else None


def _ask_to_log_in() -> ResponseReturnValue:
    if "HX-Request" in request.headers:  # only a part of the page was asked for: all of it goes to the login
        return Response(status=401, headers={"HX-Redirect": url_for("auth.login")})
    if request.method in {"GET", "HEAD"}:
        return redirect(url_for("auth.login", next=request.full_path.rstrip("?")))
    return draft_hooks.rescue() or abort(401)
