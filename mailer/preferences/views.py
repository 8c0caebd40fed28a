"""The pages behind the links of a mail, besides the one to unsubscribe: preferences, and the mail in a browser.

They need no account, no cookie and no token against forgery: the address is the key. A look changes nothing.
"""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response, current_app, g, json, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.validators import Length, Optional

from mailer.accounts.own_data import plain
from mailer.clients import subscription as subscriptions
from mailer.clients import values
from mailer.clients.forms import CleanField
from mailer.clients.labels import FIELDS
from mailer.clients.topics import topics_of
from mailer.clients.unsubscribe_views import readers_language
from mailer.clock import utcnow
from mailer.composing.languages import offered
from mailer.extensions import csrf, limiter
from mailer.forms import FlaskForm
from mailer.input_limits import number_or_none
from mailer.limiting import say_when
from mailer.messages.views import as_mail
from mailer.models.client import Client
from mailer.models.run import LINK_CODE_LENGTH
from mailer.preferences import own_data, services, viewing
from mailer.sending.mail_headers import TRIAL_TOKEN
from mailer.zones import ZoneField

bp = Blueprint("preferences", __name__, url_prefix="/u")
CODE = f"<string(length={LINK_CODE_LENGTH}):link_code>"
DONE = ("topics", "paused", "resumed", "name", "language")


class NameForm(FlaskForm):
    """How somebody is called."""

    first_name = CleanField(FIELDS["first_name"], validators=[Optional(), Length(max=values.MAX_NAME)])
    last_name = CleanField(FIELDS["last_name"], validators=[Optional(), Length(max=values.MAX_NAME)])


class LanguageForm(FlaskForm):
    """What somebody reads, and by which clock they live."""

    language = SelectField(_l("Language of emails"), validators=[Optional()], default="")
    timezone = ZoneField(FIELDS["timezone"], may_be_empty=True, description=_l("Type a city."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.language.choices = [("", _("Any")), *offered(str(get_locale()))]


def _link() -> str:
    return f"link-{(request.view_args or {}).get('token')}"


changing = limiter.shared_limit(
    "60 per hour", scope="preferences", methods=["POST"], key_func=_link, on_breach=say_when
)
taking = limiter.shared_limit("10 per hour", scope="own-data", methods=["POST"], key_func=_link, on_breach=say_when)


@bp.before_request
def speak_the_readers_language() -> None:
    """The one picked on the page, else that of the person, else what the browser asks for."""
    asked = request.args.get("lang")
    g.language = asked if asked in current_app.config["LANGUAGES"] else readers_language()


@bp.errorhandler(subscriptions.SenderIsGone)
def say_that_it_is_over(_error: subscriptions.SenderIsGone) -> ResponseReturnValue:
    """Nothing is kept any more."""
    return render_template("preferences/gone.html")


@bp.get("/<uuid:token>/preferences")
@bp.get(f"/<uuid:token>/{CODE}/preferences")
def page(token: uuid.UUID, link_code: str = "") -> ResponseReturnValue:
    """What can be decided here."""
    if token == TRIAL_TOKEN:
        return render_template("preferences/test.html")
    client = subscriptions.client_of(token)
    return _shown(client)


@bp.post("/<uuid:token>/preferences/topics")
@csrf.exempt
@changing
def topics(token: uuid.UUID) -> ResponseReturnValue:
    """Topics taken and given back."""
    ids = request.form.getlist("topics")
    wanted = {number for id_ in ids if (number := number_or_none(id_)) is not None}
    services.choose_topics(subscriptions.client_of(token), wanted)
    return _back(token, "topics")


@bp.post("/<uuid:token>/preferences/pause")
@csrf.exempt
@changing
def pause(token: uuid.UUID) -> ResponseReturnValue:
    """Nothing for a month, or again at once."""
    client = subscriptions.client_of(token)
    is_over = request.form.get("do") == "resume"
    (services.resume if is_over else services.pause)(client)
    return _back(token, "resumed" if is_over else "paused")


@bp.post("/<uuid:token>/preferences/name")
@csrf.exempt
@changing
def name(token: uuid.UUID) -> ResponseReturnValue:
    """Another name."""
    client = subscriptions.client_of(token)
    form = NameForm(meta={"csrf": False})
    if not form.validate():
        return _shown(client, name_form=form), 422
    services.rename(client, form.first_name.cleaned or "", form.last_name.cleaned or "")
    return _back(token, "name")


@bp.post("/<uuid:token>/preferences/language")
@csrf.exempt
@changing
def language(token: uuid.UUID) -> ResponseReturnValue:
    """Another language, another zone. The page speaks that language from now on, where it can."""
    client = subscriptions.client_of(token)
    form = LanguageForm(meta={"csrf": False})
    if not form.validate():
        return _shown(client, language_form=form), 422
    zone = form.timezone.data or "" if form.timezone.raw_data else client.timezone  # a page without it changes none
    services.choose_language(client, form.language.data, zone)
    lang = None if client.language in current_app.config["LANGUAGES"] else request.args.get("lang")
    return redirect(url_for("preferences.page", token=token, done="language", lang=lang), 303)


@bp.post("/<uuid:token>/preferences/data")
@csrf.exempt
@taking
def take_data(token: uuid.UUID) -> Response:
    """All that is kept, as a file."""
    found = own_data.about(subscriptions.client_of(token))
    text = json.dumps(found, ensure_ascii=False, indent=2, default=plain, sort_keys=False)
    response = Response(text + "\n", mimetype="application/json")
    response.headers["Content-Disposition"] = "attachment; filename=my-data.json"
    return response


@bp.post("/<uuid:token>/preferences/erase")
@csrf.exempt
@changing
def erase(token: uuid.UUID) -> ResponseReturnValue:
    """Everything about the person goes, once they have said that they mean it."""
    client = subscriptions.client_of(token)
    if request.form.get("sure") != "yes":
        return _shown(client, asks_for_sure=True), 422
    services.erase(client)
    return render_template("preferences/erased.html")


@bp.get("/<uuid:token>/view")
@bp.get(f"/<uuid:token>/{CODE}/view")
def view(token: uuid.UUID, link_code: str = "") -> ResponseReturnValue:
    """The mail in a browser: its subject, and a frame or the plain text."""
    if token == TRIAL_TOKEN:
        return render_template("preferences/test.html")
    mail = viewing.mail_to(subscriptions.client_of(token), link_code)
    if mail is None:
        return render_template("preferences/no_mail.html"), 404
    address = url_for("preferences.view_html", token=token, link_code=link_code)
    return render_template("preferences/view.html", mail=mail, html_url=address if mail.html else None)


@bp.get(f"/<uuid:token>/{CODE}/view.html")
def view_html(token: uuid.UUID, link_code: str) -> ResponseReturnValue:
    """The HTML of it, for the frame."""
    mail = viewing.mail_to(subscriptions.client_of(token), link_code)
    if mail is None or not mail.html:
        return render_template("preferences/no_mail.html"), 404
    return as_mail(mail.html)


def _name_form_of(client: Client) -> NameForm:
    return NameForm(data={"first_name": client.first_name, "last_name": client.last_name}, meta={"csrf": False})


def _language_form_of(client: Client) -> LanguageForm:
    return LanguageForm(data={"language": client.language, "timezone": client.timezone}, meta={"csrf": False})


def _shown(
    client: Client, *, name_form: NameForm | None = None, language_form: LanguageForm | None = None, **more: Any
) -> str:
    subscription = subscriptions.find(client.token)
    done = request.args.get("done")
    return render_template(
        "preferences/page.html",
        client=client,
        name_form=name_form or _name_form_of(client),
        language_form=language_form or _language_form_of(client),
        subscription=subscription,
        topics=topics_of(client.owner_id),
        is_paused=client.paused_until is not None and client.paused_until > utcnow(),
        done=done if done in DONE else None,
        other=next(one for one in current_app.config["LANGUAGES"] if one != str(get_locale())),
        lang=request.args.get("lang"),
        **more,
    )


def _back(token: uuid.UUID, done: str) -> ResponseReturnValue:
    lang = request.args.get("lang")
    return redirect(url_for("preferences.page", token=token, done=done, lang=lang), 303)
