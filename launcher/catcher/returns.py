"""Mail that comes back, for whoever tries the service at home: real reports, to the envelope sender, by SMTP.

`bounce-hard@…` has no mailbox, `bounce-soft@…` a full one (a delay is said first, then the failure), `complain@…` calls
everything spam, `autoreply@…` is away, whatever the domain. A mail with the null sender is never answered (RFC 5321,
section 4.5.5): nothing goes in circles.
"""

from __future__ import annotations

import smtplib
import sys
from email.utils import formatdate, make_msgid
from queue import Full, Queue
from secrets import token_hex
from threading import Thread
from time import sleep

WAITING = 1_000  # more are dropped: it is a toy
TRIES, PAUSE_SECONDS = 5, 1.0
DAEMON = "MAILER-DAEMON@catcher.localhost"
SAID = {
    "bounce-hard": ("5.1.1", "550 5.1.1 No such mailbox here"),
    "bounce-soft": ("4.2.2", "452 4.2.2 The mailbox is full"),
}
ACTIONS = {"bounce-hard": ("failed",), "bounce-soft": ("delayed", "failed")}  # of RFC 3464, one report each
WORDS = {"failed": "Your email could not be delivered.", "delayed": "Your email is not delivered yet."}
NAMES = {*SAID, "complain", "autoreply"}


class Returns:
    """Sends reports in a thread of its own, so that nobody who hands mail over waits for them."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._waiting: Queue[tuple[str, bytes] | None] = Queue(WAITING)
        self._thread = Thread(target=self._work, daemon=True)
        self._thread.start()

    def answer(self, sender: bytes, recipients: list[bytes], content: bytes) -> None:
        """Queue what these recipients send back."""
        if not sender:
            return
        for recipient in recipients:
            name = recipient.partition(b"@")[0].decode("ascii", "replace").lower()
            if name in NAMES:
                to, address = sender.decode("utf-8", "replace"), recipient.decode("utf-8", "replace")
                for report in reports_of(name, to, address, content):
                    self._put((to, report))

    def end(self) -> None:
        """Send no more."""
        self._put(None)
        self._thread.join(2)

    def _put(self, item: tuple[str, bytes] | None) -> None:
        try:
            self._waiting.put_nowait(item)
        except Full:
            print("a report was dropped: too many wait", file=sys.stderr)

    def _work(self) -> None:
        while (item := self._waiting.get()) is not None:
            for _try in range(TRIES):
                try:
                    with smtplib.SMTP("127.0.0.1", self._port, timeout=30) as server:
                        server.sendmail("", [item[0]], item[1])
                    break
                except (OSError, smtplib.SMTPException) as error:
                    print(f"a report was not taken: {error!r}", file=sys.stderr)
                    sleep(PAUSE_SECONDS)


def reports_of(name: str, to: str, recipient: str, content: bytes) -> list[bytes]:
    """What this recipient sends back, in order: RFC 3464, RFC 5965 or RFC 3834."""
    head = content.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").splitlines()
    if name == "autoreply":
        return [_auto_reply(to, recipient, head)]
    if name == "complain":
        fields = ["Feedback-Type: abuse", "User-Agent: golub-catcher/1", "Version: 1", f"Original-Mail-From: <{to}>"]
        fields.append(f"Original-Rcpt-To: <{recipient}>")
        return [_report(to, "feedback-report", "This email was called spam.", fields, head)]
    return [_status(action, name, to, recipient, head) for action in ACTIONS[name]]


def _status(action: str, name: str, to: str, recipient: str, head: list[str]) -> bytes:
    status, said = SAID[name]
    fields = ["Reporting-MTA: dns; catcher.localhost", "", f"Original-Recipient: rfc822;{recipient}"]
    fields += [f"Final-Recipient: rfc822; {recipient}", f"Action: {action}", f"Status: {status}"]
    fields += ["Remote-MTA: dns; catcher.localhost", f"Diagnostic-Code: smtp; {said}"]
    return _report(to, "delivery-status", WORDS[action], fields, head)


def _report(to: str, kind: str, words: str, fields: list[str], head: list[str]) -> bytes:
    """Written by hand: the library's message/… parts are lists of messages and cannot be filled with text."""
    edge = token_hex(12)
    top = [f"From: Mail Delivery System <{DAEMON}>", f"To: {to}", f"Subject: {words}", "Auto-Submitted: auto-replied"]
    top += [f"Date: {formatdate()}", f"Message-ID: {make_msgid(domain='catcher.localhost')}", "MIME-Version: 1.0"]
    top.append(f'Content-Type: multipart/report; report-type={kind}; boundary="{edge}"')
    parts = [("text/plain", [words]), (f"message/{kind}", fields)]
    parts.append(("text/rfc822-headers", [f"Return-Path: <{to}>", *head]))
    body = [line for of, lines in parts for line in (f"--{edge}", f"Content-Type: {of}", "", *lines, "")]
    return "\r\n".join([*top, "", *body, f"--{edge}--", ""]).encode()


def _auto_reply(to: str, recipient: str, head: list[str]) -> bytes:
    answered = [f"In-Reply-To:{line.partition(':')[2]}" for line in head if line.lower().startswith("message-id:")]
    top = [f"From: {recipient}", f"To: {to}", "Subject: Automatic reply", "Auto-Submitted: auto-replied (vacation)"]
    top += [f"Date: {formatdate()}", f"Message-ID: {make_msgid(domain='catcher.localhost')}", *answered]
    return "\r\n".join([*top, "", "I am away until Monday.", ""]).encode()
