"""Pages of sign-up forms for people without an account: no session is read, no cookie set.

A form proves nothing about who sends it and only causes a link to be mailed, so it may be posted from any site and has
no token against forgery; whoever holds the link of the mail is whom it was sent to.
"""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, g, make_response, render_template, request
from flask.typing import ResponseReturnValue

from mailer.clock import utcnow
from mailer.extensions import csrf
from mailer.models.sign_up import MAX_PAGE, SignUpForm
from mailer.places import same_zone
from mailer.segments.fields import fields_of
from mailer.signup import asking, confirming, limits, links, proof_of_work, queries
from mailer.signup.proof_of_work import Proof
from mailer.signup.questions import Questions, questions_of

MAX_ZONE = 64  # characters: longer than any name of a zone
bp = Blueprint("sign_up", __name__, url_prefix="/s")


@bp.errorhandler(links.BadLink)
@bp.errorhandler(confirming.LinkIsOver)
def say_that_the_link_is_over(_error: Exception) -> ResponseReturnValue:
    """One page for a link that is wrong, cut short or too old."""
    return render_template("signup/link_over.html"), 410


@bp.get("/<uuid:form_token>")
def page(form_token: uuid.UUID) -> ResponseReturnValue:
    """The form."""
    form = _form(form_token)
    if not queries.is_open(form):
        return render_template("signup/closed.html", form=form), 410
    questions = _questions(form)
    questions.challenge.data = proof_of_work.issue(form.token, utcnow())
    questions.page.data = (request.referrer or "")[:MAX_PAGE]
    return _with(form, "signup/form.html", questions=questions)


@bp.post("/<uuid:form_token>")
@csrf.exempt
@limits.posting
def ask(form_token: uuid.UUID) -> ResponseReturnValue:
    """A form filled in, here or on any site: taken, shown again with its errors, or followed by a button to press."""
    form = _form(form_token)
    if not queries.is_open(form):
        return render_template("signup/closed.html", form=form), 410
    questions, now = _questions(form), utcnow()
    challenge = proof_of_work.read(questions.challenge.data or "", form.token, now)
    questions.page.data = (questions.page.data or request.referrer or "")[:MAX_PAGE]
    if not questions.validate():
        questions.challenge.data = challenge.text if challenge else proof_of_work.issue(form.token, now)
        return _with(form, "signup/form.html", questions=questions), 422
    if questions.website.data:
        return _sent(form, questions)  # a robot: it is told what everybody is told
    proof = proof_of_work.judge(challenge, questions.proof.data or "", now)
    is_step = request.form.get("step") == "1"  # who only waited has pressed a second button
    if challenge is None or proof in (Proof.NONE, Proof.TOO_SOON) or (proof is Proof.WAITED and not is_step):
        return _step(form, questions, challenge if proof is not Proof.NONE else None)
    limits.count_taken(proof is Proof.WORKED)
    if not proof_of_work.spend(challenge):
        return _step(form, questions, None)
    consents = [box.agreed_id for box in questions.boxes if box.agreed_id is not None]
    answers = questions.answers | {"language": form.language} | ({"timezone": zone} if (zone := _zone()) else {})
    asking.ask(form, questions.email.cleaned, answers, consents, _origin(questions.page.data))
    return _sent(form, questions)


@bp.post("/<uuid:form_token>/again")
@csrf.exempt
@limits.posting
def again(form_token: uuid.UUID) -> ResponseReturnValue:
    """The mail once more."""
    form = _form(form_token)
    key = links.address_in(request.form.get("ticket", ""), form.token)
    if queries.is_open(form):
        asking.ask_again(form, key, _origin(""))
    return _with(form, "signup/sent.html", ticket="", is_again=True)


@bp.get("/<uuid:form_token>/consent/<int:text_id>")
def consent(form_token: uuid.UUID, text_id: int) -> ResponseReturnValue:
    """A version of what is agreed to, as snippets on other sites link to it."""
    form = _form(form_token)
    return _with(form, "signup/consent.html", text=queries.text_of(form, text_id))


@bp.get("/confirm/<link>")
def confirm_page(link: str) -> ResponseReturnValue:
    """Asks, changes nothing: scanners of mail open links."""
    sign_up = confirming.find(link)
    form = queries.form_of(sign_up)
    g.language = form.language
    return _with(form, "signup/confirm.html", link=link, is_done=sign_up.confirmed_at is not None)


@bp.post("/confirm/<link>")
@csrf.exempt
@limits.following
def confirm(link: str) -> ResponseReturnValue:
    """On the list from now on; asked again it says so again."""
    sign_up = confirming.find(link)
    form = queries.form_of(sign_up)
    g.language = form.language
    try:
        confirming.confirm(sign_up, request.remote_addr or "")
    except confirming.NotForUs:
        return _with(form, "signup/not_for_us.html"), 409
    return _with(form, "signup/confirm.html", link=link, is_done=True)


def _form(form_token: uuid.UUID) -> SignUpForm:
    form = queries.public_form(form_token)
    g.language = form.language  # the owner's readers and the owner's texts
    return form


def _questions(form: SignUpForm) -> Questions:
    return questions_of(form, queries.texts_of(form.id), fields_of(form.owner_id))


def _step(form: SignUpForm, questions: Questions, challenge: proof_of_work.Challenge | None) -> Response:
    now = utcnow()
    text = challenge.text if challenge else proof_of_work.issue(form.token, now)
    waiting = challenge.seconds_left(now) if challenge else int(proof_of_work.WAIT.total_seconds())
    questions.challenge.data = text
    return _with(form, "signup/step.html", questions=questions, seconds=waiting, is_again="step" in request.form)


def _sent(form: SignUpForm, questions: Questions) -> Response:
    ticket = links.ticket_for(form.token, questions.email.cleaned.key)
    return _with(form, "signup/sent.html", ticket=ticket, is_again=False)


def _origin(page_: str | None) -> asking.Origin:
    return asking.Origin(request.remote_addr or "", request.headers.get("User-Agent", ""), page_ or "")


def _zone() -> str:
    """The zone of the browser, where a script said it. "UTC" is what browsers say that tell nobody."""
    said = request.form.get("zone", "")[:MAX_ZONE]
    return next(iter(same_zone(said)), "") if "/" in said and not said.startswith("Etc/") else ""


def _with(form: SignUpForm, template: str, **values: object) -> Response:
    return make_response(
        render_template(
            template,
            form=form,
            owner=queries.owner_of(form),
            work=proof_of_work,
            zone=_zone(),
            **values,
        )
    )
