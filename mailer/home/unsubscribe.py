"""The page behind the unsubscribe link of every mail. It needs no account, no cookie and no script."""

from __future__ import annotations

import uuid

from flask import Blueprint, current_app, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from mailer.extensions import csrf
from mailer.home import subscription as subscriptions
from mailer.sending.letterhead import TRIAL_TOKEN

bp = Blueprint("unsubscribe", __name__, url_prefix="/u")


@bp.before_request
def speak_the_readers_language() -> None:
    """The reader never picked a language here: their browser says which they read."""
    if "language" not in session and not current_user.is_authenticated:
        languages = current_app.config["LANGUAGES"]
        default = current_app.config["BABEL_DEFAULT_LOCALE"]
        g.language = request.accept_languages.best_match(languages, default)


@bp.get("/<uuid:token>")
def page(token: uuid.UUID) -> ResponseReturnValue:
    """Asks, changes nothing: scanners of mail open links."""
    if token == TRIAL_TOKEN:
        return render_template("unsubscribe/test.html")
    return render_template("unsubscribe/page.html", token=token, subscription=subscriptions.find(token))


@bp.post("/<uuid:token>")
@csrf.exempt
def unsubscribe(token: uuid.UUID) -> ResponseReturnValue:
    """Unsubscribe, however often it is asked. A mail program's one click (RFC 8058 3.1) brings no cookie and no form
    token, and must not be redirected."""
    if token != TRIAL_TOKEN:
        subscriptions.unsubscribe(subscriptions.find(token))
    if request.form.get("List-Unsubscribe") == "One-Click":
        return "", 200
    return redirect(url_for("unsubscribe.page", token=token), 303)


@bp.post("/<uuid:token>/again")
def again(token: uuid.UUID) -> ResponseReturnValue:
    """Take a hasty click back."""
    if token != TRIAL_TOKEN:
        subscriptions.subscribe_again(subscriptions.find(token))
    return redirect(url_for("unsubscribe.page", token=token), 303)
