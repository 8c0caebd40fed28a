"""Mails that come back, written from the standards: RFC 3464, 3834, 5965, 6533, and habits of mail servers."""

from __future__ import annotations

from base64 import b64encode

TEXT = ("Content-Type: text/plain", "", "See below.")
STATUS = "Content-Type: message/delivery-status"


def mail(*lines: str) -> bytes:
    """Lines as a mail."""
    return "\r\n".join(lines).encode()


def report(to: str, kind: str, *parts: tuple[str, ...]) -> bytes:
    """A `multipart/report` to this address."""
    head = (
        "Return-Path: <>",
        "From: Mail Delivery System <MAILER-DAEMON@far.example>",
        f"To: {to}",
        "Subject: Undelivered Mail Returned to Sender",
        "Auto-Submitted: auto-replied",  # as Postfix has it
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type={kind}; boundary="b"',
        "",
    )
    inner = [line for part in parts for line in ("--b", *part)]
    return mail(*head, *inner, "--b--", "")


def dsn(to: str, *recipient: str, returned: tuple[str, ...] = ()) -> bytes:
    """A delivery status notification with one block for a recipient."""
    fields = (STATUS, "", "Reporting-MTA: dns; mx.example.org", "", *recipient)
    back = (("Content-Type: text/rfc822-headers", "", *returned, ""),) if returned else ()
    return report(to, "delivery-status", TEXT, fields, *back)


def failed(
    status: str = "5.1.1", said: str = "550 5.1.1 <a@far.example>: no such user", action: str = "failed"
) -> tuple[str, ...]:
    """The block of RFC 3464 for a@far.example."""
    return (
        "Original-Recipient: rfc822;a@far.example",
        "Final-Recipient: rfc822; forwarded@further.example",
        f"Action: {action}",
        f"Status: {status}",
        "Remote-MTA: dns; mx.far.example",
        f"Diagnostic-Code: smtp; {said}",
    )


def complaint(to: str, *fields: str, kind: str = "abuse", returned: tuple[str, ...] = ()) -> bytes:
    """A feedback report of RFC 5965."""
    feedback = (
        "Content-Type: message/feedback-report",
        "",
        f"Feedback-Type: {kind}",
        "User-Agent: Far/1.0",
        "Version: 1",
        *fields,
    )
    back = (("Content-Type: text/rfc822-headers", "", *returned, ""),) if returned else ()
    return report(to, "feedback-report", TEXT, feedback, *back)


def encoded_dsn(to: str) -> bytes:
    """A status part in base64, which parsers leave as text."""
    block = "Reporting-MTA: dns; m\r\n\r\nFinal-Recipient: rfc822; a@far.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    part = (STATUS, "Content-Transfer-Encoding: base64", "", b64encode(block.encode()).decode())
    return report(to, "delivery-status", TEXT, part)


def global_dsn(to: str) -> bytes:
    """RFC 6533: an address in UTF-8."""
    part = ("Content-Type: message/global-delivery-status", "", "Reporting-MTA: dns; m", "",
            "Final-Recipient: utf-8; иван@почта.рф", "Action: failed", "Status: 5.1.1")  # fmt: skip
    return report(to, "delivery-status", TEXT, part)


def two_recipients(to: str) -> bytes:
    """One delayed, one failed: what is final counts."""
    rows = ("Final-Recipient: rfc822; b@far.example", "Action: delayed", "Status: 4.4.1", "")
    return dsn(to, *rows, *failed())


def auto_reply(to: str, *headers: str, subject: str = "Away") -> bytes:
    """Somebody's program, not somebody."""
    return mail("From: Bob <a@far.example>", f"To: {to}", *headers, f"Subject: {subject}", "", "I am away.")


def reply(to: str, words: str = "Thank you!") -> bytes:
    """A person's answer."""
    head = ("Return-Path: <a@far.example>", "From: Bob <a@far.example>", f"To: {to}", "In-Reply-To: <1@example.org>")
    return mail(*head, "Subject: Re: News", "", words)


def in_words(to: str) -> bytes:
    """qmail's manner: free text, and the mail below it."""
    return mail(
        "Return-Path: <>", "From: MAILER-DAEMON@far.example", f"To: {to}", "Subject: failure notice", "",
        "Hi. This is the qmail-send program at far.example.",
        "I'm afraid I wasn't able to deliver your message to the following addresses.",
        "This is a permanent error; I've given up. Sorry it didn't work out.", "",
        "<a@far.example>:", "Sorry, no mailbox here by that name. (#5.1.1)", "",
        "--- Below this line is a copy of the message.", "", f"Return-Path: <{to}>", "Subject: News", "", "Hello",
    )  # fmt: skip
