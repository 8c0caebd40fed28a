"""The website: its pages, the panel, and the commands for operators, with the extensions only these need."""

from __future__ import annotations

from flask import Flask, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_migrate import Migrate
from werkzeug.wrappers import Response

from mailer import admin, cli
from mailer.accounts import sessions
from mailer.auth import views as auth_views
from mailer.blog import article_views, review_views
from mailer.blog import views as blog_views
from mailer.calendar import views as calendar_views
from mailer.clients import bulk_views as client_bulk_views
from mailer.clients import unsubscribe_views
from mailer.clients import views as client_views
from mailer.clock import utcnow
from mailer.composing.subject_words import subject_in_words
from mailer.domains import own_views as own_domain_views
from mailer.domains import views as service_domain_views
from mailer.drafts import hooks as draft_hooks
from mailer.drafts import views as draft_views
from mailer.enrolling import views as enrolling_views
from mailer.extensions import csrf, db, limiter, login_manager
from mailer.guide import views as guide_views
from mailer.home import views as home_views
from mailer.journal import request_hook
from mailer.mailings import action_views, by_hand_views
from mailer.mailings import views as mailing_views
from mailer.mailings.form import views as form_views
from mailer.mailings.runs import views as mailing_run_views
from mailer.manager import approval_views, journal_views, switching_views, user_views
from mailer.media import views as media_views
from mailer.messages import (
    attachment_views,
    check_views,
    examination_views,
    import_views,
    letter_block_views,
    letter_choice_views,
    letter_people_views,
    letter_views,
    preview_views,
)
from mailer.messages import views as message_views
from mailer.models.user import User
from mailer.operations import pace_views, warm_up_plan_views, warm_up_views
from mailer.operations import views as operation_views
from mailer.preferences import topic_views
from mailer.preferences import views as preference_views
from mailer.reports import compared_views, domain_views, run_views
from mailer.reports import views as report_views
from mailer.returns import views as return_views
from mailer.returns import webhook_views
from mailer.series import action_views as series_action_views
from mailer.series import form_views as series_form_views
from mailer.series import putting_in
from mailer.series import views as series_views
from mailer.signup import public_views as sign_up_views
from mailer.signup import views as sign_up_form_views
from mailer.tracking import hits, shortcut
from mailer.tracking import views as tracking_views

# Every file of views, whose blueprint is its `bp`; where several share one, importing them hangs their routes on it.
VIEWS = (
    home_views, unsubscribe_views, sign_up_views, sign_up_form_views, preference_views, topic_views,
    auth_views, blog_views, client_views, client_bulk_views, message_views, letter_views,
    letter_choice_views, letter_block_views, letter_people_views, attachment_views, preview_views, check_views,
    examination_views, import_views, media_views,
    mailing_views, action_views, by_hand_views, form_views, mailing_run_views,
    calendar_views, operation_views, pace_views, warm_up_views, warm_up_plan_views, return_views, webhook_views,
    service_domain_views, own_domain_views,
    user_views, journal_views, switching_views, approval_views,
    series_views, series_form_views, series_action_views, putting_in, enrolling_views,
    article_views, review_views, report_views, run_views, compared_views, domain_views, draft_views,
    guide_views, tracking_views,
)  # fmt: skip


def init_app(app: Flask) -> None:
    """Register everything that answers requests or commands."""
    app.jinja_env.filters["subject_in_words"] = lambda subject: subject_in_words(subject, str(get_locale()))
    Migrate(app, db)
    _init_login(app)
    csrf.init_app(app)
    limiter.init_app(app)
    request_hook.init_app(app)
    for bp in dict.fromkeys(views.bp for views in VIEWS):
        app.register_blueprint(bp)
    draft_hooks.init_app(app)
    hits.init_app(app)
    shortcut.init_app(app)
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
