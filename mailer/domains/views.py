"""For staff: the domain of the service, and what the DNS says of it."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from mailer.access import Permission, requires
from mailer.domains import labels, service_domain
from mailer.domains.looks import few_looks
from mailer.domains.wanted import to_add

bp = Blueprint("service_domain", __name__, url_prefix="/operations/domain")


@bp.get("")
@requires(Permission.OVERSEE)
def show() -> str:
    """What is right, what is not, and the records to add."""
    domain = service_domain.configured()
    return render_template(
        "domains/service.html",
        domain=domain,
        look=service_domain.last_look(),
        wanted=service_domain.wanted(domain),
        labels=labels,
        to_add=to_add,
    )


@bp.post("/check")
@requires(Permission.OVERSEE)
@few_looks
def check() -> ResponseReturnValue:
    """Ask now."""
    service_domain.look_now()
    return redirect(url_for("service_domain.show"), 303)
