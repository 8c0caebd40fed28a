"""What an approval is tied to: the message with the values behind it, who sends it, who gets it, and when."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from mailer.composing.email import Content
from mailer.extensions import db
from mailer.models.mailing import Audience, Mailing, mailing_clients
from mailer.models.run import Run
from mailer.sending.contents import as_copy, content_of_copy
from mailer.sending.mail_headers import about_sender
from mailer.sending.runs import audience, bound_values
from mailer.sending.senders import sender_of
from mailer.sending.tracking import asked_for


def fingerprint(mailing: Mailing, run: Run | None = None, ask: bound_values.Scalar | None = None) -> str:
    """SHA-256 over everything a manager looks at before saying yes: any change of it makes another one.

    With `run` the text and the sender are the run's own copy, whatever has become of the message since. How many people
    there are is no part of it: the approval's number is a ceiling (`limits.is_approved`). `ask` reads the values.
    """
    about = run.snapshot if run is not None else about_now(mailing)
    content = content_of_copy(about)
    parts = [
        *(about[name] for name in ("subject", "text", "html", "from_name", "reply_to", "language")),
        mailing.audience.value,
        sorted(mailing.tags),
        audience.trees_of(mailing) or None,
        _chosen_ids(mailing),
        repr(replace(mailing.rule, skipped_count=0)),  # what has passed is no decision of the owner's
        bound_values.digest(mailing, content, ask),
        *([about["renderer"]] if "renderer" in about else []),
        *([[about["tracking"]["clicks"], about["tracking"]["opens"]]] if "tracking" in about else []),
        *([about["conditions"]] if "conditions" in about else []),
        *([about["from_email"]] if "from_email" in about else []),
        *([about["files"]] if "files" in about else []),
        *([about["inline"]] if "inline" in about else []),
        *(["in waves"] if mailing.in_waves else []),
    ]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, sort_keys=True, default=str).encode()).hexdigest()


def content_of(run: Run) -> Content:
    """The text of a run: its own copy."""
    return content_of_copy(run.snapshot)


def about_now(mailing: Mailing) -> dict[str, Any]:
    """What a run would send if it were made now."""
    message = mailing.message
    return {
        **as_copy(message),
        **about_sender(sender_of(mailing.owner, mailing), message.language),
        **asked_for(mailing),
    }


def _chosen_ids(mailing: Mailing) -> list[int]:
    if mailing.audience is not Audience.CLIENTS:
        return []
    ids = select(mailing_clients.c.client_id).where(mailing_clients.c.mailing_id == mailing.id)
    return sorted(db.session.scalars(ids))
