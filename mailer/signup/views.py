"""Pages of sign-up forms for their owner."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_login import current_user

from mailer.access import Permission, get_own_editable, requires
from mailer.accounts.signed_in import me
from mailer.errors import Refusal
from mailer.http import absolute_url
from mailer.models.sign_up import MOST_FORMS, SignUpForm
from mailer.segments.fields import fields_of
from mailer.sending.runs.confirmed_only import is_required_here
from mailer.signup import queries, services
from mailer.signup.questions import TRAP, choices_of, input_name, questions_of
from mailer.signup.settings import SettingsForm, new_values, settings_form, values_of

bp = Blueprint("sign_up_forms", __name__, url_prefix="/clients/forms")


@bp.get("/")
@requires(Permission.SEND)
def index() -> str:
    """The forms, the newest first."""
    return render_template("signup/index.html", forms=queries.forms_of(current_user.id), most=MOST_FORMS)


@bp.route("/only-confirmed", methods=["GET", "POST"])
@requires(Permission.SEND)
def only_confirmed() -> ResponseReturnValue:
    """Whether mailings go only to those who confirmed; how many that leaves out stands above the switch."""
    if request.method == "POST" and not is_required_here():
        services.write_only_to_confirmed(me(), is_on=bool(request.form.get("only_confirmed")))
        flash(_("Changes saved."), "success")
        return redirect(url_for("sign_up_forms.only_confirmed"), 303)
    return render_template(
        "signup/only_confirmed.html",
        figures=queries.confirmed_of(current_user.id),
        is_on=me().only_confirmed,
        is_required_here=is_required_here(),
    )


@bp.route("/new", methods=["GET", "POST"])
@requires(Permission.SEND)
def new() -> ResponseReturnValue:
    """Make a form."""
    begin = None if request.method == "POST" else new_values(request.args.get("language", current_user.language))
    form = settings_form(fields_of(current_user.id), begin)
    if request.method == "POST" and form.validate():
        try:
            made = services.create_form(current_user, form.values(), form.texts())
        except Refusal as refusal:
            form.name.errors = [str(refusal)]
        else:
            flash(_("The form is ready: it has its own page and code for your site."), "success")
            return redirect(url_for("sign_up_forms.show", form_id=made.id), 303)
    return _edited(form, None)


@bp.get("/<int:form_id>")
@requires(*Permission)
def show(form_id: int) -> str:
    """One form: where it is, the code for other sites, and who came by it."""
    form = get_own_editable(SignUpForm, form_id, current_user)
    return render_template(
        "signup/show.html",
        form=form,
        figures=queries.figures_of(form),
        people=queries.recent(form),
        versions=queries.texts_of(form.id),
        address=absolute_url("sign_up.page", form_token=form.token),
        snippet=snippet_of(form),
        labels=dict(choices_of(fields_of(current_user.id))),
    )


@bp.route("/<int:form_id>/edit", methods=["GET", "POST"])
@requires(*Permission)
def edit(form_id: int) -> ResponseReturnValue:
    """Change a form."""
    changed = get_own_editable(SignUpForm, form_id, current_user)
    texts = {kind: text.wording for kind, text in queries.current_texts(changed.id).items()}
    begin = None if request.method == "POST" else values_of(changed, texts)
    form = settings_form(fields_of(current_user.id), begin)
    if request.method == "POST" and form.validate():
        try:
            services.change_form(changed, form.values(), form.texts())
        except Refusal as refusal:
            form.name.errors = [str(refusal)]
            changed = get_own_editable(SignUpForm, form_id, current_user)
        else:
            flash(_("Changes saved."), "success")
            return redirect(url_for("sign_up_forms.show", form_id=form_id), 303)
    return _edited(form, changed)


@bp.post("/<int:form_id>/close")
@requires(*Permission)
def close(form_id: int) -> ResponseReturnValue:
    """Take nobody any more."""
    services.close_form(get_own_editable(SignUpForm, form_id, current_user))
    flash(_("The form is closed. Links that were sent still work."), "success")
    return redirect(url_for("sign_up_forms.show", form_id=form_id), 303)


@bp.post("/<int:form_id>/open")
@requires(*Permission)
def reopen(form_id: int) -> ResponseReturnValue:
    """Take people again."""
    services.open_form(get_own_editable(SignUpForm, form_id, current_user))
    flash(_("The form is open again."), "success")
    return redirect(url_for("sign_up_forms.show", form_id=form_id), 303)


@bp.post("/<int:form_id>/delete")
@requires(*Permission)
def delete(form_id: int) -> ResponseReturnValue:
    """For good, while nobody has come by it."""
    try:
        services.delete_form(get_own_editable(SignUpForm, form_id, current_user))
    except Refusal as refusal:
        flash(str(refusal), "danger")
        return redirect(url_for("sign_up_forms.show", form_id=form_id), 303)
    flash(_("Form deleted."), "success")
    return redirect(url_for("sign_up_forms.index"), 303)


def _edited(form: SettingsForm, changed: SignUpForm | None) -> ResponseReturnValue:
    page = render_template("signup/edit.html", form=form, changed=changed)
    return page, 422 if form.is_submitted() else 200


def snippet_of(form: SignUpForm) -> str:
    """Plain HTML for any site, in the form's language."""
    questions = questions_of(form, queries.texts_of(form.id), fields_of(form.owner_id))
    with force_locale(form.language):
        return render_template(
            "signup/snippet.html",
            form=form,
            questions=questions,
            required={input_name(name) for name in form.required},
            trap=TRAP,
        )
