"""A mail server that misbehaves on request and never forgets what it has accepted."""

from mailer.smtp.lab.ledger import Accepted
from mailer.smtp.lab.offer import Offer
from mailer.smtp.lab.rules import Rule
from mailer.smtp.lab.server import Lab

__all__ = ["Accepted", "Lab", "Offer", "Rule"]
