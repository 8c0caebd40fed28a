"""What the server can do (EHLO), and the envelope commands that fit it."""

import re
from dataclasses import dataclass, replace

from mailer.smtp.replies import Reply
from mailer.smtp.source import Email

# The last guard against command injection (`a@b>\r\nRCPT TO:<x@y`): addresses were validated long before.
_ADDRESS = re.compile(r"[^\x00-\x20\x7f-\xa0<>]+@[^\x00-\x20\x7f-\xa0<>@]+")
NEEDS_SMTPUTF8 = "5.6.7"  # RFC 6531, section 3.4
_OFFERS_AUTH = re.compile(r"AUTH(=.*)?").fullmatch


@dataclass(frozen=True, slots=True)
class Features:
    """The service extensions a server has offered."""

    pipelining: bool = False
    eight_bit: bool = False
    smtputf8: bool = False
    starttls: bool = False
    takes_size: bool = False
    size_limit: int = 0  # bytes; 0: none named
    dsn: bool = False
    auth: frozenset[str] = frozenset()

    @classmethod
    def of(cls, reply: Reply) -> "Features":
        """Read the answer to EHLO; the first line is a greeting, unknown words are passed over."""
        words = [line.decode("ascii", "replace").upper().split() for line in reply.lines[1:]]
        offered = {word[0]: word[1:] for word in words if word}
        # Several lines of AUTH add up, and so does its form before RFC 4954, "AUTH=LOGIN PLAIN".
        mechanisms = [name.removeprefix("AUTH=") for word in words if word and _OFFERS_AUTH(word[0]) for name in word]
        size = offered.get("SIZE", [])
        return cls(
            pipelining="PIPELINING" in offered,
            eight_bit="8BITMIME" in offered,
            smtputf8="SMTPUTF8" in offered,
            starttls="STARTTLS" in offered,
            takes_size="SIZE" in offered,
            size_limit=int(size[0]) if size and size[0].isdecimal() and len(size[0]) < 20 else 0,
            dsn="DSN" in offered,
            auth=frozenset(mechanisms) - {"AUTH", ""},
        )

    def without_pipelining(self) -> "Features":
        """Return the same server as one that has to be asked step by step."""
        return replace(self, pipelining=False)


class Unsendable(Exception):
    """This email cannot be offered to this server at all; `enhanced` and `text` say why."""

    def __init__(self, enhanced: str, text: str) -> None:
        super().__init__(text)
        self.enhanced = enhanced
        self.text = text


def mail_command(sender: str, email: Email, features: Features) -> bytes:
    """Return MAIL FROM with the parameters this email needs; Unsendable when the server lacks one.

    `sender` is for emails that have none of their own.
    """
    if not _ADDRESS.fullmatch(email.recipient):
        raise Unsendable("5.1.3", "the recipient is not an address")
    sender = sender if email.sender is None else email.sender
    parameters = b""
    if features.takes_size:
        size = len(email.content)
        if 0 < features.size_limit < size:
            raise Unsendable("5.3.4", f"{size} bytes, the server takes {features.size_limit}")
        parameters = b" SIZE=%d" % size
    if features.eight_bit and not email.content.isascii():
        parameters += b" BODY=8BITMIME"
    if not (email.recipient.isascii() and sender.isascii()):
        if not features.smtputf8:
            raise Unsendable(NEEDS_SMTPUTF8, "the server takes no addresses outside ASCII (SMTPUTF8)")
        parameters += b" SMTPUTF8"
    if features.dsn and email.envelope_id is not None:
        parameters += b" RET=HDRS ENVID=%b" % email.envelope_id.encode("ascii")
    return b"MAIL FROM:<%b>%b\r\n" % (sender.encode(), parameters)


def rcpt_command(email: Email, features: Features) -> bytes:
    """Return RCPT TO; `mail_command` has looked at the address before."""
    recipient = email.recipient.encode()
    if not features.dsn or email.envelope_id is None:
        return b"RCPT TO:<%b>\r\n" % recipient
    # Addresses outside ASCII would need `utf-8;` (RFC 6533): those are named by the final recipient alone.
    named = b" ORCPT=rfc822;%b" % _xtext(recipient) if recipient.isascii() else b""
    return b"RCPT TO:<%b> NOTIFY=FAILURE,DELAY%b\r\n" % (recipient, named)


def _xtext(text: bytes) -> bytes:
    """RFC 3461, section 4; an address has nothing else that would have to be written so."""
    return text.replace(b"+", b"+2B").replace(b"=", b"+3D")


def is_address(text: str) -> bool:
    """Tell whether the text can stand between the angle brackets of MAIL and RCPT."""
    return _ADDRESS.fullmatch(text) is not None
