"""What an approval is tied to: the message, who gets it, and when."""

from __future__ import annotations

import hashlib
import json

from sqlalchemy import select

from mailer.extensions import db
from mailer.models.mailing import Audience, Mailing, mailing_clients
from mailer.models.run import Run


def fingerprint(mailing: Mailing, run: Run | None = None) -> str:
    """SHA-256 over everything a manager looks at before saying yes: any change of it makes another one.

    With `run` the text is the run's own copy, whatever has become of the message since.
    """
    message = mailing.message
    text = [message.subject, message.text_body, message.html_body]
    parts = [
        *([run.snapshot[name] for name in ("subject", "text", "html")] if run is not None else text),
        mailing.audience.value,
        sorted(mailing.tags),
        mailing.filter.criteria if mailing.filter is not None else None,
        _chosen_ids(mailing),
        repr(mailing.rule),
    ]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, sort_keys=True, default=str).encode()).hexdigest()


def _chosen_ids(mailing: Mailing) -> list[int]:
    if mailing.audience is not Audience.CLIENTS:
        return []
    ids = select(mailing_clients.c.client_id).where(mailing_clients.c.mailing_id == mailing.id)
    return sorted(db.session.scalars(ids))
