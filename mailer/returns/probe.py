"""A probe through the whole way: an email leaves by a mail server, and comes back by whichever door there is.

It carries a token of a run that never is. What is known of it stands in Redis: it is about the settings, and nobody's.
"""

from __future__ import annotations

import smtplib
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from secrets import randbelow, token_hex

import structlog
from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer, Resolver
from flask import current_app
from flask_babel import gettext as _
from redis import RedisError

from mailer import queue
from mailer.account_mail.smtp import Composed, hand_over
from mailer.bounces.providers.known import PROVIDERS
from mailer.composing.dkim import signed
from mailer.errors import Refusal
from mailer.models.mail_report import Door
from mailer.queue import READ_MAILBOX, SEND_PROBE
from mailer.sending import instance_guard, return_path
from mailer.sending.servers import dkim_keys, mail_routes
from mailer.smtp.transport import Transport

log = structlog.get_logger()

RUN = 2**30 - 1  # the last that a token can name
NUMBERS = 2**25
KEY, LAST = "returns:probe:", "returns:probe-last"
KEPT_SECONDS = 7 * 86_400
PATIENCE_SECONDS = 600.0  # a relay that puts strangers off for a while takes minutes
SIMULATORS = {"ses": "bounce@simulator.amazonses.com"}  # they bounce without harm to anybody's name
ASK_MAILBOX_SECONDS = 5
DNS_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Probe:
    """What is known of it; times in seconds since 1970."""

    number: int
    started_at: float
    server: str
    to: str = ""
    handed_at: float | None = None
    fault: str = ""  # who refused: connection, login, sender, recipient, content
    said: str = ""
    mail_hosts: str = ""  # of the domain; `-`: it has none; empty: not asked, or no answer
    back_at: float | None = None
    door: str = ""

    @property
    def started(self) -> datetime:
        """The same as a moment."""
        return datetime.fromtimestamp(self.started_at, UTC)

    @property
    def seconds(self) -> float:
        """How long it took, or has taken by now."""
        return max(0.0, (self.back_at or time.time()) - self.started_at)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is waited for."""
        return bool(self.fault) or self.back_at is not None or self.seconds > PATIENCE_SECONDS


def servers() -> list[str]:
    """The mail servers that a probe can leave by, the preferred one first."""
    return [route.transport.name for route in mail_routes.configured()]


def start(server: str) -> None:
    """Send one, by a worker. Errors: Refusal where nothing comes back, sending is held, or the queue is away."""
    if return_path.configured() is None:
        raise Refusal(_("BOUNCE_ADDRESS is not set: mail does not come back here."))
    if server not in servers():
        raise Refusal(_("There is no such mail server."))
    if instance_guard.sending_is_blocked():
        raise Refusal(_("Sending is held back: confirm first that this is the only working instance."))
    number = randbelow(NUMBERS)
    try:
        redis = queue.connection()
        redis.hset(f"{KEY}{number}", mapping={"started_at": time.time(), "server": server})
        redis.expire(f"{KEY}{number}", KEPT_SECONDS)
        redis.set(LAST, number, ex=KEPT_SECONDS)
    except (RedisError, OSError) as error:
        raise Refusal(_("The queue is unavailable: try again in a minute.")) from error
    queue.enqueue(SEND_PROBE, number)


def last() -> Probe | None:
    """The one that was sent last."""
    try:
        number = queue.connection().get(LAST)
        return _read(int(number)) if number else None
    except (RedisError, OSError, ValueError, TypeError):
        return None


def _read(number: int) -> Probe | None:
    found = {key.decode(): value.decode() for key, value in queue.connection().hgetall(f"{KEY}{number}").items()}  # type: ignore[union-attr]
    if "started_at" not in found:
        return None
    times = {name: float(found.pop(name)) for name in ("started_at", "handed_at", "back_at") if name in found}
    return Probe(number, server=found.pop("server"), **times, **found)  # type: ignore[arg-type]


def ask_mailbox() -> None:
    """Have the mailbox read without waiting for its minute."""
    with suppress(RedisError, OSError):
        if current_app.config["BOUNCE_MAILBOX"] and queue.connection().set(
            f"{KEY}asked", 1, ex=ASK_MAILBOX_SECONDS, nx=True
        ):
            queue.enqueue_missing(READ_MAILBOX, [0])


def note_return(number: int, door: Door) -> None:
    """It has come back by this door."""
    with suppress(RedisError, OSError):
        key = f"{KEY}{number}"
        if queue.connection().exists(key) and queue.connection().hsetnx(key, "back_at", str(time.time())):
            queue.connection().hset(key, "door", door.value)
    log.info("probe came back", door=door.value)


def send(number: int) -> None:
    """Hand it over to its mail server, and note what that says."""
    probe, path = _read(number), return_path.configured()
    routes = {route.transport.name: route.transport for route in mail_routes.configured()}
    if probe is None or path is None or probe.handed_at is not None or probe.server not in routes:
        return
    transport, redis, key = routes[probe.server], queue.connection(), f"{KEY}{number}"
    token = path.tokens_of(RUN)(number)
    sender = path.address.replace("*", token) if path.address and not transport.provider else transport.sender
    to, needs_domain = _recipient(transport, sender)
    redis.hset(key, "to", to)
    fault, said = _hand_over(_email(transport, token, to), sender, to, transport)
    if fault:
        redis.hset(key, mapping={"fault": fault, "said": said[:300]})
        return
    redis.hset(key, "handed_at", str(time.time()))
    if needs_domain:
        redis.hset(key, "mail_hosts", mail_hosts(path.domain))


def _recipient(transport: Transport, sender: str) -> tuple[str, bool]:
    """To whom, and whether that is found by the MX of our own domain."""
    own = current_app.config["MAILINGS_FROM"].rpartition("@")[2]
    if transport.name in {route.transport.name for route in mail_routes.read_catcher(current_app.config)}:
        return f"bounce-hard@{own}", False
    if transport.provider:  # reports of what it could not deliver are all that a provider tells
        return SIMULATORS.get(transport.provider, f"no-such-mailbox-{token_hex(4)}@{own}"), False
    return sender, True


def _email(transport: Transport, token: str, to: str) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = current_app.config["MAILINGS_FROM"], to, "Golub: probe"
    mail["Date"], mail["Auto-Submitted"] = formatdate(), "auto-generated"
    mail["Message-ID"] = make_msgid(domain=transport.helo)
    mail.set_content("This email tests whether what cannot be delivered comes back. Nobody has to do anything.")
    content = signed(mail.as_bytes(), dkim_keys.configured())
    if transport.provider:
        content = f"{PROVIDERS[transport.provider].header(token)}\r\n".encode("ascii") + content
    return content


def _hand_over(content: bytes, sender: str, to: str, transport: Transport) -> tuple[str, str]:
    """Who refused it, and with which words; empty when it was taken."""
    try:
        hand_over(Composed(content, sender, to), transport)
    except smtplib.SMTPAuthenticationError as error:
        return "login", _words(error)
    except smtplib.SMTPSenderRefused as error:
        return "sender", _words(error)
    except smtplib.SMTPRecipientsRefused as error:
        return "recipient", "; ".join(f"{code} {_text(said)}" for code, said in error.recipients.values())
    except smtplib.SMTPDataError as error:
        return "content", _words(error)
    except (smtplib.SMTPException, OSError) as error:
        return "connection", str(error) or type(error).__name__
    return "", ""


def _words(error: smtplib.SMTPResponseException) -> str:
    return f"{error.smtp_code} {_text(error.smtp_error)}"


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said


def mail_hosts(domain: str) -> str:
    """Who takes the mail of a domain; `-` when nobody does, empty when DNS does not say."""
    resolver = Resolver()
    resolver.lifetime = DNS_SECONDS
    try:
        return ", ".join(sorted(str(row.exchange).rstrip(".") for row in resolver.resolve(domain, "MX"))) or "-"
    except (NXDOMAIN, NoAnswer):
        return "-"
    except (DNSException, OSError):
        return ""
