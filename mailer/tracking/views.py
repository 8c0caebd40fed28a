"""The links of mails: a redirect to where the author's link leads, and a pixel. No account, no cookie, no script."""

from __future__ import annotations

from base64 import b64decode
from ipaddress import ip_address

from flask import Blueprint, Response, abort, current_app, request

from mailer.clock import utcnow
from mailer.input_limits import without_impossible
from mailer.models.reaction import MAX_AGENT, MAX_PURPOSE, OPEN
from mailer.sending import tracking
from mailer.tracking import targets
from mailer.tracking.hits import HitRow, buffer

bp = Blueprint("tracking", __name__, url_prefix="/l")
PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
PURPOSES = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")


@bp.get("/<string(length=20):token>/<int:number>")
def follow(token: str, number: int) -> Response:
    """Lead on to where link `number` of that mail leads, whoever asks; the pixel for 0; 404 for what stood in no mail.

    HEAD is answered alike, and counted as a machine's.
    """
    delivery = tracking.delivery_in(token)
    if delivery is None:
        abort(404)
    run_id, position = delivery
    of_run = targets.of_run(run_id)
    if of_run is None or (number == OPEN and not of_run.counts_opens) or number > len(of_run.links):
        abort(404)
    buffer().add(_hit(run_id, position, number))
    if number == OPEN:
        response = Response(PIXEL, mimetype="image/gif")
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    else:
        response = Response(status=302, headers={"Location": of_run.links[number - 1]})
        del response.headers["Content-Type"]
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _hit(run_id: int, position: int, number: int) -> HitRow:
    headers = request.headers
    purpose = next((headers[name] for name in PURPOSES if name in headers), "")
    return HitRow(
        run_id, position, number, utcnow(), request.method == "HEAD", _is_listed(request.remote_addr),
        without_impossible(purpose)[:MAX_PURPOSE], without_impossible(headers.get("User-Agent", ""))[:MAX_AGENT],
    )  # fmt: skip


def _is_listed(address: str | None) -> bool:
    """Whether it lies in a network of scanners; nothing else is done with the address."""
    networks = current_app.config["SCANNER_NETWORKS"]
    if not networks or not address:
        return False
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)
