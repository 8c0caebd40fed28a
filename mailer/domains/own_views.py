"""An owner's own domains: proof, keys, and whether mailings leave from them."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from mailer.access import Permission, get_own_editable, get_visible, requires
from mailer.accounts.signed_in import me
from mailer.domains import labels, looking, queries, services
from mailer.domains.forms import DomainForm, SenderForm
from mailer.domains.looks import few_looks
from mailer.domains.wanted import to_add
from mailer.errors import Refusal
from mailer.extensions import limiter
from mailer.flashes import refusal_flashed
from mailer.http import provider_label
from mailer.limiting import per_user, say_when
from mailer.models.sending_domain import MOST_DOMAINS, SendingDomain
from mailer.queue import LOOK_AT_DOMAIN, enqueue
from mailer.sending import warm_up_standing, warm_ups

bp = Blueprint("domains", __name__, url_prefix="/domains")
# Each makes a key of RSA.
few_keys = limiter.shared_limit(
    "20 per hour", scope="domain keys", methods=["POST"], key_func=per_user, on_breach=say_when
)


@bp.route("/", methods=["GET", "POST"])
@requires(Permission.SEND)
@few_keys
def index() -> ResponseReturnValue:
    """The domains, and one more."""
    form = DomainForm()
    if form.validate_on_submit():
        try:
            domain = services.add_domain(me(), form.domain.data or "")
        except Refusal as refusal:
            form.domain.errors = [str(refusal)]
        else:
            return redirect(url_for("domains.show", domain_id=domain.id), 303)
    page = render_template(
        "domains/index.html",
        form=form,
        domains=queries.domains_of(current_user.id),
        service_address=current_app.config["MAILINGS_FROM"],
        most=MOST_DOMAINS,
    )
    return page, 422 if form.errors else 200


@bp.get("/<int:domain_id>")
@requires(*Permission)
def show(domain_id: int) -> str:
    """What to add to the DNS, what it shows, and what is still missing."""
    return _page(get_visible(SendingDomain, domain_id, current_user), None)


@bp.post("/<int:domain_id>/check")
@requires(*Permission)
@few_looks
def check(domain_id: int) -> ResponseReturnValue:
    """Ask the DNS now."""
    domain = _own(domain_id)
    if domain.wants_key:
        enqueue(LOOK_AT_DOMAIN, domain.id)
    looking.look_now(domain.id)
    return _to_page(domain_id)


@bp.post("/<int:domain_id>/use")
@requires(*Permission)
def use(domain_id: int) -> ResponseReturnValue:
    """Let mailings leave from it, under the address that is typed."""
    domain, form = _own(domain_id), SenderForm()
    if not form.validate_on_submit():
        return _page(domain, form), 422
    try:
        services.use_domain(domain, form.local_part.data or "")
    except Refusal as refusal:
        form.local_part.errors = [str(refusal)]
        return _page(_own(domain_id), form), 409
    flash(_("Your mailings leave from %(address)s from now on.", address=domain.address), "success")
    return _to_page(domain_id)


@bp.post("/<int:domain_id>/leave")
@requires(*Permission)
def leave(domain_id: int) -> ResponseReturnValue:
    """Mailings leave from the service's address again."""
    services.leave_domain(_own(domain_id))
    flash(_("Your mailings leave from the service’s address, with your name."), "success")
    return _to_page(domain_id)


@bp.post("/<int:domain_id>/rotate")
@requires(*Permission)
@few_keys
def rotate(domain_id: int) -> ResponseReturnValue:
    """Have another key made."""
    with refusal_flashed():
        services.rotate_key(_own(domain_id))
        flash(_("A new key is being created. The old one signs until the DNS shows the new one."), "success")
    return _to_page(domain_id)


@bp.post("/<int:domain_id>/delete")
@requires(*Permission)
def delete(domain_id: int) -> ResponseReturnValue:
    """Forget it."""
    domain = _own(domain_id)
    name = domain.name
    services.delete_domain(domain)
    flash(_("%(domain)s is removed.", domain=name), "success")
    return redirect(url_for("domains.index"), 303)


def _own(domain_id: int) -> SendingDomain:
    return get_own_editable(SendingDomain, domain_id, current_user)


def _to_page(domain_id: int) -> ResponseReturnValue:
    return redirect(url_for("domains.show", domain_id=domain_id), 303)


def _page(domain: SendingDomain, form: SenderForm | None) -> str:
    view = queries.view_of(domain)
    warm_up = warm_ups.of_domain(domain.name) if domain.proven_at is not None else None
    return render_template(
        "domains/show.html",
        view=view,
        domain=domain,
        warm_up=warm_up,
        providers=warm_up_standing.standing(warm_up) if warm_up is not None else [],
        provider_label=provider_label,
        form=form or SenderForm(formdata=None, local_part=domain.local_part),
        service_address=current_app.config["MAILINGS_FROM"],
        is_own=domain.owner_id == current_user.id and current_user.can(Permission.SEND),
        why_not=services.why_not_usable(domain),
        labels=labels,
        to_add=to_add,
    )
