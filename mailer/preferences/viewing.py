"""A mail once more, in a browser: made of the copy that its run keeps, as the worker made it."""

from __future__ import annotations

from string import hexdigits

from sqlalchemy import String, cast, select

from mailer.composing.email import EmailPreview, compile_email
from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.delivery import Delivery, DeliveryState
from mailer.models.run import Run
from mailer.sending.contents import content_of_copy
from mailer.sending.mail_headers import mail_headers_for, recipient_maker, values_of

# Of these a text was handed over, or may have been.
HANDED_OVER = (DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN, DeliveryState.IN_DOUBT, DeliveryState.WAITING,
               DeliveryState.DEFERRED)  # fmt: skip


def mail_to(client: Client, link_code: str) -> EmailPreview | None:
    """What the client was sent by the run of this code; None where there is no such mail.

    The text is the run's copy, whatever has become of the message; the person's values are those that were approved,
    and else as they are now.
    """
    if not set(link_code) <= set(hexdigits):
        return None
    row = db.session.execute(
        select(Run, Delivery)
        .join(Delivery, Delivery.run_id == Run.id)
        .where(
            Delivery.client_id == client.id,
            Delivery.state.in_(HANDED_OVER),
            cast(Run.token, String).startswith(link_code.lower()),
        )
        .order_by(Run.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    run, delivery = row
    snapshot = run.snapshot
    compiled = compile_email(content_of_copy(snapshot), mail_headers_for(run.owner_id, snapshot), run.planned_at)
    values = values_of(client) | (delivery.bound_values or {})
    make = recipient_maker(run.token)
    return compiled.preview(make(delivery.position, delivery.email, values, str(client.token)))
