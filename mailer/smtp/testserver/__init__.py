"""A mail server that misbehaves on request and never forgets what it has accepted."""

from mailer.smtp.testserver.ledger import Accepted
from mailer.smtp.testserver.offer import Offer
from mailer.smtp.testserver.rules import ReplyRule
from mailer.smtp.testserver.server import Lab

__all__ = ["Accepted", "Lab", "Offer", "ReplyRule"]
