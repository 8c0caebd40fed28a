"""The page behind the unsubscribe link of every mail. It needs no account, no cookie and no script."""

from __future__ import annotations

import uuid

from flask import Blueprint, current_app, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from mailer.clients import subscription as subscriptions
from mailer.clients.topics import topic_of_the_mail
from mailer.extensions import csrf
from mailer.models.run import LINK_CODE_LENGTH
from mailer.sending.mail_headers import TRIAL_TOKEN

bp = Blueprint("unsubscribe", __name__, url_prefix="/u")
CODE = f"<string(length={LINK_CODE_LENGTH}):link_code>"  # of the run whose mail the link stands in


@bp.before_request
def speak_the_readers_language() -> None:
    """Where no language was picked in this browser: the one that the person is known to read, else the browser's."""
    if "language" not in session and not current_user.is_authenticated:
        g.language = readers_language()


def readers_language() -> str:
    """The language of the person behind the link of the present request, else what the browser asks for."""
    languages = current_app.config["LANGUAGES"]
    if (known := subscriptions.language_of((request.view_args or {})["token"])) in languages:
        return known
    return str(request.accept_languages.best_match(languages, current_app.config["BABEL_DEFAULT_LOCALE"]))


@bp.errorhandler(subscriptions.SenderIsGone)
def say_that_it_is_over(_error: subscriptions.SenderIsGone) -> ResponseReturnValue:
    """Whatever is asked of such a link: a mail program's one click must not fail."""
    return render_template("unsubscribe/gone.html")


@bp.get("/<uuid:token>")
@bp.get(f"/<uuid:token>/{CODE}")
def page(token: uuid.UUID, link_code: str = "") -> ResponseReturnValue:
    """Asks, changes nothing: scanners of mail open links."""
    if token == TRIAL_TOKEN:
        return render_template("unsubscribe/test.html")
    subscription = subscriptions.find(token, link_code)
    if subscription.is_over:
        return render_template("unsubscribe/gone.html")
    return render_template(
        "unsubscribe/page.html",
        token=token,
        link_code=link_code,
        subscription=subscription,
        topic=topic_of_the_mail(subscription) if subscription.reason is None else None,
    )


@bp.post("/<uuid:token>")
@bp.post(f"/<uuid:token>/{CODE}")
@csrf.exempt
def unsubscribe(token: uuid.UUID, link_code: str = "") -> ResponseReturnValue:
    """Unsubscribe, however often it is asked. A mail program's one click (RFC 8058 3.1) brings no cookie and no form
    token, and must not be redirected."""
    if token != TRIAL_TOKEN:
        subscriptions.unsubscribe(subscriptions.find(token, link_code))
    if request.form.get("List-Unsubscribe") == "One-Click":
        return "", 200
    return _back(token, link_code)


@bp.post("/<uuid:token>/again")
@bp.post(f"/<uuid:token>/{CODE}/again")
def again(token: uuid.UUID, link_code: str = "") -> ResponseReturnValue:
    """Take a hasty click back."""
    if token != TRIAL_TOKEN:
        subscriptions.subscribe_again(subscriptions.find(token))
    return _back(token, link_code)


def _back(token: uuid.UUID, link_code: str) -> ResponseReturnValue:
    return redirect(url_for("unsubscribe.page", token=token, link_code=link_code or None), 303)
