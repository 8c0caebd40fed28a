"""A mailbox that reports come to, read by IMAP (RFC 9051) or POP3 (RFC 1939) over TLS.

Each mail is kept (committed, told apart by its digest) before it is moved or deleted, and nothing is remembered of the
mailbox: a reader that dies between the two, or a second one, loses and doubles nothing.
"""

from __future__ import annotations

import imaplib
import poplib
import re
import ssl
from collections.abc import Callable
from contextlib import closing
from typing import Any

from mailer.bounces.reading import READ_BYTES
from setting_values import Mailbox

BATCH = 200  # mails a time
SECONDS = 60.0  # any one answer
POP3_LINES = 4000  # of a mail too large to be fetched whole
Keep = Callable[[bytes, int], None]


def read(mailbox: Mailbox, keep: Keep) -> int:
    """Keep what lies there, then move or delete it; how many. Errors: OSError and those of `imaplib` and `poplib`
    (`FAULTS`): what was not moved comes again the next time."""
    context = ssl.create_default_context(cafile=mailbox.ca_file)
    return _read_imap(mailbox, context, keep) if mailbox.scheme == "imaps" else _read_pop3(mailbox, context, keep)


poplib._MAXLINE = 16 * 1024 * 1024  # type: ignore[attr-defined]  # its 2,048 octets would stop at one odd mail for ever
FAULTS = (OSError, EOFError, imaplib.IMAP4.error, poplib.error_proto)


def _read_imap(mailbox: Mailbox, context: ssl.SSLContext, keep: Keep) -> int:
    with imaplib.IMAP4_SSL(mailbox.host, mailbox.port, ssl_context=context, timeout=SECONDS) as box:
        box.login(mailbox.user, mailbox.password)
        box.create(_quoted(mailbox.done))  # NO when it is there already
        # Asked anew: many servers show MOVE and UIDPLUS after the login only, and imaplib remembers what it saw before.
        able = b" ".join(_ok(box.capability())).upper().split()
        _ok(box.select(_quoted(mailbox.folder)))
        uids = [uid.decode() for uid in _ok(box.uid("SEARCH", "UNDELETED"))[0].split()[:BATCH]]
        kept = [uid for uid in uids if _keep_one(box, uid, keep)]
        if kept:
            _move(box, ",".join(kept), _quoted(mailbox.done), able)
        return len(kept)


def _move(box: imaplib.IMAP4, uids: str, target: str, able: list[bytes]) -> None:
    if b"MOVE" in able:
        answer = box.uid("MOVE", uids, target)
        if b"EXPUNGEISSUED" not in (answer[1][0] or b""):  # else another reader was quicker
            _ok(answer)
        return
    _ok(box.uid("COPY", uids, target))
    _ok(box.uid("STORE", uids, "+FLAGS.SILENT", r"(\Deleted)"))
    if b"UIDPLUS" in able:  # a bare EXPUNGE would take others' mails along
        _ok(box.uid("EXPUNGE", uids))


def _keep_one(box: imaplib.IMAP4, uid: str, keep: Keep) -> bool:
    """Whether it was still there. Its beginning only: 10 MB never travel."""
    answer: Any = _ok(box.uid("FETCH", uid, f"(RFC822.SIZE BODY.PEEK[]<0.{READ_BYTES}>)"))
    content = next((part for part in answer if isinstance(part, tuple)), None)
    if content is None:
        return False
    told = b" ".join(part for part in (content[0], answer[-1]) if isinstance(part, bytes))
    size = re.search(rb"RFC822\.SIZE (\d+)", told)
    keep(content[1], int(size[1]) if size else len(content[1]))
    return True


def _read_pop3(mailbox: Mailbox, context: ssl.SSLContext, keep: Keep) -> int:
    """There are no folders: a mail is deleted once it is kept, and the deletions count when QUIT is answered."""
    with closing(poplib.POP3_SSL(mailbox.host, mailbox.port, context=context, timeout=SECONDS)) as box:
        box.user(mailbox.user)
        box.pass_(mailbox.password)
        listed = [line.split() for line in box.list()[1]][:BATCH]
        for number, size in ((int(row[0]), int(row[1])) for row in listed):
            lines = box.top(number, POP3_LINES)[1] if size > READ_BYTES else box.retr(number)[1]
            keep((b"\r\n".join(lines) + b"\r\n")[:READ_BYTES], size)
            box.dele(number)
        box.quit()
        return len(listed)


def _quoted(name: str) -> str:
    return f'"{name}"'


def _ok(answer: tuple[str, Any]) -> Any:
    if answer[0] != "OK":
        raise imaplib.IMAP4.error(str(answer[1]))
    return answer[1]
