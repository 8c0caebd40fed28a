"""What is thrown away once an hour, because nobody will ask for it again."""

from __future__ import annotations

from datetime import datetime

import structlog

from mailer.account_mail import outbox
from mailer.accounts import drafts, former_links, known_devices, sessions
from mailer.accounts.erasing import forget_old_unconfirmed
from mailer.auth import tokens
from mailer.blog.upkeep import forget_old_articles
from mailer.clients.importing.stalled import discard_abandoned
from mailer.media.services import forget_unused as forget_unused_pictures
from mailer.returns import upkeep as unread_mails
from mailer.sending import attachments, mx_looks, own_domains
from mailer.signup.upkeep import forget_expired, tell_owners
from mailer.tracking import upkeep as reactions

log = structlog.get_logger()


def throw_away(now: datetime) -> None:
    """All of it; and owners of forms hear of new people. Commits."""
    counts = outbox.forget_old(now), tokens.forget_old(now), discard_abandoned(now)
    sessions.forget_old(now)
    known_devices.forget_old(now)
    drafts.forget_old(now)
    former_links.forget_old(now)
    unread_mails.forget_old(now)
    reactions.forget_old(now)
    forget_old_unconfirmed(now)
    forget_unused_pictures(now)
    own_domains.forget_old_keys(now)
    attachments.forget_unused(now)
    mx_looks.forget_old(now)
    forget_expired(now)
    tell_owners(now)
    articles = forget_old_articles(now)
    log.info("swept", account_emails=counts[0], account_tokens=counts[1], uploads=counts[2], articles=articles)
