"""Pages of clients who may be one person: the groups, two or more side by side, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from mailer.access import Permission, requires
from mailer.accounts.signed_in import me
from mailer.clients import queries
from mailer.clients.duplicates import apart, finding
from mailer.clients.duplicates.finding import Likeness
from mailer.clients.duplicates.labels import kinds
from mailer.clients.duplicates.merging import STRICTEST, CannotMerge, merge
from mailer.clients.duplicates.side_by_side import ALL, ComparedLine, Picks, lines_of
from mailer.errors import Conflict, Refusal, choice_in
from mailer.flashes import flash_undo
from mailer.input_limits import number_or_none, page_number
from mailer.models.client import Client
from mailer.segments.fields import fields_of

bp = Blueprint("duplicates", __name__, url_prefix="/duplicates")


@bp.get("/")
@requires(Permission.SEND)
def index() -> str:
    """Groups of one kind."""
    known = finding.kinds_for(me().id)
    kind = Likeness(choice_in(request.args, "by", set(Likeness), Likeness.MAILBOX))
    page = finding.groups_of(me().id, kind, min(page_number(), finding.LAST_PAGE))
    clients = [client for group in page.groups for client in group.clients]
    return render_template(
        "clients/duplicates/index.html",
        page=page,
        kind=kind,
        kinds={one: label for one, label in kinds().items() if one in known},
        suppressions=queries.suppressions_of(clients),
        most_in_a_group=finding.MOST_IN_A_GROUP,
    )


@bp.route("/merge", methods=["GET", "POST"])
@requires(Permission.SEND)
def compare() -> ResponseReturnValue:
    """Two or more side by side; then one of them."""
    clients = _asked()
    if len(clients) < 2:
        flash(_("Choose two to %(most)s clients to compare.", most=finding.MOST_AT_ONCE), "warning")
        return redirect(url_for("clients.duplicates.index"), 303)
    picks = _picks(clients)
    lines = lines_of(clients, fields_of(me().id, with_archived=True), picks)
    if request.method != "POST":
        return _render(clients, lines, picks)
    stamps = request.form.getlist("stamp")[: finding.MOST_AT_ONCE]
    if sorted(stamps) != sorted(_stamp(client) for client in clients):
        flash(_("One of these clients has changed in the meantime. Check them again."), "warning")
        return _render(clients, lines, picks), 409
    try:
        kept = merge(me(), {client.id: client.version for client in clients}, lines, picks)
    except (CannotMerge, Conflict) as refused:
        flash(str(refused), "danger")
        return _render(_asked(), lines, picks), 409
    text = ngettext("%(num)s record is now part of this one.", "%(num)s records are now part of this one.",
                    len(clients) - 1)  # fmt: skip
    flash(text, "success")
    return redirect(url_for("clients.show", client_id=kept.id), 303)


@bp.post("/apart")
@requires(Permission.SEND)
def keep_apart() -> ResponseReturnValue:
    """They are several people."""
    clients, kind = _asked(finding.MOST_IN_A_GROUP), _kind()
    try:
        if len(clients) > 1:
            apart.keep_apart(me(), clients)
            undo = url_for("clients.duplicates.propose_again", id=[client.id for client in clients], by=kind)
            flash_undo(_("You will not be asked to merge them again."), undo)
    except Refusal as refusal:
        flash(str(refusal), "danger")
    return redirect(url_for("clients.duplicates.index", by=kind), 303)


@bp.post("/apart/undo")
@requires(Permission.SEND)
def propose_again() -> ResponseReturnValue:
    """They may be one person after all."""
    apart.propose_again(me(), _asked(finding.MOST_IN_A_GROUP))
    return redirect(url_for("clients.duplicates.index", by=_kind()), 303)


def _asked(most: int = finding.MOST_AT_ONCE) -> list[Client]:
    """One's own live clients that the address or the form names."""
    ids = [number_or_none(value) for value in request.values.getlist("id")[: most + 1]]
    clients = finding.clients_named(me().id, [id_ for id_ in ids if id_ is not None])
    return clients if len(clients) <= most else []


def _kind() -> Likeness:
    asked = request.values.get("by", "")
    return Likeness(asked) if asked in set(Likeness) else Likeness.MAILBOX


def _picks(clients: Sequence[Client]) -> Picks:
    """What the form says, or the record that mailings go to and that has been there longest."""
    ids = {client.id for client in clients}
    left_out = queries.suppressions_of([*clients])
    asked = number_or_none(request.form.get("keep"))
    first = next((client.id for client in clients if client.id not in left_out), clients[0].id)
    values: dict[str, int | str] = {}
    for name, value in request.form.items():
        if name.startswith("pick-"):
            number = number_or_none(value)
            values[name.removeprefix("pick-")] = number if number in ids and number is not None else ALL
    return Picks(asked if asked is not None and asked in ids else first, values)


def _stamp(client: Client) -> str:
    return f"{client.id}.{client.version}"


def _render(clients: Sequence[Client], lines: Sequence[ComparedLine], picks: Picks) -> str:
    suppressions = queries.suppressions_of([*clients])
    return render_template(
        "clients/duplicates/compare.html",
        clients=clients,
        lines=lines,
        picks=picks,
        stamp=_stamp,
        suppressions=suppressions,
        is_left_out=any(one.reason in STRICTEST for one in suppressions.values()),
        all_of_it=ALL,
    )
